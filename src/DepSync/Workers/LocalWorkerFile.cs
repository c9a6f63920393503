using DepSync.Model;
using DepSync.Platform;
using Microsoft.Win32.SafeHandles;

namespace DepSync.Workers;

/// <summary>An open file of a <see cref="LocalWorker"/>. Calls are synchronous. Closing it twice is fine.</summary>
internal sealed class LocalWorkerFile(LocalWorker worker, RelativePath path, SafeFileHandle handle) : IWorkerFile
{
    public ValueTask<int> ReadAtAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        try
        {
            Enter(cancellationToken);
            return ValueTask.FromResult(UnixFile.Read(handle, offset, buffer.Span));
        }
        catch (Exception e) when (Failure(e) is { } failure)
        {
            return ValueTask.FromException<int>(failure);
        }
    }

    public ValueTask WriteAtAsync(long offset, ReadOnlyMemory<byte> data, CancellationToken cancellationToken)
    {
        try
        {
            Enter(cancellationToken);
            UnixFile.Write(handle, offset, data.Span);
            return ValueTask.CompletedTask;
        }
        catch (Exception e) when (Failure(e) is { } failure)
        {
            return ValueTask.FromException(failure);
        }
    }

    /// <summary>The disk is here: copying is reading and writing, and that is what sending does.</summary>
    public ValueTask CopyFromAsync(IWorkerFile source, CopyRange range, CancellationToken cancellationToken) =>
        ValueTask.FromException(new WorkerFileException(WorkerFileError.Unsupported, path, "Nothing is copied within a worker of this machine."));

    public ValueTask<WorkerEntry> StatAsync(CancellationToken cancellationToken)
    {
        try
        {
            Enter(cancellationToken);
            return ValueTask.FromResult(LocalWorker.ToEntry([], UnixFile.Stat(handle)));
        }
        catch (Exception e) when (Failure(e) is { } failure)
        {
            return ValueTask.FromException<WorkerEntry>(failure);
        }
    }

    public ValueTask SetAttributesAsync(AttributeChange change, CancellationToken cancellationToken) => Act(() => LocalAttributes.Set(handle, change), cancellationToken);

    public ValueTask FlushAsync(CancellationToken cancellationToken) => Act(() => UnixFile.Flush(handle), cancellationToken);

    public ValueTask CloseAsync(CancellationToken cancellationToken) => Act(() => UnixFile.Close(handle), cancellationToken);

    public ValueTask DisposeAsync()
    {
        handle.Dispose();
        return ValueTask.CompletedTask;
    }

    private ValueTask Act(Action act, CancellationToken cancellationToken)
    {
        try
        {
            Enter(cancellationToken);
            act();
            return ValueTask.CompletedTask;
        }
        catch (Exception e) when (Failure(e) is { } failure)
        {
            return ValueTask.FromException(failure);
        }
    }

    private void Enter(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        ObjectDisposedException.ThrowIf(worker.IsClosed, worker);
    }

    private Exception? Failure(Exception thrown) => thrown is OperationCanceledException ? thrown : LocalFailure.Of(thrown, path);
}
