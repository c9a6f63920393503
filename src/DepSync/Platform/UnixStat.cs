using System.Runtime.InteropServices;
using DepSync.Model;
using Microsoft.Win32.SafeHandles;

namespace DepSync.Platform;

/// <summary>
/// What the system tells of one entry; a link is itself, never what it points to. Times are nanoseconds since 1970. <see cref="Mode"/> has the low twelve bits.
/// Device and inode name an entry on this machine as long as it exists.
/// </summary>
internal readonly record struct UnixStat
{
    private const int BufferSize = 256;

    /// <summary>STATX_BASIC_STATS.</summary>
    private const uint BasicStats = 0x7ff;

    private const ulong MountRootAttribute = 0x2000;

    public required EntryKind Kind { get; init; }

    public required int Mode { get; init; }

    public required long Size { get; init; }

    public required long ModifiedNs { get; init; }

    public required long ChangedNs { get; init; }

    public required ulong Device { get; init; }

    public required ulong Inode { get; init; }

    public required int Uid { get; init; }

    public required int Gid { get; init; }

    public required long LinkCount { get; init; }

    /// <summary>
    /// Whether the kernel says that a filesystem is mounted here (Linux 5.8 and later; bind mounts too). False is no proof: compare <see cref="Device"/> with the parent's as well.
    /// </summary>
    public bool IsMountRoot { get; init; }

    /// <summary>Of an open file or directory.</summary>
    /// <exception cref="UnixException">The system's refusal.</exception>
    public static unsafe UnixStat Of(SafeFileHandle handle)
    {
        var buffer = stackalloc byte[BufferSize];
        byte empty = 0;
        var result = OperatingSystem.IsMacOS()
            ? CLibrary.FStat(handle, buffer)
            : CLibrary.StatX(handle, &empty, UnixFlags.AtEmptyPath | UnixFlags.AtNoAutomount, BasicStats, buffer);
        return result == 0 ? Decode(new ReadOnlySpan<byte>(buffer, BufferSize)) : throw UnixException.Last("read attributes");
    }

    /// <summary>Of a name in a directory; null when there is none.</summary>
    /// <exception cref="UnixException">The system's refusal.</exception>
    public static unsafe UnixStat? Of(SafeFileHandle directory, byte* name)
    {
        var buffer = stackalloc byte[BufferSize];
        var result = OperatingSystem.IsMacOS()
            ? CLibrary.FStatAt(directory, name, buffer, UnixFlags.AtNoFollow)
            : CLibrary.StatX(directory, name, UnixFlags.AtNoFollow | UnixFlags.AtNoAutomount, BasicStats, buffer);
        if (result == 0)
        {
            return Decode(new ReadOnlySpan<byte>(buffer, BufferSize));
        }
        return UnixException.MeansAbsent(Marshal.GetLastPInvokeError()) ? null : throw UnixException.Last("read attributes");
    }

    private static UnixStat Decode(ReadOnlySpan<byte> stat) => OperatingSystem.IsMacOS() ? DecodeMac(stat) : DecodeStatX(stat);

    private static UnixStat DecodeStatX(ReadOnlySpan<byte> stat)
    {
        var mode = MemoryMarshal.Read<ushort>(stat[28..]);
        return new UnixStat
        {
            Kind = KindOf(mode),
            Mode = mode & 0xfff,
            Size = MemoryMarshal.Read<long>(stat[40..]),
            ModifiedNs = Nanoseconds(MemoryMarshal.Read<long>(stat[112..]), MemoryMarshal.Read<uint>(stat[120..])),
            ChangedNs = Nanoseconds(MemoryMarshal.Read<long>(stat[96..]), MemoryMarshal.Read<uint>(stat[104..])),
            Device = ((ulong)MemoryMarshal.Read<uint>(stat[136..]) << 32) | MemoryMarshal.Read<uint>(stat[140..]),
            Inode = MemoryMarshal.Read<ulong>(stat[32..]),
            Uid = MemoryMarshal.Read<int>(stat[20..]),
            Gid = MemoryMarshal.Read<int>(stat[24..]),
            LinkCount = MemoryMarshal.Read<uint>(stat[16..]),
            IsMountRoot = (MemoryMarshal.Read<ulong>(stat[8..]) & MemoryMarshal.Read<ulong>(stat[56..]) & MountRootAttribute) != 0,
        };
    }

    private static UnixStat DecodeMac(ReadOnlySpan<byte> stat)
    {
        var mode = MemoryMarshal.Read<ushort>(stat[4..]);
        return new UnixStat
        {
            Kind = KindOf(mode),
            Mode = mode & 0xfff,
            Size = MemoryMarshal.Read<long>(stat[96..]),
            ModifiedNs = Nanoseconds(MemoryMarshal.Read<long>(stat[48..]), MemoryMarshal.Read<long>(stat[56..])),
            ChangedNs = Nanoseconds(MemoryMarshal.Read<long>(stat[64..]), MemoryMarshal.Read<long>(stat[72..])),
            Device = MemoryMarshal.Read<uint>(stat),
            Inode = MemoryMarshal.Read<ulong>(stat[8..]),
            Uid = MemoryMarshal.Read<int>(stat[16..]),
            Gid = MemoryMarshal.Read<int>(stat[20..]),
            LinkCount = MemoryMarshal.Read<ushort>(stat[6..]),
        };
    }

    private static EntryKind KindOf(int mode) => (mode & 0xf000) switch
    {
        0x8000 => EntryKind.File,
        0x4000 => EntryKind.Directory,
        0xa000 => EntryKind.Symlink,
        _ => EntryKind.Special,
    };

    // A timestamp beyond the year 2262 does not fit; the nearest one that does stands for it.
    private static long Nanoseconds(long seconds, long nanoseconds) => seconds switch
    {
        > 9_223_372_035 => long.MaxValue,
        < -9_223_372_035 => long.MinValue,
        _ => (seconds * 1_000_000_000) + nanoseconds,
    };
}

/// <summary>One name of a directory and its attributes.</summary>
internal readonly record struct UnixEntry(byte[] Name, UnixStat Stat);
