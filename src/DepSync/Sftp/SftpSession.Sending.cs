using System.Runtime.CompilerServices;

namespace DepSync.Sftp;

/// <content>The window and the sending.</content>
internal sealed partial class SftpSession
{
    private const int SendBuffer = 64 * 1024;

    /// <summary>Up to here a copy costs less than a write of its own.</summary>
    private const int CopiedPayload = 16 * 1024;

    /// <summary>After a failed write, what the server sent last (often the reason) is still read for so long.</summary>
    private static readonly TimeSpan LastWords = TimeSpan.FromSeconds(1);

    /// <summary>Some thread writes, or is about to. The lock's.</summary>
    private bool _sends;

    /// <summary>The writer's own.</summary>
    private byte[] _sendBuffer = new byte[SendBuffer];

    /// <summary>The request whose payload is being written out of the caller's memory. The lock's.</summary>
    private SftpRequest? _sending;

    private SftpLostException? Enqueue(SftpRequest request)
    {
        request.Packet.Finish(request.Payload.Length);
        lock (_gate)
        {
            if (_lost is not null)
            {
                return _lost.Copy();
            }
            request.State = SftpRequestState.Queued;
            _queue.Enqueue(request);
        }
        SendSoon();
        return null;
    }

    /// <summary>Sees to it that what is queued goes out: behind the batch of replies that this thread hands out, or by a thread of the pool.</summary>
    private void SendSoon()
    {
        if (_batchThread != Environment.CurrentManagedThreadId && BeginSending())
        {
            // On a thread of its own: what the caller asks for next goes out in the same write.
            ThreadPool.UnsafeQueueUserWorkItem(static session => _ = session.SendAllAsync(), this, preferLocal: false);
        }
    }

    /// <summary>True for the one thread that is to write what is queued.</summary>
    private bool BeginSending()
    {
        lock (_gate)
        {
            if (_sends || _lost is not null || !HasRoomLocked())
            {
                return false;
            }
            return _sends = true;
        }
    }

    private bool HasRoomLocked() =>
        _queue.TryPeek(out var next)
        && (_owed.Count == 0 || (_owed.Count < _window.Requests && _owedBytes + next.Cost <= _window.Bytes));

    /// <summary>
    /// Writes until the queue is empty or the window full. After a batch of replies it runs on the thread that read them, so a push in full flight costs no hand-over
    /// between threads; where the stream takes no more for now it goes on elsewhere, and reading goes on.
    /// </summary>
    private async Task SendAllAsync()
    {
        try
        {
            var flushed = true;
            while (true)
            {
                int length;
                SftpRequest? large;
                lock (_gate)
                {
                    if (_lost is not null)
                    {
                        return;
                    }
                    length = FillLocked(ref _sendBuffer);
                    large = _sending;
                    if (length == 0 && flushed)
                    {
                        _sends = false;
                        return;
                    }
                }
                flushed = length == 0;
                if (flushed)
                {
                    await _stream.FlushAsync().ConfigureAwait(false);
                    continue;
                }
                await _stream.WriteAsync(_sendBuffer.AsMemory(0, length)).ConfigureAwait(false);
                if (large is not null)
                {
                    await _stream.WriteAsync(large.Payload).ConfigureAwait(false);
                    PayloadSent(large);
                }
            }
        }
        catch (Exception exception)
        {
            // Whatever the stream throws, nothing more goes out; the read loop may still learn why.
            SftpRequest? unsent;
            lock (_gate)
            {
                if (_lost is null)
                {
                    _sendFailure = exception;
                    _timer.Change(LastWords, Timeout.InfiniteTimeSpan);
                    return;
                }
                unsent = _sending;
            }
            if (unsent is not null)
            {
                PayloadSent(unsent);
            }
        }
    }

    /// <summary>
    /// The request whose payload somebody is writing: when the session ends, the writer tells its waiter, because that may use the memory again. A stream that is disposed ends its writes, but a
    /// connection that others use too may take its time.
    /// </summary>
    private SftpRequest? BeingSentLocked() => _sendFailure is null ? _sending : null;

    /// <summary>Moves what the window has room for from the queue into the buffer, up to the first large payload, which follows it.</summary>
    private int FillLocked(ref byte[] buffer)
    {
        var length = 0;
        while (HasRoomLocked())
        {
            var request = _queue.Peek();
            if (request.State == SftpRequestState.Done)
            {
                _queue.Dequeue();
                continue;
            }
            var packet = request.Packet;
            var copied = request.Payload.Length <= CopiedPayload ? request.Payload.Length : 0;
            var size = packet.Bytes.Length + copied;
            if (size > buffer.Length - length)
            {
                if (length > 0)
                {
                    break;
                }
                buffer = new byte[size];
            }
            _queue.Dequeue();
            Admit(request);
            packet.Bytes.CopyTo(buffer.AsSpan(length));
            request.Payload.Span[..copied].CopyTo(buffer.AsSpan(length + packet.Bytes.Length));
            length += size;
            if (copied < request.Payload.Length)
            {
                request.State = SftpRequestState.Sending;
                _sending = request;
                break;
            }
            request.State = SftpRequestState.Sent;
        }
        return length;
    }

    private void Admit(SftpRequest request)
    {
        StartTimerLocked();
        var id = HandshakeId;
        if (request.Expected != SftpExpected.Version)
        {
            do
            {
                id = ++_lastId;
            }
            while (id == HandshakeId || _owed.ContainsKey(id));
            request.Packet.SetId(id);
        }
        _owed.Add(id, request);
        _owedBytes += request.Cost;
    }

    private void PayloadSent(SftpRequest request)
    {
        StrongBox<SftpReply>? reply;
        CancellationToken? cancelled;
        SftpLostException? lost;
        lock (_gate)
        {
            _sending = null;
            reply = request.EarlyReply;
            cancelled = request.CancelledWhileSending;
            lost = _lost;
            if (request.State == SftpRequestState.Done || (lost is not null && request.Abandoned))
            {
                return;
            }
            request.State = reply is null && lost is null ? SftpRequestState.Sent : SftpRequestState.Done;
            request.Abandoned = reply is null && cancelled is not null;
        }
        if (lost is not null)
        {
            request.FailElsewhere(lost.Copy());
        }
        else if (reply is { } early)
        {
            request.Complete(early.Value, SftpCompletion.Elsewhere);
        }
        else if (cancelled is { } token)
        {
            request.FailElsewhere(new OperationCanceledException(token));
        }
    }
}
