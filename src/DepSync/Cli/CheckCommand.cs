using System.CommandLine;
using DepSync.Workers;

namespace DepSync.Cli;

/// <summary><c>check</c>: tells for every worker whether a sync can work.</summary>
internal static class CheckCommand
{
    private static readonly OptionHelp NoProbeHelp = new("no-probe", null, null, "create no file to test writing; say so");

    public static VerbHelp Help { get; } = new(
        "check",
        "tells for every worker whether a sync can work, and what mends it",
        "depsync check [OPTIONS]",
        "Looks at connection, host key, login, target, write access, free space, what the server can do, the clock, whose the worker is, and whether two names are one directory. Leaves nothing "
            + "behind: to test writing, one file is created and removed again.")
    {
        Groups = [new OptionGroup("Check", [NoProbeHelp]), CommonOptions.Places, CommonOptions.Connection, CommonOptions.Choice, CommonOptions.Output],
        Codes = ExitCodes.OfLooking,
        Examples =
        [
            ("depsync check", "look at all workers"),
            ("depsync check --only node-3 --json", "one worker, for a script"),
            ("depsync check --no-probe", "create nothing at all on the workers"),
        ],
    };

    public static Command Create(CommandHost host)
    {
        var command = new Command(Help.Name, Help.Summary);
        var noProbe = CommonOptions.SwitchOption(NoProbeHelp);
        command.Add(noProbe);
        var options = new CommonOptions(command);
        command.SetAction((parsed, _) => host.RunAsync(
            options.Values(parsed),
            session => new CheckRun(session, parsed.GetValue(noProbe) ? CheckProbe.Forbidden : CheckProbe.Allowed).RunAsync()));
        return command;
    }
}
