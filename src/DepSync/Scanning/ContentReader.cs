using System.Buffers;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using DepSync.Model;
using DepSync.Workers;

namespace DepSync.Scanning;

/// <summary>
/// The contents of a worker's files: hashed where they lie, if the worker does that, else read back: many files in flight, and many reads of a large one, in bounded memory. A file that cannot be read, is gone, or has
/// another size than listed is missing from the result.
/// <para>Failure: <see cref="WorkerLostException"/>. Threads: one call at a time.</para>
/// </summary>
internal sealed class ContentReader(IWorkerFileSystem files)
{
    /// <summary>Every server must answer a read of this size.</summary>
    private const int BlockSize = 32 * 1024;

    /// <summary>8 MiB in flight fill 1 Gbit/s at 64 ms.</summary>
    private const int BlocksInFlight = 256;

    private const int BlocksOfOneFile = 64;

    /// <summary>A small file takes three round trips.</summary>
    private const int FilesInFlight = 64;

    /// <summary>Up to here reading back is as good as asking: a command takes the three round trips of a small file, and this much more than that only below 2 Mbit/s.</summary>
    private const int AsGoodAsAsking = 64 * 1024;

    public async Task<IReadOnlyDictionary<RelativePath, Digest>> HashAsync(IReadOnlyList<FileEntry> entries, CancellationToken cancellationToken)
    {
        var digests = new ConcurrentDictionary<RelativePath, Digest>();
        entries = await AskAsync(entries, digests, cancellationToken);
        using var blocks = new SemaphoreSlim(BlocksInFlight);
        var next = -1;
        await Task.WhenAll(Enumerable.Range(0, Math.Min(FilesInFlight, entries.Count)).Select(_ => HashLaneAsync()));
        return digests;

        async Task HashLaneAsync()
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            for (var i = Interlocked.Increment(ref next); i < entries.Count; i = Interlocked.Increment(ref next))
            {
                if (await HashFileAsync(entries[i], new Budget(hash, blocks), cancellationToken) is { } digest)
                {
                    digests[entries[i].Path] = digest;
                }
            }
        }
    }

    /// <summary>Those that are left to be read back: all where the worker does not hash, and each that it could not.</summary>
    private async Task<IReadOnlyList<FileEntry>> AskAsync(IReadOnlyList<FileEntry> entries, ConcurrentDictionary<RelativePath, Digest> digests, CancellationToken cancellationToken)
    {
        if ((entries.Count <= FilesInFlight && entries.Sum(entry => entry.Size) <= AsGoodAsAsking)
            || await files.HashFilesAsync([.. entries.Select(entry => new SizedPath(entry.Path, entry.Size))], cancellationToken) is not { } answers)
        {
            return entries;
        }
        var left = new List<FileEntry>();
        foreach (var (entry, answer) in entries.Zip(answers))
        {
            if (answer is { } digest)
            {
                digests[entry.Path] = digest;
            }
            else
            {
                left.Add(entry);
            }
        }
        return left;
    }

    private async Task<Digest?> HashFileAsync(FileEntry entry, Budget budget, CancellationToken cancellationToken)
    {
        try
        {
            await using var file = await files.OpenAsync(entry.Path, cancellationToken);
            if (file is null)
            {
                return null;
            }
            var whole = await HashBlocksAsync(file, entry.Size, budget, cancellationToken);
            var digest = Finish(budget.Hash);
            return whole && (await file.StatAsync(cancellationToken)).Size == entry.Size ? digest : null;
        }
        catch (WorkerFileException)
        {
            Finish(budget.Hash);
            return null;
        }
    }

    /// <summary>False when the file ended early. A block is freed once it and all before it are hashed, so files never wait for each other's blocks in a circle.</summary>
    private static async Task<bool> HashBlocksAsync(IWorkerFile file, long size, Budget budget, CancellationToken cancellationToken)
    {
        var inFlight = new Queue<Task<Block>>();
        var (asked, whole) = (0L, true);
        try
        {
            while (whole && (asked < size || inFlight.Count > 0))
            {
                while (asked < size && inFlight.Count < BlocksOfOneFile && (budget.Blocks.Wait(0, CancellationToken.None) || await MayWaitAsync()))
                {
                    var length = (int)Math.Min(BlockSize, size - asked);
                    inFlight.Enqueue(ReadBlockAsync(file, asked, length, cancellationToken));
                    asked += length;
                }
                whole = await HashOldestAsync(inFlight, budget);
            }
            return whole;
        }
        finally
        {
            while (inFlight.TryDequeue(out var left))
            {
                await ((Task)left).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                budget.Blocks.Release();
            }
        }

        async ValueTask<bool> MayWaitAsync()
        {
            if (inFlight.Count > 0)
            {
                return false;
            }
            await budget.Blocks.WaitAsync(cancellationToken);
            return true;
        }
    }

    private static async Task<bool> HashOldestAsync(Queue<Task<Block>> inFlight, Budget budget)
    {
        try
        {
            var block = await inFlight.Dequeue();
            budget.Hash.AppendData(block.Buffer, 0, block.Filled);
            ArrayPool<byte>.Shared.Return(block.Buffer);
            return block.Filled == block.Asked;
        }
        finally
        {
            budget.Blocks.Release();
        }
    }

    private static async Task<Block> ReadBlockAsync(IWorkerFile file, long offset, int length, CancellationToken cancellationToken)
    {
        // A buffer is returned only after its read ended well: a late reply must not land in a buffer that somebody else rents.
        var buffer = ArrayPool<byte>.Shared.Rent(length);
        var filled = 0;
        while (filled < length && await file.ReadAtAsync(offset + filled, buffer.AsMemory(filled, length - filled), cancellationToken) is var read and > 0)
        {
            filled += read;
        }
        return new Block(buffer, length, filled);
    }

    private static Digest Finish(IncrementalHash hash)
    {
        Span<byte> bytes = stackalloc byte[Digest.Size];
        hash.GetHashAndReset(bytes);
        return Digest.FromBytes(bytes);
    }

    private readonly record struct Block(byte[] Buffer, int Asked, int Filled);

    private readonly record struct Budget(IncrementalHash Hash, SemaphoreSlim Blocks);
}
