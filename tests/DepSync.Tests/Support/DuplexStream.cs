namespace DepSync.Tests.Support;

/// <summary>Two one-way streams as one. Disposing ends both and runs <paramref name="ended"/>.</summary>
internal sealed class DuplexStream(Stream input, Stream output, Action? ended = null) : Stream
{
    private long _offered;

    /// <summary>Bytes that were given to <see cref="WriteAsync(ReadOnlyMemory{byte}, CancellationToken)"/> so far, taken or not.</summary>
    public long Offered => Interlocked.Read(ref _offered);

    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override int Read(byte[] buffer, int offset, int count) => input.Read(buffer, offset, count);

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => input.ReadAsync(buffer, cancellationToken);

    public override void Write(byte[] buffer, int offset, int count) => output.Write(buffer, offset, count);

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        Interlocked.Add(ref _offered, buffer.Length);
        return output.WriteAsync(buffer, cancellationToken);
    }

    public override void Flush() => output.Flush();

    public override Task FlushAsync(CancellationToken cancellationToken) => output.FlushAsync(cancellationToken);

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            ended?.Invoke();
            output.Dispose();
            input.Dispose();
        }
        base.Dispose(disposing);
    }
}
