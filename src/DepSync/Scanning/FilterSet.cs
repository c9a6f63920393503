using DepSync.Model;

namespace DepSync.Scanning;

/// <summary>What filters say of an entry.</summary>
internal enum FilterVerdict
{
    Include,

    /// <summary>Sent, never deleted.</summary>
    Protected,

    /// <summary>On neither side read, sent or deleted.</summary>
    Excluded,
}

/// <summary>
/// The built-in and the user's patterns. In each list the last pattern that matches decides; what lies below an excluded (protected) directory is excluded (protected)
/// too, and no pattern takes that back. Excluding beats protecting. Deciding allocates nothing. Immutable, safe for concurrent calls.
/// </summary>
internal sealed class FilterSet
{
    /// <summary>fsck's and NFS's own things, and the snapshots that file servers show in every folder.</summary>
    private static readonly string[] BuiltInExclude = ["lost+found/", ".nfs*", ".snapshot/"];

    /// <summary>What a server writes beside the artifacts that it deployed.</summary>
    private static readonly string[] BuiltInProtect = ["servicemetafiles/", "modulemetafiles/"];

    private readonly GlobPattern[] _exclude;
    private readonly GlobPattern[] _protect;

    /// <exception cref="DepSyncException"><see cref="ErrorKind.Config"/>: a pattern is not valid.</exception>
    public FilterSet(IEnumerable<string> exclude, IEnumerable<string> protect)
    {
        _exclude = Parse(BuiltInExclude.Concat(exclude));
        _protect = Parse(BuiltInProtect.Concat(protect));
    }

    /// <summary>Decides for an entry anywhere in the tree. The root is included.</summary>
    public FilterVerdict Decide(RelativePath path, EntryKind kind)
    {
        var bytes = path.Bytes;
        var verdict = FilterVerdict.Include;
        for (var at = 0; at < bytes.Length && verdict != FilterVerdict.Excluded;)
        {
            var slash = bytes[at..].IndexOf((byte)'/');
            var end = slash < 0 ? bytes.Length : at + slash;
            verdict = DecideBelow(verdict, bytes[..end], slash < 0 ? kind : EntryKind.Directory);
            at = end + 1;
        }
        return verdict;
    }

    /// <summary>Decides for an entry whose folder's verdict is known: what a walk from the top uses.</summary>
    public FilterVerdict DecideBelow(FilterVerdict folder, RelativePath path, EntryKind kind) => DecideBelow(folder, path.Bytes, kind);

    /// <summary>DepSync's own folder on a worker. A user's pattern cannot include it, and no entry of that name, whatever it is, is mirrored.</summary>
    public static bool IsOwnFolder(RelativePath path) => IsOwnFolder(path.Bytes);

    private static bool IsOwnFolder(ReadOnlySpan<byte> path) => path.SequenceEqual(".depsync"u8);

    /// <summary>A file that says "this is the manager directory, and it is mounted". It belongs to one side alone, so that it is never mirrored.</summary>
    public static RelativePath SourceMarker { get; } = RelativePath.Parse(".depsync-source");

    private FilterVerdict DecideBelow(FilterVerdict folder, ReadOnlySpan<byte> path, EntryKind kind)
    {
        if (folder == FilterVerdict.Excluded || IsOwnFolder(path) || path.SequenceEqual(SourceMarker.Bytes) || Matches(_exclude, path, kind))
        {
            return FilterVerdict.Excluded;
        }
        return folder == FilterVerdict.Protected || Matches(_protect, path, kind) ? FilterVerdict.Protected : FilterVerdict.Include;
    }

    private static bool Matches(GlobPattern[] patterns, ReadOnlySpan<byte> path, EntryKind kind)
    {
        for (var i = patterns.Length - 1; i >= 0; i--)
        {
            if (patterns[i].Matches(path, kind))
            {
                return !patterns[i].IsNegated;
            }
        }
        return false;
    }

    private static GlobPattern[] Parse(IEnumerable<string> lines) => [.. lines.Select(GlobPattern.Parse).OfType<GlobPattern>()];
}
