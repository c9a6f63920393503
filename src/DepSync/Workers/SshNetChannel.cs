using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.InteropServices;
using System.Text;
using Renci.SshNet;
using Renci.SshNet.Common;
using Renci.SshNet.Messages;
using Renci.SshNet.Messages.Connection;

namespace DepSync.Workers;

/// <summary>
/// The <c>sftp</c> subsystem of one connection, as a stream: an SSH session channel (RFC 4254) on SSH.NET's public messages and events. SSH.NET's own channel is not used:
/// it announces a window of 2 GiB and refills it unread, drops what is written after the end, and waits for the peer's window with a deadline of its own.
/// <para>Bounded: the peer may send <see cref="ReceiveWindow"/> bytes beyond what was read; more breaks the protocol and ends the stream.</para>
/// <para>Failure: reading gives what arrived before the end, then 0 after the peer's own end, else <see cref="IOException"/>; writing after an end throws <see cref="IOException"/>.</para>
/// <para>Threads: one reader and one writer at a time. A reader that waits goes on, on a thread of the pool: what it writes may block
/// until the peer reads, and the connection's own thread must take in meanwhile what the peer sends.</para>
/// </summary>
internal sealed class SshNetChannel : Stream
{
    /// <summary>Two megabytes a round trip are enough for listings and read-back even at 200 ms, and bound what a hostile peer can make us hold.</summary>
    private const int ReceiveWindow = 4 << 20;

    private const int ReceivePacket = 1 << 16;
    private const int ErrorTextLimit = 64 << 10;

    /// <summary>SSH.NET counts its own channels from 1, and none is opened on this connection.</summary>
    private const uint LocalNumber = 0;

    private readonly Action<Message> _send;
    private readonly Action _abort;

    private readonly Pipe _received = new(new PipeOptions(
        readerScheduler: PipeScheduler.ThreadPool, writerScheduler: PipeScheduler.Inline, pauseWriterThreshold: 0, minimumSegmentSize: ReceivePacket, useSynchronizationContext: false));

    private readonly TaskCompletionSource _opened = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<bool> _answered = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Guards the fields below; never held during a call out.</summary>
    private readonly Lock _lock = new();
    private readonly StringBuilder _errorText = new();
    private TaskCompletionSource? _windowOpened;
    private Exception? _end;
    private long _sendWindow;
    private long _receiveWindow = ReceiveWindow;
    private int _unannounced;

    private uint _remoteNumber;
    private int _sendPacket;
    private bool _completed;

    /// <summary>Set before the pipe is completed, read after: the pipe orders the two.</summary>
    private Exception? _failure;

    /// <summary><paramref name="send"/> sends a message or throws; <paramref name="abort"/> ends the connection at once without waiting for anything.</summary>
    public SshNetChannel(Session session, Action<Message> send, Action abort)
    {
        (_send, _abort) = (send, abort);
        session.ChannelOpenConfirmationReceived += (_, e) => OnOpened(e.Message);
        session.ChannelOpenFailureReceived += (_, e) => End(new IOException($"The server opened no channel: {e.Message.Description}"));
        session.ChannelSuccessReceived += (_, _) => _answered.TrySetResult(true);
        session.ChannelFailureReceived += (_, _) => _answered.TrySetResult(false);
        session.ChannelWindowAdjustReceived += (_, e) => OnWindow(e.Message.BytesToAdd);
        session.ChannelDataReceived += (_, e) => OnData(e.Message);
        session.ChannelExtendedDataReceived += (_, e) => OnErrorText(e.Message.Data);
        session.ChannelRequestReceived += (_, e) => OnRequest(e.Message);
        session.ChannelEofReceived += (_, _) => Complete(null);
        session.ChannelCloseReceived += (_, _) => End(null);
        session.ErrorOccured += (_, e) => End(new IOException($"The connection ended: {e.Exception.Message}", e.Exception));
        session.Disconnected += (_, _) => End(new IOException("The server ended the connection."));
    }

    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    /// <summary>What the peer wrote to the channel's error stream, bounded.</summary>
    public string ErrorText
    {
        get
        {
            lock (_lock)
            {
                return _errorText.ToString();
            }
        }
    }

    /// <summary>Opens the channel and asks for the subsystem; false when the server refuses the subsystem.</summary>
    /// <exception cref="IOException">The connection ended, or the server opens no channel.</exception>
    public async Task<bool> OpenAsync(string subsystem, CancellationToken cancellationToken)
    {
        Send(new ChannelOpenMessage(LocalNumber, ReceiveWindow, ReceivePacket, new SessionOpenInfo()));
        await _opened.Task.WaitAsync(cancellationToken);
        Send(new ChannelRequestMessage(_remoteNumber, new SubsystemRequest(subsystem)));
        return await _answered.Task.WaitAsync(cancellationToken);
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var result = await _received.Reader.ReadAsync(cancellationToken);
        var available = result.Buffer;
        if (available.IsEmpty)
        {
            _received.Reader.AdvanceTo(available.Start);
            return result.IsCompleted && _failure is null ? 0 : throw new IOException(_failure?.Message ?? "The connection was closed here.", _failure);
        }
        var count = (int)Math.Min(available.Length, buffer.Length);
        available.Slice(0, count).CopyTo(buffer.Span);
        _received.Reader.AdvanceTo(available.GetPosition(count));
        Replenish(count);
        return count;
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (!buffer.IsEmpty)
        {
            var count = await ReserveAsync(buffer.Length, cancellationToken);
            var chunk = MemoryMarshal.TryGetArray(buffer[..count], out var segment) ? segment : new ArraySegment<byte>(buffer[..count].ToArray());
            Send(new ChannelDataMessage(_remoteNumber, chunk.Array!, chunk.Offset, chunk.Count));
            buffer = buffer[count..];
        }
    }

