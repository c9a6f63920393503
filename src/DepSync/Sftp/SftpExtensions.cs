using System.Text;

namespace DepSync.Sftp;

/// <summary>What the server named in its VERSION packet. An extension counts when its version is the one that is spoken here; unknown ones are only listed.</summary>
internal sealed record SftpExtensions
{
    /// <summary>More than any server names; the rest of the list is not kept.</summary>
    private const int MaxNamed = 64;

    private const int MaxNameLength = 128;

    public bool PosixRename { get; private init; }

    public bool Fsync { get; private init; }

    public bool Lsetstat { get; private init; }

    public bool Statvfs { get; private init; }

    public bool Limits { get; private init; }

    public bool Hardlink { get; private init; }

    public bool ExpandPath { get; private init; }

    public bool CopyRange { get; private init; }

    public IReadOnlyList<string> Names { get; private init; } = [];

    /// <summary>Decodes the VERSION packet's body.</summary>
    /// <exception cref="SftpProtocolException">Another version, or a list that is cut off.</exception>
    public static SftpExtensions Read(ReadOnlySpan<byte> body)
    {
        var reader = new SftpPacketReader(body);
        if (reader.UInt32() is var version and not SftpProtocol.Version)
        {
            throw new SftpProtocolException($"SFTP version {version}, where 3 was due");
        }
        var names = new List<string>();
        var offered = new HashSet<string>(StringComparer.Ordinal);
        while (reader.Remaining > 0)
        {
            var name = reader.String();
            var value = reader.String();
            if (names.Count < MaxNamed && name.Length <= MaxNameLength)
            {
                var text = Encoding.UTF8.GetString(name);
                names.Add(text);
                offered.Add($"{text} {Encoding.UTF8.GetString(value[..Math.Min(value.Length, MaxNameLength)])}");
            }
        }
        return new SftpExtensions
        {
            PosixRename = offered.Contains("posix-rename@openssh.com 1"),
            Fsync = offered.Contains("fsync@openssh.com 1"),
            Lsetstat = offered.Contains("lsetstat@openssh.com 1"),
            Statvfs = offered.Contains("statvfs@openssh.com 2"),
            Limits = offered.Contains("limits@openssh.com 1"),
            Hardlink = offered.Contains("hardlink@openssh.com 1"),
            ExpandPath = offered.Contains("expand-path@openssh.com 1"),
            CopyRange = offered.Contains("copy-data 1"),
            Names = names,
        };
    }
}

/// <summary>What one read or write may carry and how many handles may be open, clamped to what is sane whatever the server claims.</summary>
internal readonly record struct SftpLimits(int MaxRead, int MaxWrite, int MaxHandles)
{
    /// <summary>Room for a packet's header beside the bytes that it carries.</summary>
    private const ulong HeaderRoom = 1024;

    /// <summary>What one connection has use for; OpenSSH offers as many as a process may have files open, less five.</summary>
    private const ulong MostHandles = 1024;

    private const ulong HandlesUntold = 64;

    /// <summary>For a server that does not tell.</summary>
    public static SftpLimits Default { get; } = new(SftpProtocol.MinTransfer, SftpProtocol.MinTransfer, (int)HandlesUntold);

    /// <exception cref="SftpProtocolException">Too short.</exception>
    public static SftpLimits Read(ReadOnlySpan<byte> body)
    {
        var reader = new SftpPacketReader(body);
        var packet = reader.UInt64();
        var read = reader.UInt64();
        var write = reader.UInt64();
        var handles = reader.UInt64();
        var room = packet == 0 ? ulong.MaxValue : packet < HeaderRoom ? 0 : packet - HeaderRoom;
        return new SftpLimits(Clamp(Math.Min(read, room)), Clamp(Math.Min(write, room)), (int)Math.Clamp(handles == 0 ? HandlesUntold : handles, 1, MostHandles));
    }

    private static int Clamp(ulong value) => (int)Math.Clamp(value, SftpProtocol.MinTransfer, SftpProtocol.MaxTransfer);
}

/// <summary>Free space for this login; advice only. Numbers that overflow are the largest there is.</summary>
internal readonly record struct SftpSpace(ulong FreeBytes, ulong FreeInodes, bool ReadOnly)
{
    private const ulong ReadOnlyFlag = 1;

    public ulong FilesystemId { get; init; }

    /// <exception cref="SftpProtocolException">Too short.</exception>
    public static SftpSpace Read(ReadOnlySpan<byte> body)
    {
        var reader = new SftpPacketReader(body);
        reader.UInt64(); // f_bsize
        var unit = reader.UInt64();
        reader.UInt64(); // f_blocks
        reader.UInt64(); // f_bfree
        var free = reader.UInt64();
        var files = reader.UInt64(); // f_files: 0 where inodes are made as they are needed
        reader.UInt64(); // f_ffree
        var inodes = reader.UInt64();
        var filesystem = reader.UInt64(); // f_fsid
        var flags = reader.UInt64();
        reader.UInt64(); // f_namemax
        return new SftpSpace(Math.BigMul(unit, free, out var low) == 0 ? low : ulong.MaxValue, files == 0 ? ulong.MaxValue : inodes, (flags & ReadOnlyFlag) != 0) { FilesystemId = filesystem };
    }
}
