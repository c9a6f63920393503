using System.Globalization;
using DepSync.Model;
using DepSync.Workers;

namespace DepSync.Release;

/// <summary>
/// One entry to be staged, and the folder in <c>new/</c> where it waits. <paramref name="Number"/>: it is renamed into the live tree by itself, and that is its name until then; 0: it goes in with the new
/// directory that it lies in, by its own name. <paramref name="Uid"/> and <paramref name="Gid"/> are what it is to have (those of the entry that it replaces, else of its folder); null: unknown.
/// </summary>
internal sealed record StagedItem(Change Change, RelativePath Folder, int Number, int? Uid, int? Gid)
{
    public bool IsTop => Number > 0;

    /// <summary>Made when it is asked for, which is twice for a file: all items of a worker are held while files are staged, and their places would be 0.1 MB for each thousand.</summary>
    public RelativePath Staged => IsTop ? Folder.Child(Number.ToString(CultureInfo.InvariantCulture)) : Folder.Child(Change.Path.Name);

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
        var newDirectories = new Dictionary<RelativePath, (StagedItem Item, RelativePath Staged)>();
        var items = new List<StagedItem>();
        var counter = 0;
        var staged = plan.Changes.Where(change => change.Action is ChangeAction.Create or ChangeAction.Update or ChangeAction.Retype && !change.Path.IsRoot);
        foreach (var change in staged.OrderBy(change => change.Path))
        {
            var isTop = !newDirectories.TryGetValue(change.Path.Parent, out var parent);
            var folder = isTop ? worker.Find(change.Path.Parent) : null;
            var model = isTop ? change.Worker ?? folder : null;
            var item = new StagedItem(change, isTop ? waiting : parent.Staged, isTop ? ++counter : 0, isTop ? model?.Uid : parent.Item.Uid, isTop ? model?.Gid : parent.Item.Gid)
            {
                InheritedBits = isTop ? (folder?.Mode ?? 0) & SetGid : parent.Item.InheritedBits,
            };
            items.Add(item);
            if (change.Kind == EntryKind.Directory)
            {
                newDirectories.Add(change.Path, (item, item.Staged));
            }
        }
        return items;
    }
}
