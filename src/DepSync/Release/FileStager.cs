using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using DepSync.Model;
using DepSync.Scanning;
using DepSync.Workers;

namespace DepSync.Release;

/// <summary>
/// Sends one file into <c>new/</c>: fresh (CREAT+EXCL), ascending, hashed again while it is read. Safe for concurrent calls.
/// </summary>
internal sealed class FileStager(IWorkerFileSystem files, IFileSource source, StageRequest request, ByteBudget budget)
{
    /// <summary>Writes of one file that wait for their status; with the largest writes they fill a 2 MiB channel window.</summary>
    private const int WritesInFlight = 8;

    private const int PermissionBits = 0b111_111_111;

    private readonly StagedAttributes _attributes = new(files, request);

    /// <summary>
    /// Deferral.None when the file is staged: every write, its size, attributes, flush and close were OK and its bytes have the plan's hash. Otherwise, and after an
    /// exception too, nothing of it is left: it may lie in a new directory that goes live as a whole.
    /// </summary>
    /// <param name="slot">Was entered, and is left when the file's close was asked for, if it comes to that.</param>
    /// <exception cref="WorkerFileException">The worker refused a call.</exception>
    /// <exception cref="IOException">The source's file cannot be read.</exception>
    /// <exception cref="DepSyncException">Target: what was sent of it cannot be removed.</exception>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<Deferral> StageAsync(StagedItem item, StagingSlot slot)
    {
        var cancellationToken = slot.CancellationToken;
        if (item.Change.Source!.Size > files.Capabilities.MaxTransfer)
        {
            return await StageLargeAsync(item, slot);
        }
        // What fits in one write is read and hashed before anything is asked for, so two flights stage it: one opens, the other does all the rest.
        var (content, deferral) = await ReadWholeAsync(item.Change.Source, cancellationToken);
        if (deferral != Deferral.None)
        {
            return deferral;
        }
        try
        {
            await using var file = await CreateAsync(item, cancellationToken);
            await FinishOrDropAsync(item, file, content, slot);
        }
        finally
        {
            Return(content);
        }
        slot.Sent.Report(content.Length);
        return Deferral.None;
    }

    /// <summary>The planned bytes, in memory that <see cref="Return"/> takes back; nothing to give back with any other deferral than none.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<(Memory<byte> Content, Deferral Deferral)> ReadWholeAsync(FileEntry entry, CancellationToken cancellationToken)
    {
        await using var original = await source.OpenAsync(entry.Path, cancellationToken);
        if (original is null)
        {
            return (default, Deferral.Vanished);
        }
        if (await ReadAsync(original, 0, (int)entry.Size, cancellationToken) is not { } content)
        {
            return (default, Deferral.Changing);
        }
        if (Digest.Of(content.Span) != entry.Digest)
        {
            Return(content);
            return (default, Deferral.Changing);
        }
        return (content, Deferral.None);
    }

    private async Task<Deferral> StageLargeAsync(StagedItem item, StagingSlot slot)
    {
        var cancellationToken = slot.CancellationToken;
        await using var original = await source.OpenAsync(item.Change.Path, cancellationToken);
        if (original is null)
        {
            return Deferral.Vanished;
        }
        await using var file = await CreateAsync(item, cancellationToken);
        Digest? digest;
        try
        {
            digest = await SendAsync(original, item.Change.Source!, file, slot.Sent, cancellationToken);
        }
        catch (Exception exception) when (exception is WorkerFileException or IOException)
        {
            await DropAsync(item.Staged, file);
            throw;
        }
        if (digest == item.Change.Source!.Digest)
        {
            await FinishOrDropAsync(item, file, default, slot);
            return Deferral.None;
        }
        await DropAsync(item.Staged, file);
        return Deferral.Changing;
    }

    /// <summary>What stands where nothing was made: the worker takes another name that was staged for this one.</summary>
    public static WorkerFileException Taken(RelativePath staged, Exception? inner) =>
        new(WorkerFileError.BadName, staged, "The worker's filesystem takes its name for that of another entry beside it.", inner);

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<IWorkerFile> CreateAsync(StagedItem item, CancellationToken cancellationToken)
    {
        var staged = item.Staged;
        try
        {
            return await files.StageFileAsync(staged, item.Change.Source!.Size, cancellationToken);
        }
        catch (WorkerFileException refusal) when (refusal.Error == WorkerFileError.Failure)
        {
            if (await FindAsync(staged, cancellationToken) is not null)
            {
                throw Taken(staged, refusal);
            }
            throw;
        }
    }

    private async Task<WorkerEntry?> FindAsync(RelativePath path, CancellationToken cancellationToken)
    {
        try
        {
            return await files.FindAsync(path, cancellationToken);
        }
        catch (WorkerFileException)
        {
            return null;
        }
    }

    /// <summary>Closes what is not to be committed and removes it.</summary>
    /// <exception cref="DepSyncException">Target: it cannot be removed.</exception>
    public async Task DropAsync(RelativePath staged, IWorkerFile file)
    {
        await file.DisposeAsync();
        await RemoveAsync(files, staged);
    }

    /// <summary>Removes what is not to be committed.</summary>
    /// <exception cref="DepSyncException">Target: it cannot be removed.</exception>
    public static async Task RemoveAsync(IWorkerFileSystem files, RelativePath staged)
    {
        try
        {
            await files.RemoveFileAsync(staged, CancellationToken.None);
        }
        catch (WorkerFileException exception)
        {
            throw new DepSyncException(ErrorKind.Target, $"what was sent and is not to go live cannot be removed from {staged}: {exception.Message}", "nothing was committed; look at the rights and the space of the target on the worker", exception);
        }
    }

