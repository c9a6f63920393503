using System.Text;

namespace DepSync.Sftp;

/// <summary>One entry of a listing. The name is one component: not empty, no slash, no NUL, at most 255 bytes; <c>.</c> and <c>..</c> are left out.</summary>
internal readonly record struct SftpName(byte[] Name, SftpAttributes Attributes);

/// <summary>What a request may be answered with; a status that tells a failure is always allowed.</summary>
internal enum SftpExpected : byte
{
    Status,
    Handle,
    Contents,

    /// <summary>Entries of a directory.</summary>
    Entries,

    /// <summary>The one path that REALPATH and READLINK answer.</summary>
    OnePath,
    Attributes,
    Extended,
    Version,
}

/// <summary>
/// A decoded reply. With a <see cref="Status"/> other than Ok only that and <see cref="Message"/> count. <see cref="Bytes"/>: a handle, a path or the body of an extended reply.
/// </summary>
internal readonly record struct SftpReply(SftpStatus Status)
{
    /// <summary>Type, id, two empty strings and a flag word.</summary>
    private const int MinNameSize = 12;

    /// <summary>Longer texts are cut: a message is for people.</summary>
    private const int MaxMessage = 512;

    public string? Message { get; init; }

    public byte[]? Bytes { get; init; }

    /// <summary>Bytes that were read into the caller's buffer.</summary>
    public int Length { get; init; }

    public SftpAttributes Attributes { get; init; }

    public SftpName[]? Names { get; init; }

    /// <summary>Entries that the server sent, <c>.</c> and <c>..</c> included: 0 tells a server that goes in circles.</summary>
    public int Sent { get; init; }

    /// <summary>Decodes a packet's body after its type and id. <paramref name="destination"/> takes what READ brings; it is as long as what was asked for.</summary>
    /// <exception cref="SftpProtocolException">The packet is malformed, or no answer to what was asked.</exception>
    public static SftpReply Decode(SftpExpected expected, SftpPacketType type, ref SftpPacketReader reader, Span<byte> destination)
    {
        if (type == SftpPacketType.Status)
        {
            return DecodeStatus(expected, ref reader);
        }
        return (expected, type) switch
        {
            (SftpExpected.Handle, SftpPacketType.Handle) => new(SftpStatus.Ok) { Bytes = DecodeHandle(ref reader) },
            (SftpExpected.Contents, SftpPacketType.Contents) => new(SftpStatus.Ok) { Length = DecodeContents(ref reader, destination) },
            (SftpExpected.Entries, SftpPacketType.Name) => DecodeEntries(ref reader),
            (SftpExpected.OnePath, SftpPacketType.Name) => new(SftpStatus.Ok) { Bytes = DecodePath(ref reader) },
            (SftpExpected.Attributes, SftpPacketType.Attributes) => new(SftpStatus.Ok) { Attributes = SftpAttributes.Read(ref reader) },
            (SftpExpected.Extended, SftpPacketType.ExtendedReply) => new(SftpStatus.Ok) { Bytes = reader.Rest().ToArray() },
            (SftpExpected.Version, SftpPacketType.Version) => new(SftpStatus.Ok) { Bytes = reader.Rest().ToArray() },
            _ => throw new SftpProtocolException($"a reply of type {(byte)type} where {expected} was due"),
        };
    }

    private static SftpReply DecodeStatus(SftpExpected expected, ref SftpPacketReader reader)
    {
        var status = (SftpStatus)reader.UInt32();
        if (status == SftpStatus.Ok)
        {
            return expected == SftpExpected.Status ? new(status) : throw new SftpProtocolException($"the status OK where {expected} was due");
        }
        // Some servers leave text and language out.
        var text = reader.Remaining == 0 ? [] : reader.String();
        return new(status) { Message = Encoding.UTF8.GetString(text[..Math.Min(text.Length, MaxMessage)]) };
    }

    private static byte[] DecodeHandle(ref SftpPacketReader reader) =>
        reader.String() is { Length: > 0 and <= SftpProtocol.MaxHandleLength } handle
            ? handle.ToArray()
            : throw new SftpProtocolException("a handle that is empty or longer than 256 bytes");

    private static int DecodeContents(ref SftpPacketReader reader, Span<byte> destination)
    {
        var contents = reader.String();
        if (contents.IsEmpty || contents.Length > destination.Length)
        {
            throw new SftpProtocolException($"{contents.Length} bytes of a file where 1 to {destination.Length} were due");
        }
        contents.CopyTo(destination);
        return contents.Length;
    }

    private static SftpReply DecodeEntries(ref SftpPacketReader reader)
    {
        var count = reader.Count(MinNameSize);
        var names = new SftpName[count];
        var kept = 0;
        for (var i = 0; i < count; i++)
        {
            var name = reader.String();
            reader.String();
            var attributes = SftpAttributes.Read(ref reader);
            if (name.SequenceEqual("."u8) || name.SequenceEqual(".."u8))
            {
                continue;
            }
            if (name.IsEmpty || name.Length > SftpProtocol.MaxNameLength || name.IndexOfAny((byte)'/', (byte)0) >= 0)
            {
                throw new SftpProtocolException($"the file name {SftpText.Quote(name)}");
            }
            names[kept++] = new SftpName(name.ToArray(), attributes);
        }
        return new(SftpStatus.Ok) { Names = kept == count ? names : names[..kept], Sent = count };
    }

    private static byte[] DecodePath(ref SftpPacketReader reader)
    {
        if (reader.Count(MinNameSize) != 1)
        {
            throw new SftpProtocolException("other than one path where one was due");
        }
        var path = reader.String();
        return !path.IsEmpty && !path.Contains((byte)0) ? path.ToArray() : throw new SftpProtocolException($"the path {SftpText.Quote(path)}");
    }
}
