using DepSync.Model;
using DepSync.Workers;

namespace DepSync.Release;

/// <summary>What to stage. <paramref name="Uid"/> and <paramref name="Gid"/> are what new entries get by themselves in the run folder.</summary>
internal sealed record StageRequest(IReadOnlyList<StagedItem> Items, RelativePath RunFolder, int? Uid, int? Gid, FlushMode Flush)
{
    /// <summary>What is free where it goes; null when the worker does not tell.</summary>
    public FreeSpace? Space { get; init; }

    /// <summary>Null: every file is sent whole.</summary>
    public DeltaCase? Deltas { get; init; }

    /// <summary>The owner that an item is to be given, null when it has it by itself or the login cannot give it: only root gives files away.</summary>
    public AttributeChange? OwnerFor(StagedItem item)
    {
        if (item.Uid is null || item.Gid is null || Uid is null || Gid is null)
        {
            return null;
        }
        var uid = Uid == 0 ? item.Uid : Uid;
        return uid == Uid && item.Gid == Gid ? null : new AttributeChange(Uid: uid, Gid: item.Gid);
    }
}

/// <summary>What is ready in <c>new/</c> on one worker: only entries of which every status was OK. The live tree is untouched.</summary>
internal sealed record StagedRelease
{
    public required IReadOnlyList<StagedItem> Ready { get; init; }

    /// <summary>Files that changed or vanished while they were sent; nothing of them is left in <c>new/</c>.</summary>
    public required IReadOnlyList<FileEntry> Deferred { get; init; }

    /// <summary>What the worker refused.</summary>
    public required IReadOnlyList<Problem> Problems { get; init; }

    /// <summary>Files of the manager that could be listed and hashed, but not be read again.</summary>
    public required IReadOnlyList<Problem> Unreadable { get; init; }

    public required long BytesSent { get; init; }

    /// <summary>How it was brought to disk, and how the directories that a commit touches are to be.</summary>
    public FlushMode Flush { get; init; }

    /// <summary>
    /// As this, without what would take the place of a directory with content where removals must wait for something that could not be staged: what lies below it would go.
    /// </summary>
    public StagedRelease WithoutHeldReplacements(SyncPlan plan)
    {
        if (Problems.Count == 0)
        {
            return this;
        }
        var holdsAll = Problems.Any(problem => problem.Path.Depth == 1);
        var tops = Problems.Select(problem => problem.Path.TopFolder).ToHashSet();
        var filled = plan.Changes.Where(change => change.Action == ChangeAction.Delete).Select(change => change.Path.Parent).ToHashSet();
        var held = new HashSet<RelativePath>();
        foreach (var change in Ready.Select(item => item.Change).OrderBy(change => change.Path))
        {
            var replaces = change is { Action: ChangeAction.Retype, Worker.Kind: EntryKind.Directory } && filled.Contains(change.Path);
            if (held.Contains(change.Path.Parent) || (replaces && (holdsAll || tops.Contains(change.Path.TopFolder))))
            {
                held.Add(change.Path);
            }
        }
        return held.Count == 0 ? this : this with { Ready = [.. Ready.Where(item => !held.Contains(item.Change.Path))] };
    }
}
