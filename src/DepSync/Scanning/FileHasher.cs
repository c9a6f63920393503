using System.Buffers;
using System.Security.Cryptography;
using DepSync.Model;

namespace DepSync.Scanning;

/// <summary>Hashes a source file's content.</summary>
internal static class FileHasher
{
    /// <summary>Larger reads are no faster (measured: the processor's SHA-256 is the bound).</summary>
    private const int BufferSize = 256 * 1024;

    /// <summary>Null when the file does not end where it was said to: it is being changed.</summary>
    public static Digest? Hash(SourceFile file, long size, CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = ArrayPool<byte>.Shared.Rent((int)Math.Min(BufferSize, size + 1));
        try
        {
            var offset = 0L;
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
