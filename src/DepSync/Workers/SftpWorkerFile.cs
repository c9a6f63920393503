using System.Runtime.CompilerServices;
using DepSync.Model;
using DepSync.Sftp;

namespace DepSync.Workers;

/// <summary>
/// One open handle of an SFTP worker. Results, failures and threads as <see cref="IWorkerFile"/> says. A handle that was closed throws <see cref="ObjectDisposedException"/>.
/// </summary>
internal sealed class SftpWorkerFile(SftpClient client, SftpFailures failures, RelativePath path, byte[] handle) : IWorkerFile
{
    private long _end;
    private int _closed;

    private byte[] Handle => handle;

    private SftpClient Client => client;

    /// <summary>Is returned when the handle's CLOSE is asked for.</summary>
    public SftpLease? Lease { get; init; }

    /// <summary>Whether what is asked for next, of whatever, comes behind the CLOSE.</summary>
    public bool ClosesInOrder { get; init; } = true;

    public ValueTask<int> ReadAtAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        ThrowIfClosed();
        return buffer.IsEmpty ? ValueTask.FromResult(0) : failures.Of(path, client.ReadAsync(handle, offset, buffer, cancellationToken));
    }

    public ValueTask WriteAtAsync(long offset, ReadOnlyMemory<byte> data, CancellationToken cancellationToken)
    {
        ThrowIfClosed();
        InterlockedMax(ref _end, offset + data.Length);
        if (data.IsEmpty)
        {
            return ValueTask.CompletedTask;
        }
        return failures.Of(
            path,
            data.Length <= client.Limits.MaxWrite ? client.WriteAsync(handle, offset, data, cancellationToken) : WritePiecesAsync(offset, data, cancellationToken));
    }

    /// <summary>
    /// Two requests in one flight. OpenSSH answers OK to a copy that met a full disk, the end of its source or a handle of the wrong kind, so the size is looked at behind each one.
    /// </summary>
    public async ValueTask CopyFromAsync(IWorkerFile source, CopyRange range, CancellationToken cancellationToken)
    {
        ThrowIfClosed();
        if (source is not SftpWorkerFile from || from.Client != client || range.Length is < 1 or > CopyRange.Longest)
        {
            // A length of 0 means "to the end of the file".
            throw new ArgumentException("Only so many bytes of a file of the same session can be copied.", nameof(range));
        }
        from.ThrowIfClosed();
        if (!client.Extensions.CopyRange)
        {
            throw new WorkerFileException(WorkerFileError.Unsupported, path, "The server does not copy between files.");
        }
        var end = range.To + range.Length;
        InterlockedMax(ref _end, end);
        var copy = failures.Of(path, client.CopyAsync(new SftpCopyRange(from.Handle, range.Offset, range.Length, handle, range.To), cancellationToken)).AsTask();
        var stat = StatAsync(cancellationToken).AsTask();
        await Task.WhenAll(copy, stat);
        if ((await stat).Size is var size && size != end)
        {
            throw new WorkerFileException(WorkerFileError.Failure, path, $"The copy of {range.Length} bytes was said to be done, but the file has {size} bytes and not {end}.");
        }
    }

    public async ValueTask<WorkerEntry> StatAsync(CancellationToken cancellationToken)
    {
        ThrowIfClosed();
        return await failures.Of(path, client.FstatAsync(handle, cancellationToken)) is { } attributes
            ? SftpEntries.Entry([], attributes)
            : throw Gone();
    }

    /// <summary>
    /// Owner first and in a request of its own: a change of owner clears the setuid bit, and one that is refused must not keep mode and times from being set.
    /// A refused owner is thrown after the rest was applied.
    /// </summary>
    public async ValueTask SetAttributesAsync(AttributeChange change, CancellationToken cancellationToken)
    {
        ThrowIfClosed();
        var owner = SftpEntries.Owner(change) is { } first ? client.FsetstatAsync(handle, first, cancellationToken) : ValueTask.CompletedTask;
        var rest = SftpEntries.ModeAndTimes(change) is { } second ? client.FsetstatAsync(handle, second, cancellationToken) : ValueTask.CompletedTask;
        try
        {
            await failures.Of(path, owner);
        }
        catch (WorkerFileException)
        {
            await failures.Of(path, rest);
            throw;
        }
        await failures.Of(path, rest);
    }

    public ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        ThrowIfClosed();
        return client.Extensions.Fsync
            ? failures.Of(path, client.FsyncAsync(handle, Interlocked.Read(ref _end), cancellationToken))
            : ValueTask.CompletedTask;
    }

    public ValueTask CloseAsync(CancellationToken cancellationToken)
    {
        if (Interlocked.Exchange(ref _closed, 1) != 0)
        {
            return ValueTask.CompletedTask;
        }
        var closing = client.CloseAsync(handle, cancellationToken);
        Lease?.Return();
        return failures.Of(path, closing);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<WorkerEntry> FinishAsync(FileFinish finish)
    {
        ObjectDisposedException.ThrowIf(Interlocked.Exchange(ref _closed, 1) != 0, this);
        var ending = new SftpFinish(finish.Offset, finish.Content)
        {
            Owner = finish.Owner is { } owner ? SftpEntries.Owner(owner) : null,
            Attributes = finish.Attributes is { } attributes ? SftpEntries.ModeAndTimes(attributes) : null,
            Fsync = finish.Flush == FileFlush.ToDisk && client.Extensions.Fsync ? Math.Max(Interlocked.Read(ref _end), finish.Offset + finish.Content.Length) : null,
        };
        var finishing = client.FinishAsync(handle, ending);
        Lease?.Return();
        try
        {
            return SftpEntries.Entry([], await finishing);
        }
        catch (Exception exception) when (failures.Of(path, exception) is { } failure)
        {
            throw failure;
        }
    }

    public ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _closed, 1) != 0)
        {
            return ValueTask.CompletedTask;
        }
        var closing = ClosesInOrder ? ValueTask.CompletedTask : CloseQuietlyAsync();
        if (ClosesInOrder)
        {
            client.CloseUnwatched(handle);
        }
        Lease?.Return();
        return closing;
    }

    /// <summary>Waits, so that a removal that follows finds no open file: there are servers where that counts.</summary>
    private async ValueTask CloseQuietlyAsync()
    {
        try
        {
            await client.CloseAsync(handle, CancellationToken.None);
        }
        catch (Exception exception) when (exception is SftpException or SftpLostException)
        {
            // As if nobody had looked.
        }
    }

    /// <summary>All pieces are in flight at once; the memory is free when the last of them ended, whatever the first said.</summary>
    private async ValueTask WritePiecesAsync(long offset, ReadOnlyMemory<byte> data, CancellationToken cancellationToken)
    {
        var most = client.Limits.MaxWrite;
        var pieces = new Task[(data.Length + most - 1) / most];
        for (var i = 0; i < pieces.Length; i++)
        {
            var from = i * most;
            pieces[i] = client.WriteAsync(handle, offset + from, data[from..Math.Min(from + most, data.Length)], cancellationToken).AsTask();
        }
        await Task.WhenAll(pieces);
    }

    private WorkerFileException Gone() => new(WorkerFileError.Failure, path, "The file does not exist any more.");

    private void ThrowIfClosed() => ObjectDisposedException.ThrowIf(Volatile.Read(ref _closed) != 0, this);

    private static void InterlockedMax(ref long target, long value)
    {
        for (var seen = Interlocked.Read(ref target); seen < value;)
        {
            seen = Interlocked.CompareExchange(ref target, value, seen) is var before && before == seen ? value : before;
        }
    }
}
