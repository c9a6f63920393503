using DepSync.Model;

namespace DepSync.Tests.Support;

/// <summary>Makes a plan's changes to a snapshot, one by one from first to last, and fails on any that a file system would refuse.</summary>
internal static class SnapshotApply
{
    public static Snapshot Apply(SyncPlan plan, Snapshot worker)
    {
        var entries = worker.Entries.ToDictionary(e => e.Path);
        var root = worker.Root;
        foreach (var change in plan.Changes)
        {
            if (change.Path.IsRoot)
            {
                root = change.Source;
                continue;
            }
            Assert.True(change.Path.Parent.IsRoot || entries[change.Path.Parent].Kind == EntryKind.Directory, $"{change.Itemize}: no folder");
            Assert.Equal(change.Worker, entries.GetValueOrDefault(change.Path));
            var emptied = change.Action is ChangeAction.Delete or ChangeAction.Retype;
            Assert.False(emptied && entries.Keys.Any(p => p.IsBelow(change.Path)), $"{change.Itemize}: not empty");
            if (change.Source is { } source)
            {
                Assert.True(change.Action is ChangeAction.Create or ChangeAction.Retype || change.Worker?.Kind == source.Kind, change.Itemize);
                entries[change.Path] = source;
            }
            else
            {
                entries.Remove(change.Path);
            }
        }
        return new Snapshot(root, entries.Values);
    }
}
