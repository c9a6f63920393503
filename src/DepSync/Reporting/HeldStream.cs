namespace DepSync.Reporting;

/// <summary>
/// Holds back what is written for a second or 64 KiB, whichever comes first: 10,000 changes are some writes and not 10,000. What a killed process loses is the last
/// second. <see cref="Flush"/> is what a writer calls behind each line and does nothing by itself; <see cref="WriteThrough"/> brings all to the system, and so does the write with which
/// the file reaches its size limit, so that it ends with that line. Safe for concurrent calls. Owns the stream below, whose position is its end.
/// </summary>
internal sealed class HeldStream : Stream
{
    private const int Size = 64 << 10;

    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(1);

    private readonly Stream _inner;
    private readonly long _limit;
    private readonly ITimer _timer;
    private readonly Lock _lock = new();
    private readonly byte[] _held = new byte[Size];
    private long _position;
    private int _count;
    private bool _closed;

    /// <summary>What the timer met, for the next who asks. The lock's, as all above.</summary>
    private IOException? _failure;

    public HeldStream(Stream inner, long limit, TimeProvider time)
    {
        (_inner, _limit, _position) = (inner, limit, inner.Length);
        _timer = time.CreateTimer(static stream => ((HeldStream)stream!).OnTimer(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public override bool CanRead => false;

    public override bool CanWrite => true;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    /// <exception cref="IOException">The system refuses, now or since the last call; what was held is lost.</exception>
    public void WriteThrough()
    {
        lock (_lock)
        {
            WriteThroughLocked();
            if (_failure is { } earlier)
            {
                _failure = null;
                throw earlier;
            }
        }
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        lock (_lock)
        {
            while (!buffer.IsEmpty)
            {
                if (_count == Size)
                {
                    WriteThroughLocked();
                }
                if (_count == 0)
                {
                    _timer.Change(Longest, Timeout.InfiniteTimeSpan);
                }
                var fits = buffer[..Math.Min(buffer.Length, Size - _count)];
                fits.CopyTo(_held.AsSpan(_count));
                _count += fits.Length;
                buffer = buffer[fits.Length..];
            }
            if (_position + _count >= _limit)
            {
                WriteThroughLocked();
            }
        }
    }

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            lock (_lock)
            {
                if (_closed)
                {
                    return;
                }
                _closed = true;
                _timer.Dispose();
                try
                {
                    WriteThroughLocked();
                }
                finally
                {
                    _inner.Dispose();
                }
            }
        }
        base.Dispose(disposing);
    }

    private void WriteThroughLocked()
    {
        if (_count == 0)
        {
            return;
        }
        var count = _count;
        // Gone before it is tried: a disk that is full must neither fill the memory nor have a part written twice.
        _count = 0;
        _inner.Write(_held, 0, count);
        _inner.Flush();
        _position += count;
    }

    private void OnTimer()
    {
        lock (_lock)
        {
            if (_closed)
            {
                return;
            }
            try
            {
                WriteThroughLocked();
            }
            catch (IOException e)
            {
                _failure ??= e;
            }
        }
    }
}
