using System.Globalization;
using DepSync.Model;

namespace DepSync.Planning;

/// <summary>The limits of the run, and their keys. <see cref="AllowEmpty"/> holds the root for <c>--allow-empty .</c>.</summary>
internal sealed record SafetyLimits(DeleteLimit MaxDelete, IReadOnlyCollection<RelativePath> AllowEmpty);

/// <summary>What the two sides are called in a refusal.</summary>
internal sealed record SideNames(string Source, string Worker)
{
    public static SideNames OfPush { get; } = new("manager directory", "worker");

    /// <summary>The manager directory is made equal to a worker.</summary>
    public static SideNames OfAdoption { get; } = new("worker", "manager directory");
}

/// <summary>One worker's plan and what it was made from. <see cref="PreviousMountPoints"/> are the source's at the last good run.</summary>
internal sealed record SafetyCase
{
    public required SyncPlan Plan { get; init; }

    public required Snapshot Source { get; init; }

    public required Snapshot Worker { get; init; }

    public Manifest? Manifest { get; init; }

    public required SafetyLimits Limits { get; init; }

    public IReadOnlyCollection<RelativePath> PreviousMountPoints { get; init; } = [];

    /// <summary>The source had its marker file at the last good run.</summary>
    public bool HadMarker { get; init; }

    public SideNames Names { get; init; } = SideNames.OfPush;
}

/// <summary>
/// The guards on a plan, checked before the first change: a source that is empty, a folder that was emptied, a mount or a marker that is gone, too many entries that would leave.
/// One refusal tells all of them, so that one more run with its flags gets through. Pure.
/// </summary>
internal static class SafetyRules
{
    /// <summary>Below this many a percentage says nothing: in a tree of 30 entries half of them go in one ordinary undeployment.</summary>
    private const int FewEntries = 20;

    /// <summary>A folder with one file is emptied by an ordinary undeployment; with two or more that is worth a question.</summary>
    private const int ManyFiles = 2;

    /// <summary>Null when the plan may be carried out.</summary>
    public static Refusal? Check(SafetyCase safetyCase)
    {
        var findings = new List<(string Message, string Flag)>();
        findings.AddRange(VanishedMounts(safetyCase));
        findings.AddRange(VanishedMarker(safetyCase));
        findings.AddRange(IsEmpty(safetyCase.Source) ? EmptySource(safetyCase) : EmptiedFolders(safetyCase));
        findings.AddRange(TooManyDeletes(safetyCase));
        if (findings.Count == 0)
        {
            return null;
        }
        var flags = findings.Select(f => f.Flag).Distinct();
        return new Refusal(string.Join(' ', findings.Select(f => f.Message)), $"If that is intended, run once with {string.Join(' ', flags)}");
    }

    private static IEnumerable<(string Message, string Flag)> VanishedMounts(SafetyCase safetyCase) =>
        from path in safetyCase.PreviousMountPoints.Order()
        where !safetyCase.Source.MountPoints.Contains(path) && !safetyCase.Limits.AllowEmpty.Contains(path)
        select ($"{Folder(path)} was a mount point at the last good run and is none now: is its filesystem not mounted?", AllowEmpty(path));

    private static IEnumerable<(string Message, string Flag)> VanishedMarker(SafetyCase safetyCase)
    {
        if (safetyCase.HadMarker && !safetyCase.Source.HasMarker && !safetyCase.Limits.AllowEmpty.Contains(RelativePath.Root))
        {
            yield return ("The manager directory had its marker file .depsync-source at the last good run and has none now: is its filesystem not mounted?", AllowEmpty(RelativePath.Root));
        }
    }

    private static IEnumerable<(string Message, string Flag)> EmptySource(SafetyCase safetyCase)
    {
        var files = safetyCase.Worker.Entries.Count(e => IsContent(e.Kind) && !e.Protected);
        // A source that could not be read whole is not known to be empty, and then nothing is removed anyway.
        if (files > 0 && safetyCase.Source.Problems.Count == 0 && !safetyCase.Limits.AllowEmpty.Contains(RelativePath.Root))
        {
            yield return ($"The {safetyCase.Names.Source} holds no file, the {safetyCase.Names.Worker} holds {Number(files)}.", AllowEmpty(RelativePath.Root));
        }
    }

    private static IEnumerable<(string Message, string Flag)> EmptiedFolders(SafetyCase safetyCase)
    {
        if (safetyCase.Manifest is not { } manifest)
        {
            return [];
        }
        var losing = safetyCase.Plan.Changes.Where(c => c.Action == ChangeAction.Delete && manifest.Entries.ContainsKey(c.Path)).Select(c => c.Path.TopFolder).ToHashSet();
        if (losing.Count == 0)
        {
            // Nearly always, and else the whole tree is gone through.
            return [];
        }
        var filled = safetyCase.Source.Entries.Where(e => IsContent(e.Kind) && e.Path.Depth > 1).Select(e => e.Path.TopFolder).ToHashSet();
        return
            from entry in manifest.Entries
            where IsContent(entry.Value.Kind) && entry.Key.Depth > 1
            group entry by entry.Key.TopFolder into folder
            where folder.Count() >= ManyFiles && !filled.Contains(folder.Key) && losing.Contains(folder.Key) && !safetyCase.Limits.AllowEmpty.Contains(folder.Key)
            orderby folder.Key
            select ($"{Folder(folder.Key)} held {Number(folder.Count())} files at the last push and holds none now.", AllowEmpty(folder.Key));
    }

    private static IEnumerable<(string Message, string Flag)> TooManyDeletes(SafetyCase safetyCase)
    {
        var limit = safetyCase.Limits.MaxDelete;
        var (leaving, all) = (safetyCase.Plan.Leaving, safetyCase.Plan.WorkerEntries);
        var refused = limit.IsPercent ? leaving >= FewEntries && 100m * leaving > (decimal)limit.Value * all : leaving > limit.Value;
        if (refused)
        {
            var share = all > 0 ? string.Create(CultureInfo.InvariantCulture, $" ({100m * leaving / all:0.#} %)") : "";
            yield return ($"{Number(leaving)} of the {safetyCase.Names.Worker}'s {Number(all)} entries would be removed{share}, the limit is {limit}.", $"--max-delete {Number(leaving)}");
        }
    }

    private static bool IsEmpty(Snapshot source) => !source.Entries.Any(e => IsContent(e.Kind));

    private static bool IsContent(EntryKind kind) => kind is EntryKind.File or EntryKind.Symlink;

    private static string Folder(RelativePath path) => path.IsRoot ? "The manager directory" : $"The folder {DisplayText.Escape(path)}";

    private static string AllowEmpty(RelativePath path) => $"--allow-empty {Refusal.Argument(path)}";

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);
}
