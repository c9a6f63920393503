using System.Buffers;
using System.Security.Cryptography;
using DepSync.Model;

namespace DepSync.Scanning;

/// <summary>Hashes a source file's content.</summary>
internal static class FileHasher
{
    /// <summary>What is hashed on one thread while it is looked at on another: a millisecond or less, both fit a processor's cache.</summary>
    private const int PieceSize = 512 * 1024;

    /// <summary>Larger reads are no faster (measured: the processor's SHA-256 is the bound).</summary>
    private const int BufferSize = 256 * 1024;

    /// <summary>Null when the file does not end where it was said to: it is being changed.</summary>
    public static Digest? Hash(SourceFile file, long size, CancellationToken cancellationToken)
    {
        // One byte more than the file has: a read that does not fill it has met the end.
        var buffer = ArrayPool<byte>.Shared.Rent((int)Math.Min(BufferSize, size + 1));
        try
        {
            var count = file.ReadAt(0, buffer);
            if (count < buffer.Length && count == size)
            {
                Span<byte> bytes = stackalloc byte[Digest.Size];
                SHA256.HashData(buffer.AsSpan(0, count), bytes);
                return Digest.FromBytes(bytes);
            }
            return HashFrom(count, (file, size, buffer), cancellationToken);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>
    /// The hash of the first <paramref name="size"/> bytes, each of which is also given to <paramref name="look"/>, in order, while another thread hashes it. Null when there are not so many, or as
    /// soon as that says that it has seen enough.
    /// </summary>
    public static async ValueTask<Digest?> HashAsync(IFileContent file, long size, Func<ReadOnlyMemory<byte>, bool> look, CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var (piece, hashed) = (ArrayPool<byte>.Shared.Rent(PieceSize), ArrayPool<byte>.Shared.Rent(PieceSize));
        var hashing = Task.CompletedTask;
        try
        {
            for (var offset = 0L; offset < size;)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var count = await file.ReadAtAsync(offset, piece.AsMemory(0, (int)Math.Min(PieceSize, size - offset)), cancellationToken);
                await hashing;
                if (count <= 0)
                {
                    return null;
                }
                hashing = HashAsync(hash, piece.AsMemory(0, count));
                if (!look(piece.AsMemory(0, count)))
                {
                    return null;
                }
                (piece, hashed) = (hashed, piece);
                offset += count;
            }
        }
        finally
        {
            await hashing;
            ArrayPool<byte>.Shared.Return(piece);
            ArrayPool<byte>.Shared.Return(hashed);
        }
        return Digest.FromBytes(hash.GetHashAndReset());
    }

    private static async Task HashAsync(IncrementalHash hash, ReadOnlyMemory<byte> piece)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        hash.AppendData(piece.Span);
    }

    /// <summary>The first <paramref name="offset"/> bytes are in the buffer.</summary>
    private static Digest? HashFrom(long offset, (SourceFile File, long Size, byte[] Buffer) source, CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(source.Buffer, 0, (int)offset);
        while (offset > 0 && offset <= source.Size && source.File.ReadAt(offset, source.Buffer) is var count and > 0)
        {
            cancellationToken.ThrowIfCancellationRequested();
            hash.AppendData(source.Buffer, 0, count);
            offset += count;
        }
        if (offset != source.Size)
        {
            return null;
        }
        Span<byte> bytes = stackalloc byte[Digest.Size];
        hash.GetHashAndReset(bytes);
        return Digest.FromBytes(bytes);
    }
}
