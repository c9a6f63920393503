namespace DepSync.Workers;

/// <summary>
/// A transport's stream that holds bytes back as the run's <see cref="BandwidthLimit"/>s say, in pieces, so that all workers get their turn. Counts what is written and
/// read here: before encryption and compression, without login. One reader and one writer at a time; a wait ends with its token or, with <see cref="IOException"/>, when
/// the stream is disposed. Owns <paramref name="inner"/>.
/// </summary>
internal sealed class LimitedStream(Stream inner, BandwidthLimit sending, BandwidthLimit receiving, TimeProvider clock) : Stream
{
    private readonly CancellationTokenSource _closing = new();

    /// <summary>When what was read last is paid for. The reader's own.</summary>
    private long _readPaid = long.MinValue;

    private int _waiting;
    private long _heldBackUntil = long.MinValue;

    /// <summary>The transport's stream, and whatever further ones it opens: they share the rate.</summary>
    public static TransportStream Around(TransportStream transport, BandwidthLimit sending, BandwidthLimit receiving, TimeProvider clock)
    {
        var limited = new LimitedStream(transport.Stream, sending, receiving, clock);
        OpenMoreStreams? more = transport.OpenMore is { } open ? OpenMoreAsync : null;
        return transport with { Stream = limited, HeldBackUntil = limited.HeldBackUntil, OpenMore = more };

        async Task<IReadOnlyList<TransportStream>> OpenMoreAsync(int count, CancellationToken cancellationToken) =>
            [.. (await open(count, cancellationToken)).Select(further => Around(further, sending, receiving, clock))];
    }

    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    /// <summary>The clock's timestamp up to which something was held back; now, while something is.</summary>
    public long HeldBackUntil() => Volatile.Read(ref _waiting) > 0 ? clock.GetTimestamp() : Interlocked.Read(ref _heldBackUntil);

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        await WaitUntilAsync(_readPaid, cancellationToken);
        var count = await inner.ReadAsync(buffer[..Math.Min(buffer.Length, receiving.Piece)], cancellationToken);
        _readPaid = count == 0 ? long.MinValue : receiving.Reserve(count);
        return count;
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (!buffer.IsEmpty)
        {
            var piece = buffer[..Math.Min(buffer.Length, sending.Piece)];
            await WaitUntilAsync(sending.Reserve(piece.Length), cancellationToken);
            await inner.WriteAsync(piece, cancellationToken);
            buffer = buffer[piece.Length..];
        }
    }

    public override int Read(byte[] buffer, int offset, int count) => ReadAsync(buffer.AsMemory(offset, count)).AsTask().GetAwaiter().GetResult();

    public override void Write(byte[] buffer, int offset, int count) => WriteAsync(buffer.AsMemory(offset, count)).AsTask().GetAwaiter().GetResult();

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Flush() => inner.Flush();

    public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            // Not disposed: a wait that begins at this moment still asks for its token.
            _closing.Cancel();
            inner.Dispose();
        }
        base.Dispose(disposing);
    }

    private async ValueTask WaitUntilAsync(long due, CancellationToken cancellationToken)
    {
        while (due > clock.GetTimestamp())
        {
            Interlocked.Increment(ref _waiting);
            try
            {
                // Whole milliseconds, rounded up: the system's timers know no less and would come early.
                var rest = Math.Ceiling(clock.GetElapsedTime(clock.GetTimestamp(), due).TotalMilliseconds);
                using var either = cancellationToken.CanBeCanceled ? CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _closing.Token) : null;
                await Task.Delay(TimeSpan.FromMilliseconds(Math.Max(1, rest)), clock, either?.Token ?? _closing.Token);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                throw new IOException("The connection was closed here.");
            }
            finally
            {
                Interlocked.Exchange(ref _heldBackUntil, clock.GetTimestamp());
                Interlocked.Decrement(ref _waiting);
            }
        }
    }
}