    /// <summary>Sends exactly the planned size; null when the file is shorter than that now. A file that grew is told by its hash or is whole as planned.</summary>
    private async Task<Digest?> SendAsync(IFileContent original, FileEntry entry, IWorkerFile file, IProgress<int> sent, CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using var signer = request.Deltas?.Source.Sign(entry);
        var writes = new Queue<Task>();
        var (taker, taking) = (new Taker(hash, signer), Task.CompletedTask);
        var whole = true;
        try
        {
            for (long offset = 0; offset < entry.Size;)
            {
                // A large file may take minutes, and the budget asks for the token only when it is used up.
                cancellationToken.ThrowIfCancellationRequested();
                var length = (int)Math.Min(files.Capabilities.MaxTransfer, entry.Size - offset);
                var piece = await ReadAsync(original, offset, length, cancellationToken);
                if (piece is null)
                {
                    whole = false;
                    break;
                }
                taking = TakeAsync(taking, taker, piece.Value);
                writes.Enqueue(WriteAsync(file, new FilePiece(offset, piece.Value), sent, taking));
                offset += length;
                if (writes.Count == WritesInFlight)
                {
                    await writes.Dequeue();
                }
            }
        }
        finally
        {
            // Buffers go back to the pool when their writes have ended, so every write is waited for, whatever happened.
            await Task.WhenAll(writes);
        }
        if (!whole)
        {
            return null;
        }
        var digest = Digest.FromBytes(hash.GetHashAndReset());
        if (digest == entry.Digest)
        {
            signer?.Finish();
        }
        return digest;
    }

    /// <summary>On a thread of the pool: a piece is hashed and signed while it is encrypted on the connection's. One after the other, in the order of the calls.</summary>
    private static async Task TakeAsync(Task before, Taker taker, ReadOnlyMemory<byte> piece)
    {
        await before.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        taker.Hash.AppendData(piece.Span);
        taker.Signer?.Append(piece.Span);
    }

    /// <summary>So many bytes of the source, in memory that <see cref="WriteAsync"/> gives back; null when it has not so many any more.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<Memory<byte>?> ReadAsync(IFileContent original, long offset, int length, CancellationToken cancellationToken)
    {
        await budget.AcquireAsync(length, cancellationToken);
        var piece = ArrayPool<byte>.Shared.Rent(length).AsMemory(0, length);
        var whole = false;
        try
        {
            whole = await FillAsync(original, offset, piece, cancellationToken);
        }
        finally
        {
            if (!whole)
            {
                Return(piece);
            }
        }
        return whole ? piece : null;
    }

    /// <summary>
    /// Not cancelled: the memory goes back to the pool when this ends, and an abandoned write would still send from it. <paramref name="taking"/>: somebody else reads from it until then.
    /// </summary>
    public async Task WriteAsync(IWorkerFile file, FilePiece piece, IProgress<int> sent, Task? taking = null)
    {
        try
        {
            await file.WriteAtAsync(piece.Offset, piece.Bytes, CancellationToken.None);
            sent.Report(piece.Bytes.Length);
        }
        finally
        {
            await (taking ?? Task.CompletedTask);
            Return(piece.Bytes);
        }
    }

    private void Return(Memory<byte> data)
    {
        MemoryMarshal.TryGetArray<byte>(data, out var rented);
        ArrayPool<byte>.Shared.Return(rented.Array!);
        budget.Release(data.Length);
    }

    private static async ValueTask<bool> FillAsync(IFileContent original, long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        while (!buffer.IsEmpty)
        {
            var count = await original.ReadAtAsync(offset, buffer, cancellationToken);
            if (count <= 0)
            {
                return false;
            }
            buffer = buffer[count..];
            offset += count;
        }
        return true;
    }

    /// <summary>As <see cref="FinishAsync"/>; what the worker refuses leaves nothing.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask FinishOrDropAsync(StagedItem item, IWorkerFile file, ReadOnlyMemory<byte> content, StagingSlot slot)
    {
        try
        {
            var finishing = FinishAsync(item, file, content, slot.CancellationToken);
            slot.Leave();
            await finishing;
        }
        catch (WorkerFileException)
        {
            await DropAsync(item.Staged, file);
            throw;
        }
    }

    /// <summary>Writes the content of a small file, of any other what is left of it: nothing; sets owner, mode and mtime, and closes. Every status was OK, and all of it but the owner is read back.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public async ValueTask FinishAsync(StagedItem item, IWorkerFile file, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        var entry = item.Change.Source!;
        var wanted = new AttributeChange(files.Capabilities.UnixModes ? entry.Mode & PermissionBits : null, entry.WorkerSeconds);
        var left = await file.FinishAsync(new FileFinish(0, content)
        {
            Owner = request.OwnerFor(item),
            Attributes = wanted,
            Flush = StagingFlush.IsFlushedWhenSent(item, request.Flush, files.Capabilities) ? FileFlush.ToDisk : FileFlush.None,
        });
        if (left.Size != entry.Size)
        {
            throw new WorkerFileException(WorkerFileError.Failure, item.Staged, $"{entry.Size} bytes were written without an error, but the staged file has {left.Size}.");
        }
        await _attributes.EnsureAsync(item.Staged, wanted, left, cancellationToken);
    }

    /// <summary>What the bytes of a file go through in order. <paramref name="Signer"/>: null when the version is signed already.</summary>
    private sealed record Taker(IncrementalHash Hash, SourceDeltas.VersionSigner? Signer);
}

/// <summary>Bytes of a file, and where they begin in it.</summary>
internal readonly record struct FilePiece(long Offset, Memory<byte> Bytes);
