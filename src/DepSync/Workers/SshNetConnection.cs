using System.Collections.Concurrent;
using Renci.SshNet;
using Renci.SshNet.Messages;
using Renci.SshNet.Messages.Connection;

namespace DepSync.Workers;

/// <summary>
/// The session channels of one connection: gives each its number and what the peer sends to it. SSH.NET counts its own channels from 1 and opens none on this connection.
/// What is sent to a number that is no channel's (any more) is dropped. Safe for concurrent use.
/// </summary>
internal sealed class SshNetConnection
{
    private readonly ConcurrentDictionary<uint, SshNetChannel> _channels = new();
    private readonly Action<Message> _send;
    private int _last = -1;

    public SshNetConnection(Session session, Action<Message> send)
    {
        _send = send;
        session.ChannelOpenConfirmationReceived += (_, e) => Of(e.Message)?.OnOpened(e.Message);
        session.ChannelOpenFailureReceived += (_, e) => End(e.Message, new IOException($"The server opened no channel: {e.Message.Description}"));
        session.ChannelSuccessReceived += (_, e) => Of(e.Message)?.OnAnswered(true);
        session.ChannelFailureReceived += (_, e) => Of(e.Message)?.OnAnswered(false);
        session.ChannelWindowAdjustReceived += (_, e) => Of(e.Message)?.OnWindow(e.Message.BytesToAdd);
        session.ChannelDataReceived += (_, e) => Of(e.Message)?.OnData(e.Message);
        session.ChannelExtendedDataReceived += (_, e) => Of(e.Message)?.OnErrorText(e.Message.Data);
        session.ChannelRequestReceived += (_, e) => Of(e.Message)?.OnRequest(e.Message);
        session.ChannelEofReceived += (_, e) => Of(e.Message)?.OnEof();
        session.ChannelCloseReceived += (_, e) => End(e.Message, null);
        session.ErrorOccured += (_, e) => EndAll(new IOException($"The connection ended: {e.Exception.Message}", e.Exception));
        session.Disconnected += (_, _) => EndAll(new IOException("The server ended the connection."));
    }

    /// <summary>A channel that is not open yet. <paramref name="abort"/> as in the channel.</summary>
    public SshNetChannel Add(Action<SshNetChannel> abort)
    {
        var number = (uint)Interlocked.Increment(ref _last);
        return _channels[number] = new SshNetChannel(number, _send, abort);
    }

    private SshNetChannel? Of(ChannelMessage message) => _channels.GetValueOrDefault(message.LocalChannelNumber);

    private void End(ChannelMessage message, Exception? failure)
    {
        if (_channels.TryRemove(message.LocalChannelNumber, out var channel))
        {
            channel.End(failure);
        }
    }

    private void EndAll(Exception failure)
    {
        foreach (var channel in _channels.Values)
        {
            channel.End(failure);
        }
    }
}
