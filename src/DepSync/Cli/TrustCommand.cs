using System.CommandLine;
using DepSync.Workers;

namespace DepSync.Cli;

/// <summary><c>trust</c>: shows host keys and records them after a yes.</summary>
internal static class TrustCommand
{
    private static readonly OptionHelp YesHelp = new("yes", null, null, "do not ask (needed off a terminal)");
    private static readonly OptionHelp FingerprintHelp = new("fingerprint", null, "SHA256:...", "record only this key, without a question (repeatable)");
    private static readonly OptionHelp ReplaceHelp = new("replace", null, null, "replace a key that was changed (one that is marked as revoked is never recorded)");

    public static VerbHelp Help { get; } = new(
        "trust",
        "shows the workers' host keys and records them after a yes",
        "depsync trust [WORKER...] [OPTIONS]",
        "Fetches the host keys of all workers (or of those that are named), shows their fingerprints and records them in known_hosts after a yes. A key that was changed "
            + "is not replaced without --replace, and one that is marked as revoked is never recorded. Compare the fingerprints with those that ssh-keygen -lf shows on the worker itself.")
    {
        Groups = [new OptionGroup("Trust", [YesHelp, FingerprintHelp, ReplaceHelp]), CommonOptions.Places, CommonOptions.Connection, CommonOptions.Choice, CommonOptions.Output],
        Codes = [.. ExitCodes.OfLooking, ExitCodes.LocalFiles],
        Examples =
        [
            ("depsync trust", "show the keys of all workers that are not known yet, ask, record"),
            ("depsync trust node-3 --fingerprint SHA256:...", "record this key alone, without a question"),
            ("depsync trust node-3 --replace", "the worker was installed anew: show both keys, ask, replace"),
        ],
    };

    public static Command Create(CommandHost host)
    {
        var command = new Command(Help.Name, Help.Summary);
        var workers = new Argument<string[]>("WORKER") { Arity = ArgumentArity.ZeroOrMore };
        var yes = CommonOptions.SwitchOption(YesHelp);
        var replace = CommonOptions.SwitchOption(ReplaceHelp);
        var fingerprints = CommonOptions.ValueOption(FingerprintHelp);
        command.Add(workers);
        command.Add(yes);
        command.Add(replace);
        command.Add(fingerprints);
        var options = new CommonOptions(command);
        command.SetAction((parsed, _) => host.RunAsync(
            options.Values(parsed).AlsoOnly(parsed.GetValue(workers) ?? []) with { ManagerDirNeeded = false },
            session => new TrustRun(session, new TrustRequest(
                parsed.GetValue(yes) ? Consent.Given : Consent.Asked,
                parsed.GetValue(replace) ? KeyReplacement.Allowed : KeyReplacement.Forbidden,
                parsed.GetValue(fingerprints) ?? [])).RunAsync()));
        return command;
    }
}
