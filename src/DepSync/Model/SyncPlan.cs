namespace DepSync.Model;

/// <summary>
/// Everything that one worker needs to equal the source. <see cref="Changes"/> is in commit order (design: kinds in the way, new and changed by rank, removals in
/// reverse, attributes of directories deepest first); nothing in it touches what is excluded, protected or deferred. Pure value.
/// </summary>
internal sealed record SyncPlan
{
    public required IReadOnlyList<Change> Changes { get; init; }

    /// <summary>Source files that differ but are not sent now.</summary>
    public IReadOnlyList<FileEntry> Deferred { get; init; } = [];

    /// <summary>Deletes that were left out because a file of the same top folder is deferred, or because the source could not be read whole.</summary>
    public IReadOnlyList<Change> HeldDeletes { get; init; } = [];

    /// <summary>Entries that cannot be brought in line (for example a protected file below a directory that must become a file).</summary>
    public IReadOnlyList<Problem> Problems { get; init; } = [];

    /// <summary>Entries that leave the worker, those below removed or replaced directories included.</summary>
    public int Leaving { get; init; }

    /// <summary>All entries of the worker that are neither excluded nor protected.</summary>
    public int WorkerEntries { get; init; }

    public bool IsEmpty => Changes.Count == 0;

    /// <summary>This plan, which holds the changes of an earlier one in place of its own when they are the same: both are in memory while files are staged, for each worker.</summary>
    public SyncPlan Behind(SyncPlan? earlier) => earlier is not null && Changes.SequenceEqual(earlier.Changes) ? this with { Changes = earlier.Changes } : this;
}
