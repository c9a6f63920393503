namespace DepSync.Model;

/// <summary>
/// One tree at one moment: its entries sorted by the bytes of their paths, what could not be read, and what filters hid. Immutable; safe to share between workers.
/// </summary>
internal sealed class Snapshot
{
    private readonly FileEntry[] _sorted;

    /// <summary>Made when something is asked for by its path: a run without changes goes through the trees in their order alone.</summary>
    private readonly Lazy<Dictionary<RelativePath, FileEntry>> _byPath;
    private readonly Lazy<ManifestRecords> _records;

    /// <param name="entries">Any order, without the root.</param>
    /// <exception cref="ArgumentException">A path stands twice.</exception>
    public Snapshot(FileEntry? root, IEnumerable<FileEntry> entries)
        : this(root, Sort(entries))
    {
    }

    private Snapshot(FileEntry? root, FileEntry[] sorted)
    {
        Root = root;
        _sorted = sorted;
        _byPath = new(() => sorted.ToDictionary(entry => entry.Path));
        _records = new(() => ManifestRecords.Of(this));
    }

    /// <summary>The root directory's own attributes; null when a worker's target does not exist yet.</summary>
    public FileEntry? Root { get; }

    /// <summary>Everything below the root that is not excluded, sorted by path.</summary>
    public IReadOnlyList<FileEntry> Entries => _sorted;

    /// <summary>Source only: what a push that does all records of it.</summary>
    public ManifestRecords Records => _records.Value;

    /// <summary>Paths that could not be read. Not empty on the source: nothing is removed anywhere. On a worker: nothing below them is touched.</summary>
    public IReadOnlyList<Problem> Problems { get; init; } = [];

    /// <summary>
    /// Worker only: the directories that hold, directly, an entry that is excluded or protected. Such a directory (and each above it) is not removed as a whole,
    /// and it is not compared by mtime.
    /// </summary>
    public IReadOnlySet<RelativePath> Keepers { get; init; } = new HashSet<RelativePath>();

    /// <summary>Worker only: directories that are excluded or a server's unpacked webapp. Not ours, and in the way of a file or link of that path.</summary>
    public IReadOnlySet<RelativePath> LeftOut { get; init; } = new HashSet<RelativePath>();

    /// <summary>Worker only: names of the source that it takes for others.</summary>
    public WorkerNames Names { get; init; } = WorkerNames.AsWritten;

    /// <summary>Source only: <c>webapps/X</c> for each <c>webapps/X.war</c> that exists there: the servers' own work, skipped on both sides. Empty with <c>exploded_webapps: mirror</c>.</summary>
    public IReadOnlySet<RelativePath> ExplodedWebapps { get; init; } = new HashSet<RelativePath>();

    /// <summary>Source only: folders on which another filesystem is mounted.</summary>
    public IReadOnlySet<RelativePath> MountPoints { get; init; } = new HashSet<RelativePath>();

    /// <summary>Source only: the marker file <c>.depsync-source</c> is there.</summary>
    public bool HasMarker { get; init; }

    /// <summary>Entries that are neither file, directory nor symlink.</summary>
    public IReadOnlyList<RelativePath> SpecialFiles { get; init; } = [];

    /// <summary>What is sent although it looks wrong (an old archive without a valid end); told once a run.</summary>
    public IReadOnlyList<Problem> Warnings { get; init; } = [];

    public FileEntry? Find(RelativePath path) => path.IsRoot ? Root : _byPath.Value.GetValueOrDefault(path);

    /// <summary>Finds entries for somebody who asks in the order of the paths.</summary>
    public Walk InOrder() => new(_sorted);

    /// <summary>The same tree with other facts of its entries; paths stay.</summary>
    public Snapshot WithEntries(Func<FileEntry, FileEntry> change) => With(Root, Entries.Select(change).ToArray());

    /// <summary>The same tree with other facts of its root.</summary>
    public Snapshot WithRoot(FileEntry? root) => With(root, _sorted);

    /// <summary>The same tree, of which more could not be read.</summary>
    public Snapshot WithProblems(IEnumerable<Problem> more) => With(Root, _sorted, [.. Problems, .. more]);

    /// <summary>
    /// A worker's tree with its names as the source writes them. <paramref name="change"/> is asked for every path and may give each its own.
    /// </summary>
    public Snapshot WithNames(WorkerNames names, Func<RelativePath, RelativePath> change) => new(Root, Entries.Select(entry => entry with { Path = change(entry.Path) }))
    {
        Names = names,
        Problems = [.. Problems.Select(problem => problem with { Path = change(problem.Path) })],
        Keepers = Keepers.Select(change).ToHashSet(),
        LeftOut = LeftOut.Select(change).ToHashSet(),
        SpecialFiles = [.. SpecialFiles.Select(change)],
    };

    private Snapshot With(FileEntry? root, FileEntry[] sorted, IReadOnlyList<Problem>? problems = null) => new(root, sorted)
    {
        Problems = problems ?? Problems,
        Keepers = Keepers,
        LeftOut = LeftOut,
        Names = Names,
        ExplodedWebapps = ExplodedWebapps,
        MountPoints = MountPoints,
        HasMarker = HasMarker,
        SpecialFiles = SpecialFiles,
        Warnings = Warnings,
    };

    private static FileEntry[] Sort(IEnumerable<FileEntry> entries)
    {
        var sorted = entries.ToArray();
        Array.Sort(sorted, static (left, right) => left.Path.CompareTo(right.Path));
        for (var i = 1; i < sorted.Length; i++)
        {
            if (sorted[i].Path == sorted[i - 1].Path)
            {
                throw new ArgumentException($"The path {sorted[i].Path} stands twice in one tree.", nameof(entries));
            }
        }
        return sorted;
    }

    /// <summary>One way through the entries, from the first on. For one thread.</summary>
    internal struct Walk(FileEntry[] sorted)
    {
        private int _next;

        /// <summary>As <see cref="Snapshot.Find"/>, without the root. Each path lies behind the one that was asked for before, or is the same.</summary>
        public FileEntry? Find(RelativePath path)
        {
            for (; _next < sorted.Length; _next++)
            {
                if (sorted[_next].Path.CompareTo(path) is var order and >= 0)
                {
                    return order == 0 ? sorted[_next] : null;
                }
            }
            return null;
        }
    }
}
