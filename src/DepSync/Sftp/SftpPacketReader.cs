using System.Buffers.Binary;

namespace DepSync.Sftp;

/// <summary>
/// Decodes one packet's body. Every read is checked against what is left of it, before anything is allocated.
/// </summary>
/// <remarks>All methods throw <see cref="SftpProtocolException"/> when the packet is shorter than it says.</remarks>
internal ref struct SftpPacketReader(ReadOnlySpan<byte> body)
{
    private ReadOnlySpan<byte> _rest = body;

    public readonly int Remaining => _rest.Length;

    public byte Byte() => Take(1)[0];

    public uint UInt32() => BinaryPrimitives.ReadUInt32BigEndian(Take(sizeof(uint)));

    public ulong UInt64() => BinaryPrimitives.ReadUInt64BigEndian(Take(sizeof(ulong)));

    /// <summary>A string's bytes; they live as long as the packet's buffer.</summary>
    public ReadOnlySpan<byte> String()
    {
        var length = UInt32();
        if (length > _rest.Length)
        {
            throw new SftpProtocolException($"a string of {length} bytes in a packet with {_rest.Length} left");
        }
        return Take((int)length);
    }

    /// <summary>A number of things that follow, each at least <paramref name="size"/> bytes long.</summary>
    public int Count(int size)
    {
        var count = UInt32();
        if (count > _rest.Length / size)
        {
            throw new SftpProtocolException($"a list of {count} in a packet with {_rest.Length} bytes left");
        }
        return (int)count;
    }

    public ReadOnlySpan<byte> Rest() => Take(_rest.Length);

    private ReadOnlySpan<byte> Take(int count)
    {
        if (count > _rest.Length)
        {
            throw new SftpProtocolException("a packet that ends too early");
        }
        var taken = _rest[..count];
        _rest = _rest[count..];
        return taken;
    }
}
