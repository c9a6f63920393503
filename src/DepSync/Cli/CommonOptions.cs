using System.CommandLine;
using DepSync.Config;

namespace DepSync.Cli;

/// <summary>An option in the help: its one-letter form, what its value is called (null: a switch), and what it does.</summary>
internal sealed record OptionHelp(string Name, string? Letter, string? Value, string Text);

/// <summary>Options that belong together, under a heading of the help.</summary>
internal sealed record OptionGroup(string Heading, IReadOnlyList<OptionHelp> Options);

/// <summary>
/// The options that every verb takes which reaches workers. Their values go on as the text that was typed: <see cref="Setting"/> reads them, as it reads the environment
/// and the file, so that all three know the same words and say the same errors.
/// </summary>
internal sealed class CommonOptions
{
    private readonly Option<string[]> _config = ValueOption(new OptionHelp("config", null, "FILE", ""));
    private readonly IReadOnlyDictionary<string, Option> _options;

    public CommonOptions(Command command)
    {
        _options = Groups.SelectMany(g => g.Options).Where(o => o.Name != "config").ToDictionary(o => o.Name, o => o.Value is null ? (Option)SwitchOption(o) : ValueOption(o));
        command.Add(_config);
        foreach (var option in _options.Values)
        {
            command.Add(option);
        }
    }

    public static OptionGroup Places { get; } = new("Where things are", [
        new("config", null, "FILE", "the settings (default: ./depsync.yaml, then that of the user, then /etc/depsync/depsync.yaml)"),
        new("manager-dir", null, "DIR", "the folder that every worker is made equal to"),
        new("workers", null, "FILE", "the workers list (default: workers-list.txt beside the settings, else in this folder)"),
        new("state-dir", null, "DIR", "where the lock and what is known between runs go"),
        new("log-dir", null, "DIR", "where the log goes"),
    ]);

    public static OptionGroup Connection { get; } = new("SSH", [
        new("identity", "i", "FILE", "the private key"),
        new("known-hosts", null, "FILE", "the known host keys (default: ~/.ssh/known_hosts, and /etc/ssh/ssh_known_hosts)"),
        new("host-key", null, "MODE", "an unknown host key: ask (on a terminal, else strict), strict, accept-new or insecure"),
        new("ssh-client", null, "CLIENT", "builtin, or openssh: the ssh program, for agents, ~/.ssh/config, jump hosts, certificates"),
    ]);

    public static OptionGroup Choice { get; } = new("Which workers and files", [
        new("only", null, "NAME|GROUP|GLOB", "these workers alone (repeatable)"),
        new("exclude", null, "PATTERN", "as in .gitignore: on neither side read, sent or deleted (repeatable; adds to the settings)"),
        new("protect", null, "PATTERN", "sent, never deleted (repeatable; adds to the settings)"),
    ]);

    public static OptionGroup Run { get; } = new("The run", [
        new("dry-run", "n", null, "change nothing, anywhere; show what would be done"),
        new("checksum", "c", null, "compare the workers' bytes, not size and time"),
        new("whole-file", "W", null, "send changed files whole, not what differs"),
        new("parallel", null, "N", "workers at once (default 8)"),
        new("bwlimit", null, "RATE", "at most so much a second over SSH, all workers together: 500K, 1.5M; a plain number is KiB (default 0: no limit)"),
        new("max-time", null, "TIME", "start no new worker after this time, exit 30 (default off)"),
        new("lock-wait", null, "TIME", "wait so long for another run to end (default 0)"),
        new("settle", null, "TIME", "a large file or archive younger than this waits for the next run (default 3s)"),
        new("detailed-exitcode", null, null, "exit 2 instead of 0 when there are differences"),
    ]);

    public static OptionGroup Guards { get; } = new("Guards, and their keys", [
        new("max-delete", null, "N|N%", "refuse when more than this would leave a worker (default 50%)"),
        new("allow-empty", null, "PATH", "this folder may be empty now; '.' is the manager directory (repeatable)"),
        new("first-contact", null, "NAME", "this worker's target may be new (repeatable)"),
    ]);

    public static OptionGroup Output { get; } = new("Output", [
        new("json", null, null, "one JSON object a line on stdout"),
        new("itemize", null, null, "a line a change, as rsync -i prints them"),
        new("verbose", "v", null, "more of it"),
        new("quiet", "q", null, "trouble alone"),
        new("color", null, "WHEN", "auto, always or never"),
        new("progress", null, "WHEN", "auto, always or never"),
    ]);

    public static IReadOnlyList<OptionGroup> Groups { get; } = [Places, Connection, Choice, Run, Guards, Output];

    /// <summary>What was given on the command line, as typed.</summary>
    public FlagValues Values(ParseResult parsed) => new(_options.Where(o => IsGiven(parsed, o.Value)).ToDictionary(o => o.Key, o => Texts(parsed, o.Value)))
    {
        ConfigFile = IsGiven(parsed, _config) ? Texts(parsed, _config)[^1] : null,
    };

    /// <summary>Any number of values, each behind its own option name; of a single setting the last one counts.</summary>
    public static Option<string[]> ValueOption(OptionHelp help) => new("--" + help.Name, Letters(help))
    {
        Arity = ArgumentArity.OneOrMore,
        AllowMultipleArgumentsPerToken = false,
        HelpName = help.Value,
        Description = help.Text,
    };

    public static Option<bool> SwitchOption(OptionHelp help) => new("--" + help.Name, Letters(help)) { Description = help.Text };

    private static string[] Letters(OptionHelp help) => help.Letter is null ? [] : ["-" + help.Letter];

    private static bool IsGiven(ParseResult parsed, Option option) => parsed.GetResult(option) is { Implicit: false };

    private static IReadOnlyList<string> Texts(ParseResult parsed, Option option) =>
        parsed.GetResult(option)!.Tokens is { Count: > 0 } tokens ? [.. tokens.Select(t => t.Value)] : ["true"];
}
