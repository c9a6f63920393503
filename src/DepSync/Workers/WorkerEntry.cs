using DepSync.Model;

namespace DepSync.Workers;

/// <summary>
/// What a worker tells of one entry. <see cref="Name"/> is one checked component (empty for <c>FindAsync</c> and <c>StatAsync</c>). <see cref="Seconds"/> is the mtime in whole seconds.
/// <see cref="Mode"/> has the low twelve bits. Device and inode are known for local workers only.
/// </summary>
internal readonly record struct WorkerEntry(byte[] Name, EntryKind Kind, long Size, long Seconds, int Mode, int? Uid, int? Gid)
{
    public (ulong Device, ulong Inode)? Identity { get; init; }
}

/// <summary>Attributes to set; null leaves one as it is. <see cref="Seconds"/> is the mtime (atime becomes the same: SFTP v3 sets both together). Uid and Gid go together.</summary>
internal readonly record struct AttributeChange(int? Mode = null, long? Seconds = null, int? Uid = null, int? Gid = null);

/// <summary>Free bytes and inodes for this login, and whether the filesystem is mounted read-only. From the peer: advice, never a divisor or a size.</summary>
internal readonly record struct FreeSpace(ulong Bytes, ulong Inodes, bool ReadOnly)
{
    /// <summary>Tells filesystems of one worker apart; null when the worker does not say.</summary>
    public ulong? FilesystemId { get; init; }

    public bool IsAnotherFilesystemThan(FreeSpace other) => FilesystemId is not null && other.FilesystemId is not null && FilesystemId != other.FilesystemId;
}

/// <summary>
/// Where a target really is: its canonical path on the worker, the login directory (of a local one: this user's home; null when unknown), and for a local one the device and
/// inode when it exists.
/// </summary>
internal sealed record WorkerPlace(string CanonicalPath, string? LoginDirectory, (ulong Device, ulong Inode)? Identity)
{
    /// <summary>How long an answer took when it was found; null on this machine.</summary>
    public TimeSpan? RoundTrip { get; init; }
}

/// <summary>What this worker can do; the fallbacks for what it cannot are in Release. <see cref="MaxTransfer"/> is the largest read or write, in bytes.</summary>
internal sealed record WorkerCapabilities
{
    /// <summary>A rename replaces an existing file atomically (posix-rename).</summary>
    public required bool AtomicReplace { get; init; }

    public required bool HardLinks { get; init; }

    /// <summary>fsync of files and directories.</summary>
    public required bool DurableFlush { get; init; }

    /// <summary>Times of symlinks (lsetstat).</summary>
    public required bool LinkTimes { get; init; }

    /// <summary>Bytes can be copied between two files of the worker without being sent (copy-data).</summary>
    public bool CopyRange { get; init; }

    public required bool UnixModes { get; init; }

    public required bool Symlinks { get; init; }

    public required int MaxTransfer { get; init; }

    /// <summary>On a LAN enough that the flights of small files hide each other.</summary>
    public const int UsualFilesInFlight = 256;

    /// <summary>Each holds a handle of the server's, and a Mac lets a process open 256 files. They hide a round trip of 100 ms behind 240 others.</summary>
    public const int UsualListingsInFlight = 240;

    /// <summary>How many directories may be listed at once.</summary>
    public int ListingsInFlight { get; init; } = UsualListingsInFlight;

    /// <summary>Of what is read to be sent, how much may wait for its acknowledgement. A connection on a LAN sends 1 MiB of it at a time; the rest keeps it busy.</summary>
    public const long UsualBytesInFlight = 4 << 20;

    /// <inheritdoc cref="UsualBytesInFlight"/>
    public long BytesInFlight { get; init; } = UsualBytesInFlight;

    /// <summary>How many files may be open at once.</summary>
    public int FilesInFlight { get; init; } = UsualFilesInFlight;

    /// <summary>How many files may be begun and not known to be staged, to lose no time waiting for answers: beside those that are open, those whose close was asked for. 0: as many as may be open.</summary>
    public int FilesUnderWay { get; init; }

    /// <summary>The extensions that the server named, for <c>check</c> and the log.</summary>
    public IReadOnlyList<string> Extensions { get; init; } = [];
}
