using System.Globalization;
using System.Runtime.Versioning;
using System.Text;
using System.Text.RegularExpressions;
using DepSync.Model;
using DepSync.Release;
using DepSync.Tests.Support;

namespace DepSync.Tests.Release;

/// <summary>What of a worker, and of the managers' counters, the model speaks of, as a line of text: as the model has it, and as the disk has it.</summary>
[UnsupportedOSPlatform("windows")]
internal sealed partial class FencingView(FencingCast cast)
{
    private const string Versions = "0AB-?";

    /// <summary>What the model counts from 1 follows the number of the push before it.</summary>
    private readonly int _before = cast.Before is null ? 0 : 1;

    public long NumberOf(FencingRun run) => run.Number + _before;

    public string Expected(FencingState state)
    {
        var parts = new List<string> { LiveOf(state.File), ExpectedOwner(state), ExpectedManifest(state) };
        for (var number = 1; number <= 7; number++)
        {
            if (state.Run(number) is { Exists: true } folder)
            {
                parts.Add($"run-{number + _before}({folder.Maker}{(folder.HasRoom ? " room" : "")}{(HasJournal(state, number, folder) ? " journal" : "")})");
            }
        }
        for (var number = 1; number <= 7; number++)
        {
            if (state.FencedAway(number) is { Exists: true } folder)
            {
                parts.Add($"fenced-{number + _before}({folder.Maker}{(HasJournal(state, number, folder) ? " journal" : "")})");
            }
        }
        return string.Join(' ', parts.Append(Counters(Counter(state.Counters & 15), Counter(state.Counters >> 4))));
    }

    public static string Observed(FencingWorld world)
    {
        var worker = world.Worker;
        var parts = new List<string> { LiveOf(worker), ObservedOwner(worker), ObservedManifest(worker) };
        var own = Path.Combine(worker.Path, ".depsync");
        var names = Directory.Exists(own) ? Directory.GetFileSystemEntries(own).Select(path => Path.GetFileName(path)).Except(["owner.json", "manifest", "generations"]) : [];
        parts.AddRange(names.OrderBy(name => name.StartsWith("run-", StringComparison.Ordinal) ? 0 : 1).ThenBy(name => name, StringComparer.Ordinal).Select(name => ObservedFolder(worker, name)));
        return string.Join(' ', parts.Append(Counters(world.CounterOf(1), world.CounterOf(2))));
    }

    /// <summary>A character a file: what stood there, which manager's it is, nothing (-), or nobody's (?).</summary>
    public static string LiveOf(Func<int, int> versionOf) => string.Concat(Enumerable.Range(0, 3).Select(file => Versions[versionOf(file)]));

    public static string LiveOf(TempTree worker) => LiveOf(file => FencingSources.VersionOf(Text(worker, FencingSources.Files[file])));

    /// <summary>Null when there is none that can be read.</summary>
    public static OwnerRecord? OwnerOf(TempTree worker) => Text(worker, ".depsync/owner.json") is { } text ? OwnerRecord.TryParse(Encoding.UTF8.GetBytes(text)) : null;

    /// <summary>Which run signed a run folder; 0 when none did.</summary>
    public static int MakerOf(TempTree worker, string folder) => Text(worker, $"{folder}/owner") is { } signed && RunOwner.TryParse(Encoding.UTF8.GetBytes(signed)) is { } owner ? RunOf(owner.Run) : 0;

    private string ExpectedOwner(FencingState state)
    {
        var who = state.Owner == 0 ? cast.Before : cast.Of(state.Owner);
        return who is null ? "no owner" : Owner(state.Owner, (who.Id, who.Epoch), state.Owner == 0 ? 1 : NumberOf(state.Of(state.Owner)));
    }

    private static string ObservedOwner(TempTree worker) => OwnerOf(worker) is { } owner ? Owner(RunOf(owner.Run), (owner.Manager[0], owner.Epoch), owner.Number) : "no owner";

    private string ExpectedManifest(FencingState state) => state.Manifest == 0 && cast.Before is null ? "no manifest"
        : Manifest(state.Manifest == 0 ? 1 : NumberOf(state.Of(state.Manifest)), GenerationOf(state, state.Manifest), [.. Enumerable.Range(0, 3).Select(file => FencingModel.Wanted(state.Manifest, file))]);

    private static string ObservedManifest(TempTree worker) => Text(worker, ".depsync/manifest") is not { } text ? "no manifest"
        : ManifestFormat.TryParse(Encoding.UTF8.GetBytes(text), out var manifest) ? Manifest(manifest.Number, manifest.Generation, [.. FencingSources.Files.Select(file => FencingSources.VersionOf(manifest, file))])
        : "damaged manifest";

    /// <summary>The number of the last run that brought a change of the source: what a run does not change, as the manifest tells that it believed, keeps its generation.</summary>
    private long GenerationOf(FencingState state, int run)
    {
        if (run == 0)
        {
            return _before;
        }
        var now = state.Of(run);
        var hasManifest = now.SeenManifest != 0 || cast.Before is not null;
        var isSame = hasManifest && now.Replaced == 0 && Enumerable.Range(0, 3).All(file => FencingModel.Wanted(now.SeenManifest, file) == FencingModel.Wanted(run, file));
        return isSame ? GenerationOf(state, now.SeenManifest) : NumberOf(now);
    }

    /// <summary>Of whoever staged there: its maker, or, where the MKDIR of one that got no further came late, another run of that number, which took the folder for its own.</summary>
    private static bool HasJournal(FencingState state, int number, FencingFolder folder)
    {
        var maker = state.Of(folder.Maker);
        return folder.IsStaged && (maker.Has(FencingFlags.IsAdmitted)
            ? maker.Plan != 0
            : Enumerable.Range(1, 3).Any(run => state.Of(run).Number == number && state.Of(run).Plan != 0));
    }

    private static string ObservedFolder(TempTree worker, string name)
    {
        var place = $".depsync/{name}";
        var isRun = name.StartsWith("run-", StringComparison.Ordinal);
        var room = isRun && Directory.Exists(Path.Combine(worker.Path, place, "new")) ? " room" : "";
        return $"{name}({MakerOf(worker, place)}{room}{(Text(worker, $"{place}/journal") is null ? "" : " journal")})";
    }

    private static int RunOf(string name) => RunName().Match(name) is { Success: true } match ? int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture) : -1;

    private static string Owner(int run, (char Id, long Epoch) manager, long number) => $"owner {run} is {manager.Id} in epoch {manager.Epoch}, number {number}";

    private static string Manifest(long number, long generation, int[] files) => $"manifest {number} of generation {generation} tells {string.Concat(files.Select(version => Versions[version]))}";

    private long Counter(int counter) => counter == 0 ? 0 : counter + _before;

    private static string Counters(long first, long second) => $"counters {first} {second}";

    private static string? Text(TempTree tree, string path)
    {
        var place = Path.Combine(tree.Path, path);
        return File.Exists(place) ? File.ReadAllText(place) : null;
    }

    [GeneratedRegex("^run-([0-3])$")]
    private static partial Regex RunName();
}
