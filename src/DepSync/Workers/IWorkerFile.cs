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

    /// <summary>Size, mode, times and owner as the server has them now.</summary>
    ValueTask<WorkerEntry> StatAsync(CancellationToken cancellationToken);

    ValueTask SetAttributesAsync(AttributeChange change, CancellationToken cancellationToken);

    /// <summary>Brings the file's bytes and attributes to disk. A no-op without <see cref="WorkerCapabilities.DurableFlush"/>.</summary>
    ValueTask FlushAsync(CancellationToken cancellationToken);

    /// <summary>Closes, and tells when that fails.</summary>
    ValueTask CloseAsync(CancellationToken cancellationToken);
}
