namespace DepSync.Sftp;

internal readonly record struct SftpOwner(uint Uid, uint Gid);

/// <summary>Seconds since 1970, unsigned as version 3 has them.</summary>
internal readonly record struct SftpTimes(uint Accessed, uint Modified);

/// <summary>The attribute block. What is null is not there, on the way out: left as it is.</summary>
internal readonly record struct SftpAttributes(long? Size = null, SftpOwner? Owner = null, uint? Permissions = null, SftpTimes? Times = null)
{
    private const uint HasSize = 0x1;
    private const uint HasOwner = 0x2;
    private const uint HasPermissions = 0x4;
    private const uint HasTimes = 0x8;
    private const uint HasExtended = 0x80000000;
    private const uint Known = HasSize | HasOwner | HasPermissions | HasTimes | HasExtended;

    /// <summary>Two empty strings.</summary>
    private const int MinExtendedSize = 8;

    public void WriteTo(SftpPacketWriter writer)
    {
        writer.UInt32((Size.HasValue ? HasSize : 0) | (Owner.HasValue ? HasOwner : 0) | (Permissions.HasValue ? HasPermissions : 0) | (Times.HasValue ? HasTimes : 0));
        if (Size is { } size)
        {
            writer.UInt64((ulong)size);
        }
        if (Owner is { } owner)
        {
            writer.UInt32(owner.Uid).UInt32(owner.Gid);
        }
        if (Permissions is { } permissions)
        {
            writer.UInt32(permissions);
        }
        if (Times is { } times)
        {
            writer.UInt32(times.Accessed).UInt32(times.Modified);
        }
    }

    /// <exception cref="SftpProtocolException">Too short, a size beyond 63 bits, or a flag whose fields version 3 does not define.</exception>
    public static SftpAttributes Read(ref SftpPacketReader reader)
    {
        var flags = reader.UInt32();
        if ((flags & ~Known) != 0)
        {
            throw new SftpProtocolException($"attributes with flags 0x{flags:x8}");
        }
        var attributes = new SftpAttributes(
            (flags & HasSize) == 0 ? null : ReadSize(ref reader),
            (flags & HasOwner) == 0 ? null : new SftpOwner(reader.UInt32(), reader.UInt32()),
            (flags & HasPermissions) == 0 ? null : reader.UInt32(),
            (flags & HasTimes) == 0 ? null : new SftpTimes(reader.UInt32(), reader.UInt32()));
        if ((flags & HasExtended) != 0)
        {
            for (var left = reader.Count(MinExtendedSize); left > 0; left--)
            {
                reader.String();
                reader.String();
            }
        }
        return attributes;
    }

    private static long ReadSize(ref SftpPacketReader reader) =>
        reader.UInt64() is var size and <= long.MaxValue ? (long)size : throw new SftpProtocolException("a file size beyond 63 bits");
}
