using DepSync.Model;

namespace DepSync.Planning;

/// <summary>
/// The order in which a plan's changes are made, and how a committer must read it:
/// <list type="number">
/// <item>Retypes, each right after the deletes of what lies below it on the worker, those deepest first. One rename that takes the whole old directory out does the
/// retype and these deletes together.</item>
/// <item>Creates and updates by rank, then by the path's bytes: a directory before its content.</item>
/// <item>Deletes in the reverse of that order: content before its directory. A directory is only deleted when everything below it is, so it too may go as a whole.</item>
/// <item>Attributes: files and links by rank and path, then directories deepest first, the root last.</item>
/// </list>
/// Making the changes one by one from first to last is always correct. Creates, deletes and renames disturb the mtime of the directory they happen in: it is set back at
/// the end although the plan, like rsync, has no change of a directory whose mtime was right before. Pure.
/// </summary>
internal static class CommitOrder
{
    /// <summary>At the root of the target the servers need these to undeploy: emptied, never removed.</summary>
    private static readonly HashSet<RelativePath> TypeFolders =
    [
        .. new[]
        {
            "axis2services", "axis2modules", "carbonapps", "webapps", "jaggeryapps", "jaxwebapps", "dataservices", "synapse-configs",
            "executionplans", "eventpublishers", "eventstreams", "eventreceivers", "bpel", "humantasks", "userstores",
        }.Select(RelativePath.Parse),
    ];

    public static bool IsTypeFolder(RelativePath path) => TypeFolders.Contains(path);

    /// <summary>What others need comes first: libraries, then what artifacts refer to, then artifacts, then archives that carry several of them.</summary>
    public static int Rank(FileEntry entry)
    {
        var top = Component(entry.Path.Bytes, 0);
        if (top.SequenceEqual("synapse-configs"u8))
        {
            // Its directories come with the earliest of what they can hold.
            var within = Component(entry.Path.Bytes, 2);
            return IsReferred(within) || (within.IsEmpty && entry.Kind == EntryKind.Directory) ? 1 : 2;
        }
        return top.SequenceEqual("lib"u8) || top.SequenceEqual("axis2modules"u8) ? 0
            : IsReferred(top) ? 1
            : IsArtifact(top) ? 3
            : top.SequenceEqual("carbonapps"u8) ? 4
            : 2;
    }

    public static IReadOnlyList<Change> Arrange(IReadOnlyCollection<Change> changes)
    {
        var replaced = changes.Where(c => c is { Action: ChangeAction.Retype, Worker.Kind: EntryKind.Directory }).ToDictionary(c => c.Path, _ => new List<Change>());
        var (retypes, writes, deletes, attributes) = (new List<Change>(), new List<Change>(), new List<Change>(), new List<Change>());
        foreach (var change in changes)
        {
            var list = change.Action switch
            {
                ChangeAction.Retype => retypes,
                ChangeAction.Attributes => attributes,
                ChangeAction.Delete => FindAbove(change.Path, replaced) ?? deletes,
                _ => writes,
            };
            list.Add(change);
        }
        var arranged = new List<Change>(changes.Count);
        foreach (var retype in retypes.OrderBy(Rank).ThenBy(c => c.Path))
        {
            if (replaced.TryGetValue(retype.Path, out var below))
            {
                arranged.AddRange(below.OrderByDescending(c => c.Path));
            }
            arranged.Add(retype);
        }
        arranged.AddRange(writes.OrderBy(Rank).ThenBy(c => c.Path));
        arranged.AddRange(deletes.OrderByDescending(Rank).ThenByDescending(c => c.Path));
        arranged.AddRange(attributes.Where(c => c.Kind != EntryKind.Directory).OrderBy(Rank).ThenBy(c => c.Path));
        arranged.AddRange(attributes.Where(c => c.Kind == EntryKind.Directory).OrderByDescending(c => c.Path.Depth).ThenBy(c => c.Path));
        return arranged;
    }

    private static bool IsReferred(ReadOnlySpan<byte> name) =>
        name.SequenceEqual("endpoints"u8) || name.SequenceEqual("sequences"u8) || name.SequenceEqual("local-entries"u8);

    private static bool IsArtifact(ReadOnlySpan<byte> name) =>
        name.SequenceEqual("axis2services"u8) || name.SequenceEqual("dataservices"u8) || name.SequenceEqual("api"u8) || name.SequenceEqual("proxy-services"u8)
        || name.SequenceEqual("webapps"u8);

    private static ReadOnlySpan<byte> Component(ReadOnlySpan<byte> path, int index)
    {
        foreach (var range in path.Split((byte)'/'))
        {
            if (index-- == 0)
            {
                return path[range];
            }
        }
        return [];
    }

    private static List<Change>? FindAbove(RelativePath path, Dictionary<RelativePath, List<Change>> replaced)
    {
        if (replaced.Count > 0)
        {
            for (var above = path.Parent; !above.IsRoot; above = above.Parent)
            {
                if (replaced.TryGetValue(above, out var below))
                {
                    return below;
                }
            }
        }
        return null;
    }

    /// <summary>The root, where it is new, comes before everything in it.</summary>
    private static int Rank(Change change) => change.Path.IsRoot ? -1 : Rank(change.Source ?? change.Worker!);
}
