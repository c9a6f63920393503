namespace DepSync.Sftp;

/// <summary>
/// One SFTP session over a duplex stream: requests go out in the order in which they were called, many in flight; replies are matched by id.
/// <para>Result: <see cref="SendAsync"/> gives the reply, whatever its status. Failure: <see cref="SftpLostException"/> for every pending and later call when the
/// stream ends, a reply is owed for too long, the server breaks the protocol, or the session is disposed.</para>
/// <para>Threads: safe for concurrent calls. A caller's continuation runs on the read loop, so it must not block on another reply; what it sends goes out in one
/// write when the batch of replies is done. Replies are read while the stream takes no more.</para>
/// <para>Cancelling a call abandons the wait: what is not sent yet is dropped, a late reply is matched, and a handle that comes too late is closed.</para>
/// </summary>
internal sealed partial class SftpSession : IDisposable
{
    private const int LengthSize = 4;
    private const int FirstReceiveBuffer = 32 * 1024;
    private const int MaxReceiveBuffer = LengthSize + SftpProtocol.MaxPacketLength;

    /// <summary>What is in the way of a longest write: more than two longest paths, less than what makes a server give up.</summary>
    private const int MaxRequestPacket = 128 * 1024;

    /// <summary>INIT and VERSION have no id; ids start above.</summary>
    private const uint HandshakeId = 0;

    private readonly Stream _stream;
    private readonly SftpOptions _options;
    private readonly ITimer _timer;
    private readonly Lock _gate = new();

    /// <summary>Called and not yet sent. The lock's, as is all below.</summary>
    private readonly Queue<SftpRequest> _queue = new();

    /// <summary>Sent and not yet answered.</summary>
    private readonly Dictionary<uint, SftpRequest> _owed = [];

    private readonly Stack<SftpRequest> _pool = new();
    private SftpWindow _window;
    private int _owedBytes;
    private uint _lastId = HandshakeId;
    private long _progress;
    private bool _timerRuns;
    private Exception? _sendFailure;
    private SftpLostException? _lost;

    /// <summary>The thread that hands out a batch of replies; 0 between batches.</summary>
    private volatile int _batchThread;

    /// <summary>Set when the session is over, which ends a pause.</summary>
    private readonly ManualResetEventSlim _ended = new(initialState: false, spinCount: 0);

    private bool _versionDue = true;

