using System.Buffers.Binary;

namespace DepSync.Sftp;

/// <summary>Encodes one packet into a buffer that is used again for the next one. Not safe for concurrent use.</summary>
internal sealed class SftpPacketWriter(int capacity = SftpPacketWriter.PathCapacity)
{
    private const int LengthSize = 4;
    private const int IdOffset = 5;

    /// <summary>Fits all but long paths; a buffer that grew beyond <see cref="KeptCapacity"/> is not kept.</summary>
    public const int PathCapacity = 192;

    /// <summary>Fits what has a handle and no path, where handles are as short as OpenSSH's.</summary>
    public const int HandleCapacity = 64;

    private const int KeptCapacity = 2048;

    private byte[] _buffer = new byte[capacity];
    private int _length;

    /// <summary>The packet, length field included, without a payload that follows it.</summary>
    public ReadOnlySpan<byte> Bytes => _buffer.AsSpan(0, _length);

    /// <summary>Starts a packet whose id is set later.</summary>
    public SftpPacketWriter Start(SftpPacketType type)
    {
        if (_buffer.Length > KeptCapacity)
        {
            _buffer = new byte[capacity];
        }
        _length = IdOffset + sizeof(uint);
        _buffer[LengthSize] = (byte)type;
        return this;
    }

    /// <summary>Starts the one packet without an id.</summary>
    public SftpPacketWriter StartInit()
    {
        _length = IdOffset;
        _buffer[LengthSize] = (byte)SftpPacketType.Init;
        return UInt32(SftpProtocol.Version);
    }

    public SftpPacketWriter UInt32(uint value)
    {
        BinaryPrimitives.WriteUInt32BigEndian(Take(sizeof(uint)), value);
        return this;
    }

    public SftpPacketWriter UInt64(ulong value)
    {
        BinaryPrimitives.WriteUInt64BigEndian(Take(sizeof(ulong)), value);
        return this;
    }

    public SftpPacketWriter String(ReadOnlySpan<byte> value)
    {
        UInt32((uint)value.Length);
        value.CopyTo(Take(value.Length));
        return this;
    }

    public SftpPacketWriter String(SftpPath path)
    {
        UInt32((uint)path.Length);
        path.CopyTo(Take(path.Length));
        return this;
    }

    public SftpPacketWriter Attributes(in SftpAttributes attributes)
    {
        attributes.WriteTo(this);
        return this;
    }

    /// <summary>Sets the length field; <paramref name="payload"/> bytes follow the packet on the wire.</summary>
    public void Finish(int payload) => BinaryPrimitives.WriteInt32BigEndian(_buffer, _length - LengthSize + payload);

    public void SetId(uint id) => BinaryPrimitives.WriteUInt32BigEndian(_buffer.AsSpan(IdOffset), id);

    private Span<byte> Take(int count)
    {
        if (_buffer.Length - _length < count)
        {
            Array.Resize(ref _buffer, Math.Max(_buffer.Length * 2, _length + count));
        }
        _length += count;
        return _buffer.AsSpan(_length - count, count);
    }
}
