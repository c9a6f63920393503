using DepSync.Model;
using DepSync.Workers;

namespace DepSync.Release;

/// <summary>Whole files under <c>.depsync/</c>: records, manifest, journal.</summary>
internal static class SmallFile
{
    /// <summary>With the largest reads 16 MiB: the manifest of some 100,000 entries in one flight.</summary>
    private const int ReadsInFlight = 64;

    /// <summary>As of a file that is staged: with the largest writes they fill a 2 MiB channel window.</summary>
    private const int WritesInFlight = 8;

    /// <summary>The bytes of a file; null when it is absent, no file, or longer than <paramref name="limit"/>, so that a peer cannot make us hold any amount.</summary>
    public static async Task<byte[]?> ReadAsync(IWorkerFileSystem files, RelativePath path, int limit, CancellationToken cancellationToken) =>
        await await OpenedAsync(files, path, limit, cancellationToken);

    /// <summary>As <see cref="ReadAsync"/>, in two parts: ends when the file is open, and so is the one that is read whatever takes its place from then on; the task that it brings ends with the bytes.</summary>
    public static async Task<Task<byte[]?>> OpenedAsync(IWorkerFileSystem files, RelativePath path, int limit, CancellationToken cancellationToken) =>
        ReadOpenAsync(files, await OpenAsync(files, path, cancellationToken), limit, cancellationToken);

    private static async Task<byte[]?> ReadOpenAsync(IWorkerFileSystem files, IWorkerFile? opened, int limit, CancellationToken cancellationToken)
    {
        await using var file = opened;
        if (file is null)
        {
            return null;
        }
        // The first piece is asked for in the flight that asks for the size: a small file takes two flights in all.
        var chunk = files.Capabilities.MaxTransfer;
        var first = new byte[Math.Min(chunk, limit)];
        var stat = file.StatAsync(cancellationToken).AsTask();
        var reading = file.ReadAtAsync(0, first, cancellationToken).AsTask();
        await Task.WhenAll(stat, reading);
        var size = (await stat).Size;
        if (size > limit)
        {
            return null;
        }
        var bytes = new byte[size];
        var begun = (int)Math.Min(await reading, size);
        first.AsSpan(0, begun).CopyTo(bytes);
        var reads = new Queue<Task<bool>>();
        for (var offset = begun; offset < bytes.Length; offset += chunk)
        {
            if (reads.Count == ReadsInFlight && !await reads.Dequeue())
            {
                return null;
            }
            reads.Enqueue(FillAsync(file, bytes.AsMemory(offset, Math.Min(chunk, bytes.Length - offset)), offset, cancellationToken));
        }
        var whole = true;
        while (reads.TryDequeue(out var read))
        {
            whole &= await read;
        }
        return whole ? bytes : null;
    }

    /// <summary>Null also for a directory or a device in the place of one of our records: as damaged as any other content.</summary>
    private static async Task<IWorkerFile?> OpenAsync(IWorkerFileSystem files, RelativePath path, CancellationToken cancellationToken)
    {
        try
        {
            return await files.OpenAsync(path, cancellationToken);
        }
        catch (WorkerFileException) when (!cancellationToken.IsCancellationRequested)
        {
            if (await files.FindAsync(path, cancellationToken) is { Kind: not EntryKind.File })
            {
                return null;
            }
            throw;
        }
    }

    /// <summary>Writes a new file, which must not exist yet, in two flights. What the worker says of it at the end; every answer was OK and its size is that of the bytes.</summary>
    /// <exception cref="OperationCanceledException">Cancelled between two writes of a long one, of which a part is there.</exception>
    public static async Task<WorkerEntry> WriteNewAsync(IWorkerFileSystem files, RelativePath path, ReadOnlyMemory<byte> bytes, FlushMode flush, CancellationToken cancellationToken = default)
    {
        await using var file = await files.CreateFileAsync(path, CancellationToken.None);
        var offset = 0;
        var writes = new List<Task>();
        try
        {
            for (var piece = files.Capabilities.MaxTransfer; bytes.Length - offset > piece; offset += piece)
            {
                if (writes.Count >= WritesInFlight)
                {
                    await writes[^WritesInFlight];
                }
                cancellationToken.ThrowIfCancellationRequested();
                writes.Add(file.WriteAtAsync(offset, bytes.Slice(offset, piece), CancellationToken.None).AsTask());
            }
            var finishing = file.FinishAsync(new FileFinish(offset, bytes[offset..]) { Flush = flush == FlushMode.Durable ? FileFlush.ToDisk : FileFlush.None }).AsTask();
            await Task.WhenAll([.. writes, finishing]);
            var left = await finishing;
            return left.Size == bytes.Length
                ? left
                : throw new WorkerFileException(WorkerFileError.Failure, path, $"{bytes.Length} bytes were written without an error, but the file has {left.Size}.");
        }
        finally
        {
            // The memory is the caller's again.
            await Task.WhenAll(writes).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static async Task<bool> FillAsync(IWorkerFile file, Memory<byte> buffer, long offset, CancellationToken cancellationToken)
    {
        while (!buffer.IsEmpty)
        {
            var count = await file.ReadAtAsync(offset, buffer, cancellationToken);
            if (count == 0)
            {
                return false;
            }
            buffer = buffer[count..];
            offset += count;
        }
        return true;
    }
}

/// <summary>Whether what is written is brought to disk before the run goes on (<c>fsync: default</c>), and how, or not (<c>never</c>).</summary>
internal enum FlushMode
{
    /// <summary>Each file and directory by itself.</summary>
    Durable,

    /// <summary>The whole filesystem at once, when all is written.</summary>
    AtOnce,

    Never,
}
