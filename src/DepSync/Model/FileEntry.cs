namespace DepSync.Model;

/// <summary>What kinds of entries are mirrored; anything else (device, socket, FIFO) is <see cref="Special"/>: named once in the log, never touched.</summary>
internal enum EntryKind : byte
{
    File,
    Directory,
    Symlink,
    Special,
}

/// <summary>Why a source file is not sent in this run although it differs; the worker keeps its old version (exit 24).</summary>
internal enum Deferral : byte
{
    None,

    /// <summary>Its ctime is younger than <c>settle</c> after one wait: somebody is still writing it.</summary>
    Unsettled,

    /// <summary>An archive younger than ten minutes whose zip end-of-central-directory is missing or does not fit.</summary>
    IncompleteArchive,

    /// <summary>It was listed and is gone.</summary>
    Vanished,

    /// <summary>Its bytes changed while they were read.</summary>
    Changing,
}

/// <summary>
/// One entry of a tree, source or worker. Immutable. A fact that is not known (a digest that was not computed, an owner that a listing did not tell) is null.
/// </summary>
internal sealed record FileEntry
{
    public required RelativePath Path { get; init; }

    public required EntryKind Kind { get; init; }

    /// <summary>Bytes of a file; 0 for anything else.</summary>
    public long Size { get; init; }

    /// <summary>Modification time in nanoseconds since 1970 (UTC). A worker's is in whole seconds: SFTP v3 has no more.</summary>
    public long ModifiedNs { get; init; }

    /// <summary>The low twelve permission bits. Only the low nine are mirrored; a worker's own higher bits on directories are kept.</summary>
    public int Mode { get; init; }

    public int? Uid { get; init; }

    public int? Gid { get; init; }

    /// <summary>A symlink's target as bytes; null for anything else.</summary>
    public byte[]? LinkTarget { get; init; }

    /// <summary>A file's content. Of a worker's file: only when the manifest or a read proves it.</summary>
    public Digest? Digest { get; init; }

    /// <summary>Source files only.</summary>
    public Deferral Deferral { get; init; }

    /// <summary>Matches a protect pattern: sent, never deleted.</summary>
    public bool Protected { get; init; }

    /// <summary>
    /// The modification time that a worker is given and compared by: whole seconds, clamped to what SFTP v3 can carry (unsigned 32 bit).
    /// </summary>
    public long WorkerSeconds => Carried(FloorSeconds(ModifiedNs));

    /// <summary>The time nearest to this one that SFTP v3 carries.</summary>
    public static long Carried(long seconds) => Math.Clamp(seconds, 0, uint.MaxValue);

    private static long FloorSeconds(long nanoseconds) => nanoseconds >= 0 ? nanoseconds / 1_000_000_000 : -((-nanoseconds + 999_999_999) / 1_000_000_000);
}
