using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace DepSync.Cli;

/// <summary>The command tree: one command a verb, <c>--help</c> everywhere, <c>--version</c> at the root.</summary>
internal static class RootCommandFactory
{
    public static string Version { get; } = typeof(RootCommandFactory).Assembly.GetName().Version?.ToString(3) ?? "0.0.0";

    /// <summary>In the order of the help.</summary>
    public static IReadOnlyList<VerbHelp> Verbs { get; } = [SyncCommand.Help, CheckCommand.Help, TrustCommand.Help, AdoptCommand.Help, TakeoverCommand.Help];

    public static RootCommand Create(CommandHost host)
    {
        var root = new RootCommand("Pushes a manager's deployment folder to all its workers.")
        {
            SyncCommand.Create(host),
            CheckCommand.Create(host),
            TrustCommand.Create(host),
            AdoptCommand.Create(host),
            TakeoverCommand.Create(host),
        };
        root.Directives.Clear();
        root.Options.Clear();
        root.Add(new HelpOption("--help", "-h") { Recursive = true, Action = new PrintAction(host, HelpOf) });
        root.Add(new Option<bool>("--version") { Action = new PrintAction(host, static _ => $"depsync {Version}") });
        // A call without a verb did nothing: the help, and a code that a script notices.
        root.SetAction(parsed =>
        {
            host.Print(HelpOf(parsed));
            return ExitCodes.Usage;
        });
        return root;
    }

    private static string HelpOf(ParseResult parsed) =>
        (Verbs.FirstOrDefault(v => v.Name == parsed.CommandResult.Command.Name) is { } verb ? HelpText.ForVerb(verb) : HelpText.ForProgram(Verbs, Version)).TrimEnd('\n');

    /// <summary>Prints, whatever else is wrong with the call.</summary>
    private sealed class PrintAction(CommandHost host, Func<ParseResult, string> text) : SynchronousCommandLineAction
    {
        public override bool ClearsParseErrors => true;

        public override int Invoke(ParseResult parseResult)
        {
            host.Print(text(parseResult));
            return ExitCodes.Success;
        }
    }
}
