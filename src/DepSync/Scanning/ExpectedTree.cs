using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using DepSync.Model;

namespace DepSync.Scanning;

/// <summary>What a worker's tree is likely to hold, so that it can be asked for at once and not level by level. A wrong guess costs requests, never correctness. Immutable.</summary>
internal sealed record ExpectedTree
{
    private ExpectedTree(IReadOnlyDictionary<RelativePath, int> directories, IReadOnlyList<RelativePath> links) => (Directories, Links) = (directories, links);

    public static ExpectedTree None { get; } = new(new Dictionary<RelativePath, int> { [RelativePath.Root] = 0 }, []);

    /// <summary>With the number of entries that each of them is likely to hold; the root is always there.</summary>
    public IReadOnlyDictionary<RelativePath, int> Directories { get; }

    public IReadOnlyList<RelativePath> Links { get; }

    public static ExpectedTree Of(Manifest manifest, FilterSet filters) => Of(manifest.Entries.Select(pair => (pair.Key, pair.Value.Kind)), filters);

    public static ExpectedTree Of(Snapshot tree, FilterSet filters) => Of(tree.Entries.Select(entry => (entry.Path, entry.Kind)), filters);

    /// <summary>What is excluded now, and was not when it was pushed, is not read.</summary>
    private static ExpectedTree Of(IEnumerable<(RelativePath Path, EntryKind Kind)> entries, FilterSet filters)
    {
        var directories = new Dictionary<RelativePath, int> { [RelativePath.Root] = 0 };
        var links = new List<RelativePath>();
        var all = entries.Where(entry => !entry.Path.IsRoot).ToList();
        foreach (var (path, kind) in all)
        {
            if (kind == EntryKind.File || filters.Decide(path, kind) == FilterVerdict.Excluded)
            {
                continue;
            }
            if (kind == EntryKind.Directory)
            {
                directories.TryAdd(path, 0);
            }
            else
            {
                links.Add(path);
            }
        }
        // In the order of their paths most entries lie in the folder of the one before them.
        var folder = RelativePath.Root;
        foreach (var (path, _) in all)
        {
            folder = path.IsDirectlyIn(folder) ? folder : path.Parent;
            ref var count = ref CollectionsMarshal.GetValueRefOrNullRef(directories, folder);
            if (!Unsafe.IsNullRef(ref count))
            {
                count++;
            }
        }
        return new ExpectedTree(directories, links);
    }
}
