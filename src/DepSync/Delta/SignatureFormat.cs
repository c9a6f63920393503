using System.Buffers.Binary;
using System.IO.Hashing;

namespace DepSync.Delta;

/// <summary>A signature as bytes: a header (magic and format, hash of the body), block size and count, then all lengths, all weak checksums, all strong hashes; little endian. Pure.</summary>
internal static class SignatureFormat
{
    private const int HashSize = 16;
    private const int BytesPerBlock = sizeof(int) + sizeof(uint) + HashSize;

    /// <summary>The last byte is the format: another format is no signature.</summary>
    private static ReadOnlySpan<byte> Magic => "DSSIGN\0\x01"u8;

    private static int HeaderSize => Magic.Length + HashSize;

    public static byte[] Write(BlockSignature signature)
    {
        var bytes = new byte[HeaderSize + (2 * sizeof(int)) + (signature.Count * BytesPerBlock)];
        var body = bytes.AsSpan(HeaderSize);
        BinaryPrimitives.WriteInt32LittleEndian(body, signature.BlockSize);
        BinaryPrimitives.WriteInt32LittleEndian(body[sizeof(int)..], signature.Count);
        var rest = body[(2 * sizeof(int))..];
        foreach (var length in signature.Lengths)
        {
            BinaryPrimitives.WriteInt32LittleEndian(rest, length);
            rest = rest[sizeof(int)..];
        }
        foreach (var weak in signature.Weak)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(rest, weak);
            rest = rest[sizeof(uint)..];
        }
        foreach (var strong in signature.Strong)
        {
            BinaryPrimitives.WriteUInt128LittleEndian(rest, strong);
            rest = rest[HashSize..];
        }
        Magic.CopyTo(bytes);
        XxHash128.Hash(body, bytes.AsSpan(Magic.Length));
        return bytes;
    }

    /// <summary>Null for anything but a whole signature of this format.</summary>
    public static BlockSignature? Read(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < HeaderSize + (2 * sizeof(int)) || !bytes.StartsWith(Magic))
        {
            return null;
        }
        var body = bytes[HeaderSize..];
        Span<byte> hash = stackalloc byte[HashSize];
        XxHash128.Hash(body, hash);
        var blockSize = BinaryPrimitives.ReadInt32LittleEndian(body);
        var count = BinaryPrimitives.ReadInt32LittleEndian(body[sizeof(int)..]);
        var rest = body[(2 * sizeof(int))..];
        if (!hash.SequenceEqual(bytes.Slice(Magic.Length, HashSize)) || blockSize < BlockSignature.SmallestBlock || count < 0 || rest.Length != (long)count * BytesPerBlock)
        {
            return null;
        }
        var (lengths, weak, strong) = (new int[count], new uint[count], new UInt128[count]);
        for (var i = 0; i < count; i++)
        {
            lengths[i] = BinaryPrimitives.ReadInt32LittleEndian(rest[(i * sizeof(int))..]);
            weak[i] = BinaryPrimitives.ReadUInt32LittleEndian(rest[((count + i) * sizeof(int))..]);
            strong[i] = BinaryPrimitives.ReadUInt128LittleEndian(rest[((2 * count * sizeof(int)) + (i * HashSize))..]);
        }
        return Array.TrueForAll(lengths, length => length > 0 && length <= blockSize) ? new BlockSignature(blockSize, lengths, weak, strong) : null;
    }
}