    private SftpSession(Stream stream, SftpOptions options)
    {
        _stream = stream;
        _options = options;
        _window = new SftpWindow(options.WindowRequests, options.WindowBytes);
        _timer = options.Clock.CreateTimer(static session => ((SftpSession)session!).CheckIdle(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public SftpExtensions Extensions { get; private set; } = new();

    public SftpOptions Options => _options;

    /// <summary>Is told once why the session is over, when the stream has ended and before any waiter hears of it. Set before anything else may end it, or looked at <see cref="Lost"/> behind that.</summary>
    public Action<SftpLostException>? WhenLost { get; set; }

    /// <summary>Why the session is over; null while it is not.</summary>
    public SftpLostException? Lost
    {
        get
        {
            lock (_gate)
            {
                return _lost;
            }
        }
    }

    /// <summary>Whether nothing is owed or waits to be sent.</summary>
    public bool IsQuiet
    {
        get
        {
            lock (_gate)
            {
                return _owed.Count + _queue.Count == 0;
            }
        }
    }

    /// <summary>Greets the server. Owns the stream from here on, also when this fails.</summary>
    /// <exception cref="SftpLostException">No SFTP server answers.</exception>
    public static async Task<SftpSession> OpenAsync(Stream stream, SftpOptions options, CancellationToken cancellationToken)
    {
        var session = new SftpSession(stream, options);
        new Thread(session.ReceiveLoop) { IsBackground = true, Name = "sftp" }.Start();
        try
        {
            var init = session.Rent(SftpExpected.Version);
            init.Packet.StartInit();
            var version = await session.SendAsync(init, cancellationToken).ConfigureAwait(false);
            session.Extensions = SftpExtensions.Read(version.Bytes);
            return session;
        }
        catch (SftpProtocolException violation)
        {
            throw session.Break(violation);
        }
        catch
        {
            session.Dispose();
            throw;
        }
    }

    /// <summary>Lets more be in flight where an answer takes that long.</summary>
    public void Widen(TimeSpan roundTrip)
    {
        lock (_gate)
        {
            _window = _options.WindowFollowsRoundTrip ? _window.Over(roundTrip) : _window;
        }
    }

    /// <summary>A request to fill; it must then be sent.</summary>
    public SftpRequest Rent(SftpExpected expected)
    {
        SftpRequest? request;
        lock (_gate)
        {
            _pool.TryPop(out request);
        }
        request ??= new SftpRequest(this);
        request.Reset(expected);
        return request;
    }

    public void Return(SftpRequest request)
    {
        lock (_gate)
        {
            // One that was given up is still in the queue or owed a reply, and the window counts on it as it was.
            if (!request.Abandoned && _pool.Count < _window.Requests)
            {
                request.Payload = default;
                request.Destination = default;
                _pool.Push(request);
            }
        }
    }

    /// <summary>Queues the request at once; the task has its reply.</summary>
    public ValueTask<SftpReply> SendAsync(SftpRequest request, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested && !request.AlwaysSent)
        {
            return ValueTask.FromCanceled<SftpReply>(cancellationToken);
        }
        if (request.Packet.Bytes.Length > MaxRequestPacket)
        {
            return ValueTask.FromException<SftpReply>(new SftpException(SftpStatus.BadMessage, "The path is too long for the protocol."));
        }
        var task = request.Task;
        if (Enqueue(request) is { } lost)
        {
            return ValueTask.FromException<SftpReply>(lost);
        }
        request.Watch(cancellationToken);
        return task;
    }

    /// <summary>Queues a request whose reply nobody needs.</summary>
    public void SendAndForget(SftpRequest request)
    {
        request.Abandoned = true;
        Enqueue(request);
    }

    /// <summary>Ends the session because of what the server sent.</summary>
    /// <returns>To be thrown.</returns>
    public SftpLostException Break(SftpProtocolException violation)
    {
        Lose(new SftpLostException(SftpLoss.Protocol, $"The server broke the SFTP protocol: {violation.Message}.", violation));
        lock (_gate)
        {
            return _lost!.Copy();
        }
    }

    public void Abandon(SftpRequest request, CancellationToken token)
    {
        lock (_gate)
        {
            switch (request.State)
            {
                case SftpRequestState.Sending:
                    request.CancelledWhileSending = token;
                    return;
                case SftpRequestState.Queued when !request.AlwaysSent:
                    request.State = SftpRequestState.Done;
                    request.Payload = default;
                    break;
                case SftpRequestState.Queued or SftpRequestState.Sent:
                    break;
                default:
                    return;
            }
            if (request.Abandoned)
            {
                return;
            }
            request.Abandoned = true;
        }
        request.FailElsewhere(new OperationCanceledException(token));
    }

    /// <summary>Ends the session for a reason that lies beside it.</summary>
    public void End(SftpLostException lost) => Lose(lost.Copy());

    /// <summary>Ends the connection at once; pending calls fail. Does not wait for anything.</summary>
    public void Dispose() => Lose(new SftpLostException(SftpLoss.Disposed, "The session was closed."));

    private void Lose(SftpLostException lost)
    {
        List<SftpRequest> waiters;
        lock (_gate)
        {
            if (_lost is not null)
            {
                return;
            }
            _lost = lost;
            waiters = [.. _owed.Values, .. _queue];
            if (_sending is { EarlyReply: not null } sending)
            {
                waiters.Add(sending);
            }
            var beingSent = BeingSentLocked();
            waiters.RemoveAll(request => request.Abandoned || request.State == SftpRequestState.Done || request == beingSent);
            foreach (var waiter in waiters)
            {
                waiter.State = SftpRequestState.Done;
            }
            _owed.Clear();
            _queue.Clear();
        }
        _timer.Dispose();
        _ended.Set();
        // The stream goes first, for other sessions on its connection too: what is being sent comes to its end with it.
        try
        {
            _stream.Dispose();
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            // It is over anyhow: whatever the stream says to that, the waiters must hear that they wait for nothing.
        }
        WhenLost?.Invoke(lost);
        foreach (var waiter in waiters)
        {
            waiter.FailElsewhere(lost.Copy());
        }
    }

    private void CheckIdle()
    {
        SftpLostException lost;
        lock (_gate)
        {
            if (_lost is not null)
            {
                return;
            }
            if (_sendFailure is not null)
            {
                lost = new SftpLostException(SftpLoss.Closed, $"The connection broke: {_sendFailure.Message}", _sendFailure);
            }
            else
            {
                if (_owed.Count == 0)
                {
                    _timerRuns = false;
                    return;
                }
                if (_batchThread != 0)
                {
                    // Replies are here; it is this side that takes its time.
                    _progress = _options.Clock.GetTimestamp();
                }
                _progress = Math.Max(_progress, _options.HeldBackUntil());
                var patience = _owed.Values.Aggregate(_options.IdleTimeout, static (most, request) => request.Patience > most ? request.Patience : most);
                var rest = patience - _options.Clock.GetElapsedTime(_progress);
                if (rest > TimeSpan.Zero)
                {
                    _timer.Change(rest, Timeout.InfiniteTimeSpan);
                    return;
                }
                lost = new SftpLostException(SftpLoss.Idle, $"No reply for {patience.TotalSeconds:0.#} s.");
            }
        }
        Lose(lost);
    }

    private void StartTimerLocked()
    {
        if (_owed.Count == 0)
        {
            _progress = _options.Clock.GetTimestamp();
        }
        if (!_timerRuns)
        {
            _timerRuns = true;
            _timer.Change(_options.IdleTimeout, Timeout.InfiniteTimeSpan);
        }
    }
}
