namespace DepSync.Sftp;

/// <summary>Packet types of SFTP version 3.</summary>
internal enum SftpPacketType : byte
{
    Init = 1,
    Version = 2,
    Open = 3,
    Close = 4,
    Read = 5,
    Write = 6,
    Lstat = 7,
    Fstat = 8,
    Setstat = 9,
    Fsetstat = 10,
    OpenDirectory = 11,
    ReadDirectory = 12,
    Remove = 13,
    MakeDirectory = 14,
    RemoveDirectory = 15,
    RealPath = 16,
    Stat = 17,
    Rename = 18,
    ReadLink = 19,
    Symlink = 20,
    Status = 101,
    Handle = 102,
    Contents = 103,
    Name = 104,
    Attributes = 105,
    Extended = 200,
    ExtendedReply = 201,
}

/// <summary>Status codes. Version 3 ends at <see cref="Unsupported"/>; some servers send <see cref="NoSuchPath"/> of later versions.</summary>
internal enum SftpStatus : uint
{
    Ok = 0,
    EndOfFile = 1,
    NoSuchFile = 2,
    PermissionDenied = 3,
    Failure = 4,
    BadMessage = 5,
    NoConnection = 6,
    ConnectionLost = 7,
    Unsupported = 8,
    NoSuchPath = 10,
}

[Flags]
internal enum SftpOpenFlags : uint
{
    Read = 0x01,
    Write = 0x02,
    Append = 0x04,
    Create = 0x08,
    Truncate = 0x10,
    Exclusive = 0x20,
}

/// <summary>The numbers by which both sides of the protocol are bounded.</summary>
internal static class SftpProtocol
{
    public const uint Version = 3;

    /// <summary>Type and id: nothing shorter is a reply. VERSION is type and number, as long.</summary>
    public const int MinPacketLength = 5;

    /// <summary>OpenSSH's own bound, on both of its sides.</summary>
    public const int MaxPacketLength = 256 * 1024;

    /// <summary>Every server must take this much (the draft's 34,000 byte packet).</summary>
    public const int MinTransfer = 32 * 1024;

    /// <summary>A packet less its header: what OpenSSH names in its limits.</summary>
    public const int MaxTransfer = 255 * 1024;

    public const int MaxHandleLength = 256;

    public const int MaxNameLength = 255;
}
