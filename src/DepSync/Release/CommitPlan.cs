using DepSync.Model;
using DepSync.Workers;

namespace DepSync.Release;

/// <summary>One rename in the live tree, or the RMDIR of a directory that cannot be moved. The kinds are carried out in the order in which they stand here.</summary>
internal abstract record CommitStep(RelativePath Path)
{
    /// <summary>What stands at the path goes to <c>old/</c>.</summary>
    internal sealed record MoveOut(RelativePath Path, EntryKind Kind, RelativePath Kept) : CommitStep(Path);

    /// <summary>A staged entry goes to a path where nothing stands.</summary>
    internal sealed record MoveIn(RelativePath Path, RelativePath Staged) : CommitStep(Path);

    /// <summary>A staged entry goes over the one that stands there, which is first linked to, or without links moved to, <c>old/</c>.</summary>
    internal sealed record Replace(RelativePath Path, RelativePath Staged, RelativePath Kept) : CommitStep(Path);

    /// <summary>A directory whose rights do not let this login move it, emptied by the steps before.</summary>
    internal sealed record RemoveEmptied(RelativePath Path) : CommitStep(Path);
}

/// <summary>Attributes to set once everything is in place. <paramref name="Planned"/>: the plan has it as a change of its own; otherwise it repairs what the commit's renames did.</summary>
internal sealed record AttributeStep(RelativePath Path, EntryKind Kind, AttributeChange Change, bool Planned);

/// <summary>
/// Everything that a commit does to the live tree, in its order: kinds in the way out, new and changed in, removals, attributes from the deepest up. Pure value.
/// </summary>
internal sealed record CommitPlan
{
    public required IReadOnlyList<CommitStep> OutOfTheWay { get; init; }

    public required IReadOnlyList<CommitStep> Arrivals { get; init; }

    public required IReadOnlyList<CommitStep> Removals { get; init; }

    public required IReadOnlyList<AttributeStep> Attributes { get; init; }

    /// <summary>Directories that get owner write permission before the first step.</summary>
    public required IReadOnlyList<UnlockedDirectory> Unlocked { get; init; }

    public required IReadOnlyList<KeptEntry> Kept { get; init; }

    /// <summary>Directories whose entries change, the new ones included: they are brought to disk.</summary>
    public required IReadOnlyList<RelativePath> Touched { get; init; }

    /// <summary>The touched directories behind what a run keeps: what was taken out is on disk under its new name before it is gone, on disk, under its old one.</summary>
    public IReadOnlyList<RelativePath> ToFlush(RelativePath runFolder) => Touched.Count > 0 && Kept.Count > 0 ? [WorkerLayout.Old(runFolder), .. Touched] : Touched;

    public int LiveSteps => OutOfTheWay.Count + Arrivals.Count + Removals.Count;
}
