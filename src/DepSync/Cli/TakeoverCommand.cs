using System.CommandLine;

namespace DepSync.Cli;

/// <summary><c>takeover</c>: shows what would change, asks, and makes this manager the owner of the workers.</summary>
internal static class TakeoverCommand
{
    private static readonly OptionHelp YesHelp = new("yes", null, null, "do not ask (needed off a terminal)");

    public static VerbHelp Help { get; } = new(
        "takeover",
        "makes this manager the owner of the workers",
        "depsync takeover [OPTIONS]",
        "For a worker that refuses with exit code 41, because another manager pushed to it last. First shows what would change, as sync -n does; after a yes it owns the workers and "
            + "pushes. The manager that owned them stops pushing anywhere until its own takeover. Bring this manager's files up to date first: the workers become equal to them.")
    {
        Groups = [new OptionGroup("Takeover", [YesHelp]), .. CommonOptions.Groups],
        Codes = [.. ExitCodes.Meanings.Select(m => m.Code)],
        Examples =
        [
            ("depsync takeover -n", "show what would change, and stop"),
            ("depsync takeover", "show it, ask, take over and push"),
            ("depsync takeover --yes --only node-3", "one worker, without a question"),
        ],
    };

    public static Command Create(CommandHost host)
    {
        var command = new Command(Help.Name, Help.Summary);
        var yes = CommonOptions.SwitchOption(YesHelp);
        command.Add(yes);
        var options = new CommonOptions(command);
        command.SetAction((parsed, _) => host.RunAsync(
            options.Values(parsed),
            session => RunAsync(session, parsed.GetValue(yes) ? Consent.Given : Consent.Asked)));
        return command;
    }

    private static async Task<int> RunAsync(CommandSession session, Consent consent)
    {
        var config = session.Config with { Takeover = true };
        session.RequireConsent(consent, config.DryRun);
        var preview = await new SyncRun(session).RunAsync(config with { DryRun = true });
        // Workers that are away are taken over when they are back; with these there is nothing to agree to.
        if (config.DryRun || preview is ExitCodes.Usage or ExitCodes.Source or ExitCodes.LocalFiles or ExitCodes.Interrupted or ExitCodes.MaxTime)
        {
            return preview;
        }
        var names = config.Workers.Count == 1 ? config.Workers[0].Name : $"{config.Workers.Count} workers";
        if (consent == Consent.Asked && !await session.Confirmation.AskAsync($"Take over {names}, and make the changes above?", session.Stop))
        {
            session.Screen.PrintError("nothing was changed");
            return ExitCodes.Usage;
        }
        return await new SyncRun(session).RunAsync(config);
    }
}