    public override int Read(byte[] buffer, int offset, int count) => ReadAsync(buffer.AsMemory(offset, count)).AsTask().GetAwaiter().GetResult();

    public override void Write(byte[] buffer, int offset, int count) => WriteAsync(buffer.AsMemory(offset, count)).AsTask().GetAwaiter().GetResult();

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _abort();
            Fail(new IOException("The connection was closed here."));
            _received.Reader.CancelPendingRead();
        }
        base.Dispose(disposing);
    }

    /// <summary>How many bytes may go out in the next message; waits while the peer's window is full. Who waits too long is for the caller to decide.</summary>
    private async ValueTask<int> ReserveAsync(int wanted, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task opened;
            lock (_lock)
            {
                if (_end is { } end)
                {
                    throw new IOException(end.Message, end);
                }
                if (_sendWindow > 0)
                {
                    var count = (int)Math.Min(Math.Min(wanted, _sendPacket), _sendWindow);
                    _sendWindow -= count;
                    return count;
                }
                _windowOpened ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                opened = _windowOpened.Task;
            }
            await opened.WaitAsync(cancellationToken);
        }
    }

    private void Send(Message message)
    {
        try
        {
            _send(message);
        }
        catch (Exception e) when (e is not IOException)
        {
            // SSH.NET's own kinds and the socket's: whichever it is, the connection is gone.
            throw new IOException($"The connection ended: {e.Message}", e);
        }
    }

    private void OnOpened(ChannelOpenConfirmationMessage message)
    {
        lock (_lock)
        {
            _remoteNumber = message.RemoteChannelNumber;
            _sendWindow = message.InitialWindowSize;
            // 32 KiB is what every server must take (RFC 4253) and OpenSSH's own size.
            _sendPacket = (int)Math.Clamp(message.MaximumPacketSize, 1, 32 << 10);
        }
        _opened.TrySetResult();
    }

    private void OnWindow(uint bytes)
    {
        TaskCompletionSource? waiting;
        lock (_lock)
        {
            _sendWindow += bytes;
            waiting = _windowOpened;
            _windowOpened = null;
        }
        waiting?.TrySetResult();
    }

    private void OnData(ChannelDataMessage message)
    {
        if (_completed)
        {
            return;
        }
        if (!Take(message.Size))
        {
            End(new IOException("The peer sent more than its window allows."));
            _abort();
            return;
        }
        _received.Writer.Write(message.Data.AsSpan(message.Offset, message.Size));
        // Nothing pauses this writer: the flush is complete when it returns.
        var flushed = _received.Writer.FlushAsync();
        if (!flushed.IsCompletedSuccessfully)
        {
            throw new InvalidOperationException("The pipe paused its writer.");
        }
    }

    private void OnErrorText(byte[] data)
    {
        if (!Take(data.Length))
        {
            End(new IOException("The peer sent more than its window allows."));
            _abort();
            return;
        }
        lock (_lock)
        {
            var room = Math.Min(data.Length, ErrorTextLimit - _errorText.Length);
            _errorText.Append(Encoding.UTF8.GetString(data, 0, Math.Max(room, 0)));
        }
        Replenish(data.Length);
    }

    private void OnRequest(ChannelRequestMessage message)
    {
        // The first byte says whether an answer is wanted; sshd's keepalive wants one, and "failure" is what OpenSSH answers too.
        if (message.RequestData is [not 0, ..])
        {
            try
            {
                _send(new ChannelFailureMessage(_remoteNumber));
            }
            catch (Exception e) when (e is SshException or System.Net.Sockets.SocketException or ObjectDisposedException)
            {
                End(new IOException($"The connection ended: {e.Message}", e));
            }
        }
    }

    private bool Take(int count)
    {
        lock (_lock)
        {
            _receiveWindow -= count;
            return _receiveWindow >= 0;
        }
    }

    /// <summary>Lets the peer send what was read, in halves of the window: one small message for two megabytes.</summary>
    private void Replenish(int count)
    {
        int announced;
        lock (_lock)
        {
            _unannounced += count;
            if (_unannounced < ReceiveWindow / 2 || _end is not null)
            {
                return;
            }
            announced = _unannounced;
            _unannounced = 0;
            _receiveWindow += announced;
        }
        Send(new ChannelWindowAdjustMessage(_remoteNumber, (uint)announced));
    }

    /// <summary>The channel is over, by the peer's close (null) or by a failure; on the connection's thread.</summary>
    private void End(Exception? failure)
    {
        Fail(failure ?? new IOException("The server closed the channel."));
        Complete(failure);
    }

    private void Fail(Exception failure)
    {
        TaskCompletionSource? waiting;
        lock (_lock)
        {
            _end ??= failure;
            waiting = _windowOpened;
            _windowOpened = null;
        }
        waiting?.TrySetResult();
        _opened.TrySetException(failure);
        _answered.TrySetException(failure);
    }

    /// <summary>Only on the connection's thread, as every use of the pipe's writer.</summary>
    private void Complete(Exception? failure)
    {
        if (!_completed)
        {
            _completed = true;
            _failure = failure;
            _received.Writer.Complete();
        }
    }

    private sealed class SessionOpenInfo : ChannelOpenInfo
    {
        public override string ChannelType => "session";
    }

    private sealed class SubsystemRequest : RequestInfo
    {
        private readonly byte[] _name;

        public SubsystemRequest(string name)
        {
            _name = Encoding.ASCII.GetBytes(name);
            WantReply = true;
        }

        public override string RequestName => "subsystem";

        protected override int BufferCapacity => base.BufferCapacity + 4 + _name.Length;

        protected override void SaveData()
        {
            base.SaveData();
            WriteBinaryString(_name);
        }
    }
}
