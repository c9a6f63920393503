using DepSync.Model;
using DepSync.Platform;

namespace DepSync.Workers;

/// <summary>
/// The two pipes of an <c>ssh</c> process as one stream. An end before the first byte is a connect that failed: the read throws <see cref="WorkerLostException"/> with its
/// reason. Later ends are 0 or <see cref="IOException"/>. One reader and one writer at a time; disposing kills the process and cannot hang.
/// </summary>
internal sealed class OpenSshStream : Stream
{
    /// <summary>How long a process that closed its output may take to end and to say why.</summary>
    private static readonly TimeSpan LastWords = TimeSpan.FromSeconds(2);

    private readonly RunningProcess _process;
    private readonly HostKeyOwner _owner;
    private readonly TimeSpan _connectTimeout;
    private readonly Timer _connectTimer;
    private volatile bool _late;
    private volatile bool _disposed;
    private bool _connected;

    public OpenSshStream(RunningProcess process, HostKeyOwner owner, TimeSpan connectTimeout)
    {
        (_process, _owner, _connectTimeout) = (process, owner, connectTimeout);
        _connectTimer = new Timer(_ => OnLate(), null, connectTimeout, Timeout.InfiniteTimeSpan);
    }

    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var count = await _process.Output.ReadAsync(buffer, cancellationToken);
        if (_connected)
        {
            return count;
        }
        if (count > 0)
        {
            _connected = true;
            await _connectTimer.DisposeAsync();
            return count;
        }
        if (_late)
        {
            throw new WorkerLostException(ErrorKind.Unreachable, $"No connection to {_owner.Place} within {_connectTimeout.TotalSeconds:0.###} s.");
        }
        if (_disposed)
        {
            throw new IOException("The connection was closed here.");
        }
        var status = await _process.WaitForExitAsync(LastWords);
        throw OpenSshFailure.Explain(_owner, status, _process.ErrorText);
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        await _process.Input.WriteAsync(buffer, cancellationToken);
        await _process.Input.FlushAsync(cancellationToken);
    }

    public override int Read(byte[] buffer, int offset, int count) => ReadAsync(buffer.AsMemory(offset, count)).AsTask().GetAwaiter().GetResult();

    public override void Write(byte[] buffer, int offset, int count) => WriteAsync(buffer.AsMemory(offset, count)).AsTask().GetAwaiter().GetResult();

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Flush() => _process.Input.Flush();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _disposed = true;
            _connectTimer.Dispose();
            // The killed process closes the far ends: whoever waits in a pipe goes on.
            _process.Dispose();
        }
        base.Dispose(disposing);
    }

    private void OnLate()
    {
        _late = true;
        _process.Kill();
    }
}
