namespace DepSync.Workers;

/// <summary>
/// One open file on a worker. Calls take effect in the order in which they were made. Failure and threads as <see cref="IWorkerFileSystem"/>.
/// <see cref="IAsyncDisposable.DisposeAsync"/> closes without telling a failure; call <see cref="CloseAsync"/> where the status counts.
/// </summary>
internal interface IWorkerFile : IAsyncDisposable
{
    /// <summary>
    /// Reads up to <c>buffer.Length</c> bytes; 0 only at the end of the file. May return fewer.
    /// </summary>
    ValueTask<int> ReadAtAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken);

    /// <summary>
    /// Writes all of <paramref name="data"/>. The memory must stay unchanged until the task has ended. The task may not have begun to send when the call returns
    /// (the window of bytes in flight may be full): whoever writes a large file awaits the oldest of a few calls.
    /// </summary>
    ValueTask WriteAtAsync(long offset, ReadOnlyMemory<byte> data, CancellationToken cancellationToken);

    /// <summary>
    /// Copies bytes of another open file of the same worker to the end of this one, which is where everything that was written before has ended. Only with
    /// <see cref="WorkerCapabilities.CopyRange"/>. Throws also when the size afterwards tells that not all of it was copied, whatever the worker said; that it was the right
    /// bytes is not proved.
    /// </summary>
    ValueTask CopyFromAsync(IWorkerFile source, CopyRange range, CancellationToken cancellationToken);

    /// <summary>Size, mode, times and owner as the server has them now.</summary>
    ValueTask<WorkerEntry> StatAsync(CancellationToken cancellationToken);

    ValueTask SetAttributesAsync(AttributeChange change, CancellationToken cancellationToken);

    /// <summary>Brings the file's bytes and attributes to disk. A no-op without <see cref="WorkerCapabilities.DurableFlush"/>.</summary>
    ValueTask FlushAsync(CancellationToken cancellationToken);

    /// <summary>Closes, and tells when that fails.</summary>
    ValueTask CloseAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Ends a new file, in the order of <see cref="FileFinish"/>; over a network in one flight. Everything is called, and has ended when the task ends: the memory is free then. What the file was when
    /// its size was looked at, with its attributes set. Throws the failure of the earliest call that failed. Not cancelled.
    /// </summary>
    async ValueTask<WorkerEntry> FinishAsync(FileFinish finish)
    {
        var write = finish.Content.IsEmpty ? ValueTask.CompletedTask : WriteAtAsync(finish.Offset, finish.Content, CancellationToken.None);
        var owner = finish.Owner is { } change ? WorkerFileException.IgnoreAsync(SetAttributesAsync(change, CancellationToken.None).AsTask()) : Task.CompletedTask;
        var attributes = finish.Attributes is { } wanted ? SetAttributesAsync(wanted, CancellationToken.None) : ValueTask.CompletedTask;
        var stat = StatAsync(CancellationToken.None).AsTask();
        var flush = finish.Flush == FileFlush.ToDisk ? FlushAsync(CancellationToken.None) : ValueTask.CompletedTask;
        var close = CloseAsync(CancellationToken.None);
        await Task.WhenAll(write.AsTask(), owner, attributes.AsTask(), stat, flush.AsTask(), close.AsTask());
        return await stat;
    }
}

/// <summary>
/// How a new file is ended: what is written last, then its owner (one that the login may not set is no failure: the file is then the login's own, as with every other tool; first, because giving a
/// file away clears bits), mode and mtime, a look at what is there, flush and close.
/// </summary>
internal readonly record struct FileFinish(long Offset, ReadOnlyMemory<byte> Content)
{
    public AttributeChange? Owner { get; init; }

    public AttributeChange? Attributes { get; init; }

    public FileFlush Flush { get; init; }
}

/// <summary>Whether a file is brought to disk before it is closed.</summary>
internal enum FileFlush
{
    None,
    ToDisk,
}

/// <summary>Bytes of one file, and where they go in another; at most <see cref="Longest"/> of them.</summary>
internal readonly record struct CopyRange(long Offset, long Length, long To)
{
    /// <summary>The server does nothing else meanwhile, for some 5 ms; the more of it at once, the longer everything else waits.</summary>
    public const int Longest = 8 << 20;
}
