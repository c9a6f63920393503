using System.Buffers;
using System.Security.Cryptography;
using DepSync.Model;

namespace DepSync.Scanning;

/// <summary>Hashes a source file's content.</summary>
internal static class FileHasher
{
    /// <summary>Larger reads are no faster (measured: the processor's SHA-256 is the bound).</summary>
    private const int BufferSize = 256 * 1024;

    public static Digest Hash(ReadOnlySpan<byte> content)
    {
        Span<byte> bytes = stackalloc byte[Digest.Size];
        SHA256.HashData(content, bytes);
        return Digest.FromBytes(bytes);
    }

    /// <summary>Null when the file does not end where it was said to: it is being changed.</summary>
    public static Digest? Hash(SourceFile file, long size, CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent((int)Math.Min(BufferSize, size + 1));
        try
        {
            var first = file.ReadAt(0, buffer);
            if (first == size && first < buffer.Length)
            {
                // A regular file gives less than asked for only at its end.
                return Hash(buffer.AsSpan(0, first));
            }
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            hash.AppendData(buffer, 0, first);
            var offset = (long)first;
            while (offset <= size && file.ReadAt(offset, buffer) is var count and > 0)
            {
                cancellationToken.ThrowIfCancellationRequested();
                hash.AppendData(buffer, 0, count);
                offset += count;
            }
            if (offset != size)
            {
                return null;
            }
            Span<byte> bytes = stackalloc byte[Digest.Size];
            hash.GetHashAndReset(bytes);
            return Digest.FromBytes(bytes);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
