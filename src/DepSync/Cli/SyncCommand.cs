using System.CommandLine;

namespace DepSync.Cli;

/// <summary><c>sync</c>: makes every worker equal to the manager; with <c>-n</c> it only tells.</summary>
internal static class SyncCommand
{
    public static VerbHelp Help { get; } = new(
        "sync",
        "makes every worker equal to the manager",
        "depsync sync [OPTIONS]",
        "Sends what differs, removes what the manager has not, and puts right what was changed on a worker. Each worker goes its own way: one that fails or is slow holds nobody. "
            + "Off a terminal a run that changed nothing prints nothing, so this is the line for cron.")
    {
        Groups = CommonOptions.Groups,
        Codes = [.. ExitCodes.Meanings.Select(m => m.Code)],
        Examples =
        [
            ("depsync sync", "push to all workers"),
            ("depsync sync -n", "show what a push would change"),
            ("depsync sync --only canary", "push to the workers of the group canary"),
            ("depsync sync --json --detailed-exitcode", "for a configuration system: objects on stdout, 2 when something changed"),
            ("* * * * * /usr/local/bin/depsync sync --config /etc/depsync/depsync.yaml", "the cron line"),
        ],
    };

    public static Command Create(CommandHost host)
    {
        var command = new Command(Help.Name, Help.Summary);
        var options = new CommonOptions(command);
        command.SetAction((parsed, _) => host.RunAsync(options.Values(parsed), session => new SyncRun(session).RunAsync(session.Config)));
        return command;
    }
}
