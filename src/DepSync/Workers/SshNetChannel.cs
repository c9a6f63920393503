using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.InteropServices;
using System.Text;
using Renci.SshNet.Messages;
using Renci.SshNet.Messages.Connection;

namespace DepSync.Workers;

/// <summary>
/// An SSH session channel (RFC 4254) as a stream, on SSH.NET's public messages: the <c>sftp</c> subsystem, or a command. SSH.NET's own channel is not used:
/// it announces a window of 2 GiB and refills it unread, drops what is written after the end, and waits for the peer's window with a deadline of its own.
/// <para>Bounded: the peer may send <see cref="ReceiveWindow"/> bytes beyond what was read; more breaks the protocol and ends the stream.</para>
/// <para>Failure: reading gives what arrived before the end, then 0 after the peer's own end, else <see cref="IOException"/>; writing after an end throws <see cref="IOException"/>.</para>
/// <para>Threads: one reader and one writer at a time. A reader that waits goes on, on a thread of the pool: what it writes may block
/// until the peer reads, and the connection's own thread must take in meanwhile what the peer sends.</para>
/// </summary>
internal sealed partial class SshNetChannel : Stream
{
    /// <summary>Two megabytes a round trip are enough for listings and read-back even at 200 ms, and bound what a hostile peer can make us hold.</summary>
    private const int ReceiveWindow = 4 << 20;

    private const int ReceivePacket = 1 << 16;
    private const int ErrorTextLimit = 64 << 10;

    private readonly uint _localNumber;
    private readonly Action<Message> _send;
    private readonly Action _abort;

    private readonly Pipe _received = new(new PipeOptions(
        readerScheduler: PipeScheduler.ThreadPool, writerScheduler: PipeScheduler.Inline, pauseWriterThreshold: 0, minimumSegmentSize: ReceivePacket, useSynchronizationContext: false));

    /// <summary>Guards <see cref="_readerBlocks"/>; pulsed when there is something to read for a reader that blocks.</summary>
    private readonly object _arrival = new();

    private bool _readerBlocks;
    private volatile bool _disposed;
    private volatile bool _isCommand;

    private readonly TaskCompletionSource _opened = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<bool> _answered = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<int?> _exited = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Guards the fields below; never held during a call out.</summary>
    private readonly Lock _lock = new();
    private readonly StringBuilder _errorText = new();
    private TaskCompletionSource? _windowOpened;
    private Exception? _end;
    private long _sendWindow;
    private long _receiveWindow = ReceiveWindow;
    private int _unannounced;
    private bool _isOpen;
    private bool _closeWanted;
    private bool _closeSent;

    private uint _remoteNumber;
    private int _sendPacket;
    private bool _completed;

    /// <summary>Set before the pipe is completed, read after: the pipe orders the two.</summary>
    private Exception? _failure;

