using System.Collections.Concurrent;
using System.Runtime.Versioning;
using System.Text.RegularExpressions;

namespace DepSync.Tests.Release;

/// <summary>With which call of the real code each step of the model begins. What a run calls from there to the beginning of its next step belongs to the step. Pure.</summary>
[UnsupportedOSPlatform("windows")]
internal static class FencingCalls
{
    public const string Staging = "stage";

    private static readonly string[] Reading = ["list", "find", "open", "read", "readlink", "close", "stat", "space", "hash", Staging];

    private static readonly ConcurrentDictionary<string, Regex> Patterns = new();

    /// <summary>Whether it may change something on the worker.</summary>
    public static bool IsChange(string call) => !Reading.Contains(call.Split(' ')[0]);

    /// <param name="number">The run's, as the worker shows it.</param>
    public static Func<string, bool> BeginOf(FencingRun run, long number)
    {
        var own = $@"\.depsync/run-{number}";
        var pattern = run.Step switch
        {
            FencingStep.Look => @"list \.depsync",
            FencingStep.LookAtOwner => @"open \.depsync/owner\.json",
            FencingStep.LookAtManifest => @"open \.depsync/manifest",
            FencingStep.Claim => @"mkdir \.depsync/run-\d+",
            FencingStep.Survey => run.Has(FencingFlags.HasListed) ? @"open \.depsync/owner\.json" : @"list \.depsync",
            FencingStep.CheckHeld => $"find {own}",
            FencingStep.Fence => $@"rename \.depsync/run-\d+ -> (\.depsync/fenced-\d+|{own}/late-\d+)",
            FencingStep.MakeRoom => $"mkdir {own}/new",
            FencingStep.ReadBeforeTaking or FencingStep.ReadAgain => @"open \.depsync/owner\.json",
            FencingStep.Take or FencingStep.PublishOwner => $@"rename {own}/new/owner-\d+\.json -> \.depsync/owner\.json",
            // Which may be nothing at all.
            FencingStep.Recover => @"open \.depsync/manifest|open \.depsync/fenced-\d+/journal|list ",
            FencingStep.List => "list ",
            FencingStep.Stage => Staging,
            FencingStep.Begin or FencingStep.EndArrivals or FencingStep.EndMoves => $"find {own}/new",
            FencingStep.MoveF => $"rename {own}/new/[^/]+ -> {FencingSources.Files[0]}",
            FencingStep.MoveG => $"rename {own}/new/[^/]+ -> {FencingSources.Files[1]}",
            FencingStep.MoveD => $"rename ({own}/new/[^/]+ -> {FencingSources.Files[2]}|{FencingSources.Files[2]} -> {own}/old/[^/]+)",
            FencingStep.PublishManifest => $@"rename {own}/new/manifest(-2)? -> \.depsync/manifest",
            FencingStep.Retire => ".*",
            FencingStep.Leave or FencingStep.DropRefused or FencingStep.DropFenced or FencingStep.DropGivenUp => $"remove {own}/owner",
            _ => "(?!)",
        };
        return Patterns.GetOrAdd(pattern, found => new Regex($"^({found})$", RegexOptions.CultureInvariant)).IsMatch;
    }
}
