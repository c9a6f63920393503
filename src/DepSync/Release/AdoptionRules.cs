using DepSync.Model;

namespace DepSync.Release;

/// <summary>What an adoption reads out of a plan whose source is a worker and whose target is the manager directory. Pure.</summary>
internal static class AdoptionRules
{
    /// <summary>
    /// The plan with its reasons told from the worker: drift is what is not as that worker's last push left it. Without a manifest nothing is known of that.
    /// </summary>
    public static SyncPlan WithReasons(SyncPlan plan, Manifest? manifest) => manifest is null
        ? plan
        : plan with { Changes = [.. plan.Changes.Select(change => change with { Reason = IsDrift(change, manifest) ? ChangeReason.Drift : ChangeReason.Source })] };

    /// <summary>
    /// Problems for what the worker has in the place of a directory with content that may not be removed: the planner leaves such a directory as it is.
    /// </summary>
    public static SyncPlan WithBlocked(SyncPlan plan, Snapshot worker, Snapshot manager)
    {
        var told = plan.Changes.Select(change => change.Path).Concat(plan.Problems.Select(problem => problem.Path)).Concat(plan.Deferred.Select(entry => entry.Path)).ToHashSet();
        var blocked =
            from entry in worker.Entries
            where entry.Kind != EntryKind.Directory && !told.Contains(entry.Path) && manager.Find(entry.Path) is { Kind: EntryKind.Directory }
            select new Problem(entry.Path, "A folder with content stands here in the manager directory; --delete replaces it.");
        return plan with { Problems = [.. plan.Problems, .. blocked] };
    }

    /// <summary>The worker's files whose size leaves it open if the manager directory has the same content, and whose content no record proves.</summary>
    public static IReadOnlyList<FileEntry> Unproven(Snapshot worker, Snapshot manager, bool checksum) =>
    [
        .. worker.Entries.Where(entry => entry is { Kind: EntryKind.File, Digest: null, Size: > 0 }
            && manager.Find(entry.Path) is { Kind: EntryKind.File } here
            && here.Size == entry.Size
            && (checksum || here.WorkerSeconds == entry.WorkerSeconds)),
    ];

    /// <summary>The files whose content goes into the manager directory.</summary>
    public static IReadOnlyList<FileEntry> ToFetch(SyncPlan plan) =>
        [.. plan.Changes.Where(change => change is { Kind: EntryKind.File, Action: ChangeAction.Create or ChangeAction.Update or ChangeAction.Retype }).Select(change => change.Source!)];

    private static bool IsDrift(Change change, Manifest manifest)
    {
        var left = manifest.Entries.GetValueOrDefault(change.Path);
        return change.Source is { } now ? left is null || !IsAsLeft(now, left) : left is not null;
    }

    private static bool IsAsLeft(FileEntry now, ManifestEntry left) =>
        now.Kind == left.Kind
        && (now.Mode & 0x1FF) == left.Mode
        && now.WorkerSeconds == left.WorkerSeconds
        && now.Size == left.Size
        && (now.Digest is null || now.Digest == left.Digest)
        && (now.LinkTarget ?? []).AsSpan().SequenceEqual(left.LinkTarget);
}