    /// <summary>
    /// <paramref name="send"/> sends a message or throws; <paramref name="abort"/> ends at once, without waiting for anything, the channel or the connection that is its alone.
    /// What the peer sends comes by the <c>On</c> methods, all of them on the connection's thread.
    /// </summary>
    public SshNetChannel(uint localNumber, Action<Message> send, Action<SshNetChannel> abort)
    {
        _localNumber = localNumber;
        _send = send;
        _abort = () => abort(this);
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

    /// <summary>The exit status of a command once the channel is over; null when the peer did not tell.</summary>
    public Task<int?> Exited => _exited.Task;

    /// <summary>Opens the channel and asks for the subsystem; false when the server refuses the subsystem.</summary>
    /// <exception cref="IOException">The connection ended, or the server opens no channel.</exception>
    public async Task<bool> OpenSubsystemAsync(string name, CancellationToken cancellationToken)
    {
        await BeginAsync(cancellationToken);
        return await RequestSubsystemAsync(name, cancellationToken);
    }

    /// <summary>Opens the channel, which then runs nothing yet.</summary>
    /// <exception cref="IOException">The connection ended, or the server opens no channel.</exception>
    public Task BeginAsync(CancellationToken cancellationToken)
    {
        Send(new ChannelOpenMessage(_localNumber, ReceiveWindow, ReceivePacket, new SessionOpenInfo()));
        return _opened.Task.WaitAsync(cancellationToken);
    }

    /// <summary>Asks for the subsystem in the open channel; false when the server refuses it.</summary>
    /// <exception cref="IOException">The connection ended.</exception>
    public Task<bool> RequestSubsystemAsync(string name, CancellationToken cancellationToken) => RequestAsync("subsystem", name, cancellationToken);

    /// <summary>Opens the channel and starts a command by the login shell; false when the server refuses that.</summary>
    /// <exception cref="IOException">The connection ended, or the server opens no channel.</exception>
    public async Task<bool> OpenCommandAsync(string commandLine, CancellationToken cancellationToken)
    {
        _isCommand = true;
        await BeginAsync(cancellationToken);
        return await RequestAsync("exec", commandLine, cancellationToken);
    }

    /// <summary>Nothing more is written: the command reads the end of its input.</summary>
    public void EndInput() => Send(new ChannelEofMessage(_remoteNumber));

    /// <summary>Asks the peer to end the channel and what runs in it; the connection goes on. Sends, so it may block for as long as the peer does not read.</summary>
    public void RequestClose()
    {
        lock (_lock)
        {
            // An open that is answered later is closed then.
            _closeWanted = true;
            if (_closeSent || !_isOpen)
            {
                return;
            }
            _closeSent = true;
        }
        if (_isCommand)
        {
            // A program that nobody listens to would end at its next write only. An SFTP server reads the end of its input.
            Send(new ChannelRequestMessage(_remoteNumber, new SessionRequest("signal", "TERM", WantReply.No)));
        }
        Send(new ChannelCloseMessage(_remoteNumber));
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var result = await _received.Reader.ReadAsync(cancellationToken);
        return Read(result, buffer.Span);
    }

    /// <summary>Blocks until something is there, or the end.</summary>
    public override int Read(Span<byte> buffer)
    {
        ReadResult result;
        lock (_arrival)
        {
            while (!_received.Reader.TryRead(out result))
            {
                if (_disposed)
                {
                    throw new IOException("The connection was closed here.");
                }
                _readerBlocks = true;
                Monitor.Wait(_arrival);
                _readerBlocks = false;
            }
        }
        return Read(result, buffer);
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

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override void Write(byte[] buffer, int offset, int count) => WriteAsync(buffer.AsMemory(offset, count)).AsTask().GetAwaiter().GetResult();

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Flush()
    {
    }

    /// <summary>Nothing is held back here. That of the base would go through a thread of the pool.</summary>
    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _abort();
            Fail(new IOException("The connection was closed here."));
            _disposed = true;
            _received.Reader.CancelPendingRead();
            Arrived();
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

    private async Task<bool> RequestAsync(string request, string argument, CancellationToken cancellationToken)
    {
        Send(new ChannelRequestMessage(_remoteNumber, new SessionRequest(request, argument, WantReply.Yes)));
        return await _answered.Task.WaitAsync(cancellationToken);
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
        _exited.TrySetResult(null);
    }

    private void Arrived()
    {
        lock (_arrival)
        {
            if (_readerBlocks)
            {
                Monitor.Pulse(_arrival);
            }
        }
    }

    private int Read(ReadResult result, Span<byte> buffer)
    {
        var available = result.Buffer;
        if (available.IsEmpty)
        {
            _received.Reader.AdvanceTo(available.Start);
            return result.IsCompleted && _failure is null ? 0 : throw new IOException(_failure?.Message ?? "The connection was closed here.", _failure);
        }
        var count = (int)Math.Min(available.Length, buffer.Length);
        available.Slice(0, count).CopyTo(buffer);
        _received.Reader.AdvanceTo(available.GetPosition(count));
        Replenish(count);
        return count;
    }

    private sealed class SessionOpenInfo : ChannelOpenInfo
    {
        public override string ChannelType => "session";
    }

    private enum WantReply
    {
        No,
        Yes,
    }

    /// <summary>A request with one string: the name of a subsystem or signal, or a command line.</summary>
    private sealed class SessionRequest : RequestInfo
    {
        private readonly byte[] _argument;

        public SessionRequest(string name, string argument, WantReply wantReply)
        {
            RequestName = name;
            _argument = Encoding.ASCII.GetBytes(argument);
            WantReply = wantReply == SshNetChannel.WantReply.Yes;
        }

        public override string RequestName { get; }

        protected override int BufferCapacity => base.BufferCapacity + 4 + _argument.Length;

        protected override void SaveData()
        {
            base.SaveData();
            WriteBinaryString(_argument);
        }
    }
}
