using System.Buffers.Binary;
using System.Diagnostics;
using System.Runtime.ExceptionServices;
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

    /// <summary>The reply comes while the payload is still being written, and the session ends at that moment: some rounds in a hundred meet there.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_request_is_ended_once_when_its_reply_and_the_end_of_the_session_meet(bool isValid)
    {
        var endedTwice = 0;
        AppDomain.CurrentDomain.FirstChanceException += Count;
        try
        {
            var random = new Random(1);
            for (var round = 0; round < 1_000; round++)
            {
                using var server = new HostileSftpServer { Answer = _ => [] };
                var stream = new BusyStream(server.Stream);
                server.Start();
                var client = await SftpClient.ConnectAsync(stream, new SftpOptions(), default);
                var writing = client.FinishAsync("h"u8.ToArray(), new SftpFinish(0, new byte[30_000])).AsTask();
                await stream.Busy.WaitAsync(Soon);
                var said = server.SayAsync(isValid ? SftpPacket.Status(stream.LastId, 0) : SftpPacket.Handle(stream.LastId, "h"));
                Thread.SpinWait(random.Next(20_000));
                stream.GoOn(null);
                client.Dispose();
                await said;
                await Assert.ThrowsAnyAsync<Exception>(() => writing.WaitAsync(Soon));
            }
        }
        finally
        {
            AppDomain.CurrentDomain.FirstChanceException -= Count;
        }
        Assert.Equal(0, endedTwice);

        void Count(object? sender, FirstChanceExceptionEventArgs e)
        {
            if (e.Exception is InvalidOperationException && new StackTrace().GetFrames().Any(frame => frame.GetMethod()?.DeclaringType?.Name is "SftpRequest" or "SftpFlight"))
            {
                Interlocked.Increment(ref endedTwice);
            }
        }
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

        /// <summary>Of the request of the large write.</summary>
        public uint LastId { get; private set; }

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (buffer.Length > 20_000)
            {
                _busy.SetResult();
                await _goesOn.Task;
                return;
            }
            LastId = buffer.Length >= 9 ? BinaryPrimitives.ReadUInt32BigEndian(buffer.Span[5..]) : 0;
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
