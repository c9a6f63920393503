using System.Buffers.Binary;

namespace DepSync.Sftp;

/// <content>The read loop.</content>
internal sealed partial class SftpSession
{
    /// <summary>With so many replies owed a pause costs the server no idle time.</summary>
    private const int GatherAbove = 256;

    /// <summary>
    /// On a thread of its own that blocks: a push in full flight wakes this one alone, where a pool would hand each batch from the stream's thread to a timer's to another one.
    /// </summary>
    private void ReceiveLoop()
    {
        var buffer = new byte[FirstReceiveBuffer];
        var start = 0;
        var end = 0;
        try
        {
            while (true)
            {
                if (end == buffer.Length)
                {
                    MakeRoom(ref buffer, ref start, ref end);
                }
                if (_options.GatherReplies > TimeSpan.Zero && OwesMany())
                {
                    _ended.Wait(_options.GatherReplies);
                }
                var count = _stream.Read(buffer, end, buffer.Length - end);
                if (count == 0)
                {
                    throw Ended(buffer.AsSpan(start, end - start));
                }
                end += count;
                start += ReceiveBatch(buffer.AsSpan(start, end - start));
                if (start == end)
                {
                    start = end = 0;
                }
            }
        }
        catch (SftpProtocolException violation)
        {
            Break(violation);
        }
        catch (SftpLostException lost)
        {
            Lose(lost);
        }
        catch (Exception exception)
        {
            // Whatever the stream throws, this connection carries no more.
            Lose(new SftpLostException(SftpLoss.Closed, $"The connection broke: {exception.Message}", exception));
        }
    }

    private bool OwesMany()
    {
        lock (_gate)
        {
            return _owed.Count > GatherAbove;
        }
    }

    private static void MakeRoom(ref byte[] buffer, ref int start, ref int end)
    {
        var rest = buffer.AsSpan(start, end - start);
        if (start == 0)
        {
            // A packet that does not fit, or replies that come faster than they are read.
            Array.Resize(ref buffer, Math.Min(buffer.Length * 2, MaxReceiveBuffer));
            return;
        }
        rest.CopyTo(buffer);
        end -= start;
        start = 0;
    }

    private SftpLostException Ended(ReadOnlySpan<byte> rest)
    {
        var message = _versionDue
            ? "The connection ended before an SFTP server answered"
            : "The server ended the connection";
        return new SftpLostException(SftpLoss.Closed, rest.IsEmpty ? $"{message}." : $"{message}; the last it sent: {SftpText.Quote(rest)}.");
    }

    /// <summary>Hands out every whole packet and then lets the sender run once for all that the callers asked for meanwhile.</summary>
    /// <returns>How many bytes that took.</returns>
    private int ReceiveBatch(ReadOnlySpan<byte> bytes)
    {
        var taken = 0;
        _batchThread = Environment.CurrentManagedThreadId;
        try
        {
            while (bytes.Length - taken >= LengthSize)
            {
                var rest = bytes[taken..];
                var length = BinaryPrimitives.ReadUInt32BigEndian(rest);
                if (length is < SftpProtocol.MinPacketLength or > SftpProtocol.MaxPacketLength)
                {
                    throw new SftpProtocolException($"a packet of {length} bytes (the server sent text: {SftpText.Quote(rest)})");
                }
                if (rest.Length < LengthSize + (int)length)
                {
                    break;
                }
                taken += LengthSize + (int)length;
                Receive(rest[LengthSize..][..(int)length]);
            }
        }
        finally
        {
            _batchThread = 0;
            if (taken > 0)
            {
                lock (_gate)
                {
                    // Whole packets only: a server that sends a byte a second gets nowhere.
                    _progress = _options.Clock.GetTimestamp();
                }
            }
        }
        if (BeginSending())
        {
            _ = SendAllAsync();
        }
        return taken;
    }

    private void Receive(ReadOnlySpan<byte> packet)
    {
        var reader = new SftpPacketReader(packet);
        var type = (SftpPacketType)reader.Byte();
        var id = _versionDue ? HandshakeId : reader.UInt32();
        _versionDue = false;
        SftpRequest? request;
        bool abandoned;
        SftpRequestState sent;
        lock (_gate)
        {
            if (_lost is not null)
            {
                return;
            }
            if (!_owed.Remove(id, out request))
            {
                throw new SftpProtocolException($"a reply to request {id}, which is not pending");
            }
            _owedBytes -= request.Cost;
            abandoned = request.Abandoned;
            sent = request.State;
            if (sent == SftpRequestState.Sent)
            {
                // From here on a cancellation comes too late: the destination is the reply's.
                request.State = SftpRequestState.Done;
            }
        }
        SftpReply reply;
        try
        {
            reply = SftpReply.Decode(request.Expected, type, ref reader, abandoned ? new byte[request.Destination.Length] : request.Destination.Span);
        }
        catch (SftpProtocolException)
        {
            PutBack(id, request, sent);
            throw;
        }
        if (abandoned)
        {
            CloseLate(request.Expected, reply);
        }
        else if (sent == SftpRequestState.Sent)
        {
            request.Complete(reply, SftpCompletion.Here);
        }
        else
        {
            CompleteSending(request, reply);
        }
    }

    /// <summary>Among the pending ones again, who are told when the session ends; it may have ended already.</summary>
    private void PutBack(uint id, SftpRequest request, SftpRequestState state)
    {
        SftpLostException? lost;
        lock (_gate)
        {
            lost = _lost;
            if (lost is null)
            {
                request.State = state;
                _owed.Add(id, request);
                _owedBytes += request.Cost;
            }
            else if (state == SftpRequestState.Sending && (request.State == SftpRequestState.Done || request == BeingSentLocked()))
            {
                // Whoever writes its payload tells, or has told.
                return;
            }
        }
        if (lost is not null && !request.Abandoned)
        {
            request.FailElsewhere(lost.Copy());
        }
    }

    /// <summary>The reply to a request whose payload was still being written when the reply was read.</summary>
    private void CompleteSending(SftpRequest request, in SftpReply reply)
    {
        SftpLostException? lost;
        lock (_gate)
        {
            if (request.Abandoned || request.State == SftpRequestState.Done)
            {
                // Given up; or told by whoever wrote its payload, because the session ended meanwhile.
                return;
            }
            lost = _lost;
            if (request.State == SftpRequestState.Sending && (lost is null || request == BeingSentLocked()))
            {
                request.EarlyReply = new(reply);
                return;
            }
            request.State = SftpRequestState.Done;
        }
        if (lost is null)
        {
            request.Complete(reply, SftpCompletion.Here);
        }
        else
        {
            request.FailElsewhere(lost.Copy());
        }
    }

    private void CloseLate(SftpExpected expected, in SftpReply reply)
    {
        if (expected == SftpExpected.Handle && reply.Bytes is { } handle)
        {
            var close = Rent(SftpExpected.Status);
            close.Packet.Start(SftpPacketType.Close).String(handle);
            SendAndForget(close);
        }
    }
}
