using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using Renci.SshNet.Common;
using Renci.SshNet.Messages.Connection;

namespace DepSync.Workers;

/// <content>What the peer sends, on the connection's thread.</content>
internal sealed partial class SshNetChannel
{
    public void OnOpened(ChannelOpenConfirmationMessage message)
    {
        bool closeWanted;
        lock (_lock)
        {
            (_isOpen, closeWanted) = (true, _closeWanted);
            _remoteNumber = message.RemoteChannelNumber;
            _sendWindow = message.InitialWindowSize;
            // 32 KiB is what every server must take (RFC 4253) and OpenSSH's own size.
            _sendPacket = (int)Math.Clamp(message.MaximumPacketSize, 1, 32 << 10);
        }
        _opened.TrySetResult();
        if (closeWanted)
        {
            RequestClose();
        }
    }

    public void OnAnswered(bool granted) => _answered.TrySetResult(granted);

    public void OnEof() => Complete(null);

    public void OnWindow(uint bytes)
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

    public void OnData(ChannelDataMessage message)
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
        Arrived();
    }

    public void OnErrorText(byte[] data)
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

    public void OnRequest(ChannelRequestMessage message)
    {
        if (message.RequestName == "exit-status" && message.RequestData is [_, _, _, _, _])
        {
            _exited.TrySetResult(BinaryPrimitives.ReadInt32BigEndian(message.RequestData.AsSpan(1)));
        }
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

    /// <summary>The channel is over, by the peer's close (null) or by a failure; on the connection's thread.</summary>
    public void End(Exception? failure)
    {
        Fail(failure ?? new IOException("The server closed the channel."));
        Complete(failure);
    }

    /// <summary>Only on the connection's thread, as every use of the pipe's writer.</summary>
    private void Complete(Exception? failure)
    {
        if (!_completed)
        {
            _completed = true;
            _failure = failure;
            _received.Writer.Complete();
            Arrived();
        }
    }
}
