using System.CommandLine;
using DepSync.Config;
using DepSync.Model;
using DepSync.Release;
using DepSync.Reporting;

namespace DepSync.Cli;

/// <summary><c>adopt</c>: brings the manager directory up to what a worker holds; the step before <c>takeover</c>.</summary>
internal static class AdoptCommand
{
    private static readonly OptionHelp FromHelp = new("from", null, "NAME", "the worker whose files are adopted");
    private static readonly OptionHelp DeleteHelp = new("delete", null, null, "remove what the worker does not have");

    public static VerbHelp Help { get; } = new(
        "adopt",
        "brings the manager directory up to what a worker holds",
        "depsync adopt --from NAME [OPTIONS]",
        "For a new manager whose files are older than those of the workers. Reads one worker, stages what differs in .depsync/ of the manager directory and puts it in place with one "
            + "rename each. Removes nothing without --delete; what it replaces is kept in .depsync/generations/. The worker is not changed and keeps its owner: takeover comes next.")
    {
        Groups = [new OptionGroup("Adoption", [FromHelp, DeleteHelp]), .. CommonOptions.Groups],
        Codes = [.. ExitCodes.Meanings.Select(m => m.Code).Where(code => code is not (ExitCodes.MaxTime or ExitCodes.Fenced))],
        Examples =
        [
            ("depsync adopt --from node-1 -n", "show what would change in the manager directory"),
            ("depsync adopt --from node-1", "add and replace; remove nothing"),
            ("depsync adopt --from node-1 --delete", "make the manager directory equal to the worker"),
        ],
    };

    public static Command Create(CommandHost host)
    {
        var command = new Command(Help.Name, Help.Summary);
        var from = CommonOptions.ValueOption(FromHelp);
        var delete = CommonOptions.SwitchOption(DeleteHelp);
        command.Add(from);
        command.Add(delete);
        var options = new CommonOptions(command);
        command.SetAction((parsed, _) => host.RunAsync(
            options.Values(parsed),
            session => RunAsync(session, parsed.GetValue(from)?.LastOrDefault(), parsed.GetValue(delete) ? Extras.Remove : Extras.Keep)));
        return command;
    }

    private static async Task<int> RunAsync(CommandSession session, string? from, Extras extras)
    {
        var worker = Find(session.Config, from);
        OwnerRecord? owner = null;
        var config = session.Config with { Workers = [worker] };
        var run = new SyncRun(session)
        {
            Work = async (settings, context, stop) =>
            {
                var adoption = new Adoption(new AdoptionRequest(settings, worker, extras), context);
                var report = await adoption.RunAsync(stop);
                owner = adoption.OtherOwner;
                return report;
            },
        };
        var code = await run.RunAsync(config);
        if (!config.DryRun && code is ExitCodes.Success or ExitCodes.Differences && session.Output is { Format: OutputFormat.Human, Verbosity: not Verbosity.Quiet })
        {
            session.Screen.Print(Next(worker, owner));
        }
        return code;
    }

    /// <summary>What comes after an adoption that went well. Pure.</summary>
    internal static string Next(WorkerAddress worker, OwnerRecord? owner) => owner is null
        ? "next: depsync sync pushes from here"
        : $"next: depsync takeover ({DisplayText.Escape(worker.Name)} still belongs to {DisplayText.Escape($"{owner.User}@{owner.Host}:{owner.ManagerDir}")})";

    private static WorkerAddress Find(RunConfig config, string? name)
    {
        if (name is null)
        {
            throw new DepSyncException(ErrorKind.Usage, "--from NAME is missing: the worker whose files are to be adopted", $"one of {string.Join(", ", config.Workers.Select(w => w.Name))}");
        }
        return config.Workers.FirstOrDefault(w => w.Name == name)
            ?? throw new DepSyncException(ErrorKind.Usage, $"--from {name}: no worker has this name{WorkerSelection.Hint(name, config.Workers)}");
    }
}
