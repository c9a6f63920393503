using DepSync.Sftp;
using DepSync.Tests.Support;

namespace DepSync.Tests.Sftp;

/// <summary>A session that ends while its stream is at a write that goes on.</summary>
public sealed class SftpBusyStreamTests : IDisposable
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(30);

    private readonly HostileSftpServer _server = new() { Answer = _ => [] };

    public void Dispose() => _server.Dispose();

    /// <summary>A channel that is closed does not end a write that waits for the connection, which others use too.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_write_that_is_lost_on_its_way_ends_when_its_memory_is_free(bool fails)
    {
        var stream = new BusyStream(_server.Stream);
        _server.Start();
        using var client = await SftpClient.ConnectAsync(stream, new SftpOptions(), default);
        var other = client.LstatAsync("x"u8, default).AsTask();
        var writing = client.WriteAsync("h"u8.ToArray(), 0, new byte[200_000], default).AsTask();
        await stream.Busy.WaitAsync(Soon);
        client.Dispose();
        // All but the one that is being written hear of it before this.
        await Assert.ThrowsAsync<SftpLostException>(() => other.WaitAsync(Soon));
        Assert.False(writing.IsCompleted);
        stream.GoOn(fails ? new IOException("closed") : null);
        Assert.Equal(SftpLoss.Disposed, (await Assert.ThrowsAsync<SftpLostException>(() => writing.WaitAsync(Soon))).Loss);
    }

    /// <summary>Keeps a large write until it is told to go on, whatever happens meanwhile.</summary>
    private sealed class BusyStream(Stream inner) : Stream
    {
        private readonly TaskCompletionSource _busy = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _goesOn = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Busy => _busy.Task;

        public override bool CanRead => true;

        public override bool CanWrite => true;

        public override bool CanSeek => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public void GoOn(Exception? failure)
        {
            if (failure is null)
            {
                _goesOn.SetResult();
            }
            else
            {
                _goesOn.SetException(failure);
            }
        }

        public override int Read(byte[] buffer, int offset, int count) => inner.Read(buffer, offset, count);

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (buffer.Length > 100_000)
            {
                _busy.SetResult();
                await _goesOn.Task;
                return;
            }
            await inner.WriteAsync(buffer, cancellationToken);
        }

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                inner.Dispose();
            }
            base.Dispose(disposing);
        }
    }
}
