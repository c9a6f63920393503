using System.Globalization;
using DepSync.Model;
using DepSync.Workers;

namespace DepSync.Release;

/// <summary>
/// One entry to be staged and the place in <c>new/</c> where it waits. <paramref name="IsTop"/>: it is renamed into the live tree by itself; otherwise it goes in with the new
/// directory that it lies in. <paramref name="Uid"/> and <paramref name="Gid"/> are what it is to have (those of the entry that it replaces, else of its folder); null: unknown.
/// </summary>
internal sealed record StagedItem(Change Change, RelativePath Staged, bool IsTop, int? Uid, int? Gid)
{
    /// <summary>The higher mode bits that a new directory takes over: a setgid folder hands its bit on, as it does for whoever makes a directory in it.</summary>
    public int InheritedBits { get; init; }
}

/// <summary>
/// Where everything that a plan creates or replaces is staged, parents before children. A new directory is staged with all that is new below it, so that it appears whole,
/// with one rename. Pure.
/// </summary>
internal static class StagingLayout
{
    private const int SetGid = 0b010_000_000_000;

    public static IReadOnlyList<StagedItem> Build(SyncPlan plan, Snapshot worker, RelativePath runFolder)
    {
        var waiting = WorkerLayout.New(runFolder);
        var newDirectories = new Dictionary<RelativePath, StagedItem>();
        var items = new List<StagedItem>();
        var counter = 0;
        var staged = plan.Changes.Where(change => change.Action is ChangeAction.Create or ChangeAction.Update or ChangeAction.Retype && !change.Path.IsRoot);
        foreach (var change in staged.OrderBy(change => change.Path))
        {
            var isTop = !newDirectories.TryGetValue(change.Path.Parent, out var parent);
            var place = isTop ? waiting.Child((++counter).ToString(CultureInfo.InvariantCulture)) : parent!.Staged.Child(change.Path.Name);
            var folder = isTop ? worker.Find(change.Path.Parent) : null;
            var model = isTop ? change.Worker ?? folder : null;
            var item = new StagedItem(change, place, isTop, isTop ? model?.Uid : parent!.Uid, isTop ? model?.Gid : parent!.Gid)
            {
                InheritedBits = isTop ? (folder?.Mode ?? 0) & SetGid : parent!.InheritedBits,
            };
            items.Add(item);
            if (change.Kind == EntryKind.Directory)
            {
                newDirectories.Add(change.Path, item);
            }
        }
        return items;
    }
}
