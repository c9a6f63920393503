using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace DepSync.Model;

/// <summary>A SHA-256 hash: 32 bytes, written as 64 lower-case hex digits. Immutable.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct Digest(ulong A, ulong B, ulong C, ulong D)
{
    public const int Size = 32;

    /// <summary>Takes the 32 bytes as the hash function wrote them.</summary>
    public static Digest FromBytes(ReadOnlySpan<byte> bytes) =>
        bytes.Length == Size ? MemoryMarshal.Read<Digest>(bytes) : throw new ArgumentException("A SHA-256 digest has 32 bytes.", nameof(bytes));

    public static Digest Of(ReadOnlySpan<byte> content)
    {
        Span<byte> bytes = stackalloc byte[Size];
        SHA256.HashData(content, bytes);
        return FromBytes(bytes);
    }

    public static bool TryParseHex(ReadOnlySpan<byte> hex, out Digest digest)
    {
        Span<byte> bytes = stackalloc byte[Size];
        var valid = hex.Length == 2 * Size && Convert.FromHexString(hex, bytes, out _, out _) == System.Buffers.OperationStatus.Done;
        digest = valid ? FromBytes(bytes) : default;
        return valid;
    }

    public void CopyTo(Span<byte> bytes) => MemoryMarshal.Write(bytes, in this);

    public override string ToString()
    {
        Span<byte> bytes = stackalloc byte[Size];
        CopyTo(bytes);
        return Convert.ToHexStringLower(bytes);
    }
}
