using DepSync.Model;
using Microsoft.Win32.SafeHandles;

namespace DepSync.Workers;

/// <summary>An open file of a <see cref="LocalWindowsWorker"/>. Calls are synchronous; modes and owners are not kept.</summary>
internal sealed class LocalWindowsFile(LocalWindowsWorker worker, RelativePath path, SafeFileHandle handle) : IWorkerFile
{
    public ValueTask<int> ReadAtAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken) =>
        Call(() => RandomAccess.Read(handle, buffer.Span, offset), cancellationToken);

    public ValueTask WriteAtAsync(long offset, ReadOnlyMemory<byte> data, CancellationToken cancellationToken) =>
        Act(() => RandomAccess.Write(handle, data.Span, offset), cancellationToken);

    /// <summary>The disk is here: copying is reading and writing, and that is what sending does.</summary>
    public ValueTask CopyFromAsync(IWorkerFile source, CopyRange range, CancellationToken cancellationToken) =>
        ValueTask.FromException(new WorkerFileException(WorkerFileError.Unsupported, path, "Nothing is copied within a worker of this machine."));

    public ValueTask<WorkerEntry> StatAsync(CancellationToken cancellationToken) =>
        Call(() => new WorkerEntry([], EntryKind.File, RandomAccess.GetLength(handle), new DateTimeOffset(File.GetLastWriteTimeUtc(handle)).ToUnixTimeSeconds(), 0x1ff, null, null), cancellationToken);

    public ValueTask SetAttributesAsync(AttributeChange change, CancellationToken cancellationToken) =>
        Act(() =>
        {
            if (change.Seconds is { } seconds)
            {
                File.SetLastWriteTimeUtc(handle, DateTimeOffset.FromUnixTimeSeconds(seconds).UtcDateTime);
            }
        }, cancellationToken);

    public ValueTask FlushAsync(CancellationToken cancellationToken) => Act(() => RandomAccess.FlushToDisk(handle), cancellationToken);

    public ValueTask CloseAsync(CancellationToken cancellationToken) => Act(handle.Dispose, cancellationToken);

    public ValueTask DisposeAsync()
    {
        handle.Dispose();
        return ValueTask.CompletedTask;
    }

    private ValueTask Act(Action act, CancellationToken cancellationToken)
    {
        var done = Call(() =>
        {
            act();
            return true;
        }, cancellationToken);
        return done.IsCompletedSuccessfully ? ValueTask.CompletedTask : new ValueTask(done.AsTask());
    }

    private ValueTask<T> Call<T>(Func<T> call, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<T>(cancellationToken);
        }
        try
        {
            ObjectDisposedException.ThrowIf(worker.IsClosed, worker);
            return ValueTask.FromResult(call());
        }
        catch (Exception e) when (LocalFailure.Of(e, path) is { } failure)
        {
            return ValueTask.FromException<T>(failure);
        }
    }
}
