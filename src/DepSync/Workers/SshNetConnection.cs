using System.Collections.Concurrent;
using System.Net.Sockets;
using Renci.SshNet;
using Renci.SshNet.Common;
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

    /// <summary>
    /// Further <c>sftp</c> subsystems, as <see cref="OpenMoreStreams"/> says. One channel more than wanted is opened in the same flight, and closed again: what the server refuses (MaxSessions) counts against
    /// the subsystems, because a command may need a channel. An open channel runs no program yet.
    /// </summary>
    public async Task<IReadOnlyList<TransportStream>> OpenSubsystemsAsync(int count, CancellationToken cancellationToken)
    {
        var channels = Enumerable.Range(0, count + 1).Select(_ => Add(CloseBehind)).ToList();
        var kept = new List<SshNetChannel>();
        try
        {
            var begun = channels.Select(channel => IsDoneAsync(() => BeginAsync(channel, cancellationToken))).ToList();
            var answers = await Task.WhenAll(begun);
            var open = channels.Where((_, i) => answers[i]).SkipLast(1).ToList();
            // At once: a command may be waiting to be started.
            await DisposeAsync(channels.Except(open));
            channels = open;
            var granted = await Task.WhenAll(open.Select(channel => IsDoneAsync(() => channel.RequestSubsystemAsync("sftp", cancellationToken))).ToList());
            kept.AddRange(open.Where((_, i) => granted[i]));
            return [.. kept.Select(channel => new TransportStream(channel, () => channel.ErrorText))];
        }
        finally
        {
            await DisposeAsync(channels.Except(kept));
        }

        static async Task DisposeAsync(IEnumerable<SshNetChannel> unwanted)
        {
            foreach (var channel in unwanted)
            {
                await channel.DisposeAsync();
            }
        }

        static async Task<bool> BeginAsync(SshNetChannel channel, CancellationToken cancellationToken)
        {
            await channel.BeginAsync(cancellationToken);
            return true;
        }
    }

    private static async Task<bool> IsDoneAsync(Func<Task<bool>> ask)
    {
        try
        {
            return await ask();
        }
        catch (IOException)
        {
            return false;
        }
    }

    /// <summary>Ends a channel and not the connection; on a thread nobody waits for: a peer that does not read would hold up whoever ends it.</summary>
    public static void CloseBehind(SshNetChannel channel) => ThreadPool.UnsafeQueueUserWorkItem(
        static channel =>
        {
            try
            {
                channel.RequestClose();
            }
            catch (Exception e) when (e is IOException or SshException or SocketException or ObjectDisposedException)
            {
                // The connection is gone, and the channel with it.
            }
        },
        channel, preferLocal: false);

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
