using System.Collections.Concurrent;
using System.Net.Sockets;
using Renci.SshNet;
using Renci.SshNet.Common;
using Renci.SshNet.Messages;
using Renci.SshNet.Messages.Connection;

namespace DepSync.Workers;

/// <summary>
/// The session channels of one connection: gives each its number and what the peer sends to it. SSH.NET counts its own channels from 1 and opens none on this connection.
/// What is sent to a number that is no channel's (any more) is dropped. Disposing a channel ends it and what runs in it; the connection ends with the last of those that hold it: one for each target.
/// Safe for concurrent use.
/// </summary>
internal sealed class SshNetConnection
{
    private readonly ConcurrentDictionary<uint, SshNetChannel> _channels = new();
    private readonly Action<Message> _send;
    private readonly Action _abort;
    private readonly Lock _lock = new();

    /// <summary>The commands that run, and the channel of the target that they are for.</summary>
    private readonly ConcurrentDictionary<SshNetChannel, SshNetChannel> _commands = new();

    private readonly HashSet<SshNetChannel> _holders = [];
    private bool _isLeft;
    private int _targets = 1;
    private int _last = -1;

    /// <summary><paramref name="send"/> as in the channel; <paramref name="abort"/> ends the connection at once, without waiting for anything.</summary>
    public SshNetConnection(Session session, Action<Message> send, Action abort)
    {
        (_send, _abort) = (send, abort);
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

    /// <summary>A channel that is not open yet.</summary>
    public SshNetChannel Add()
    {
        var number = (uint)Interlocked.Increment(ref _last);
        return _channels[number] = new SshNetChannel(number, _send, Leave);
    }

    /// <summary>One that holds the connection.</summary>
    public SshNetChannel AddHolder()
    {
        var channel = Add();
        Hold(channel);
        return channel;
    }

    /// <summary>
    /// Further <c>sftp</c> subsystems of one target, as <see cref="OpenMoreStreams"/> says: one channel more for each target is opened in the same flight, and closed again. What the server refuses
    /// (MaxSessions) counts against the subsystems, because a command may need a channel.
    /// </summary>
    public async Task<IReadOnlyList<TransportStream>> OpenSubsystemsAsync(int count, CancellationToken cancellationToken)
    {
        var targets = Volatile.Read(ref _targets);
        var open = await OpenSubsystemsAsync(count + targets, granted => granted - targets, cancellationToken);
        return [.. open.Select(channel => new TransportStream(channel, () => channel.ErrorText))];
    }

    /// <summary>
    /// The <c>sftp</c> subsystems of so many other targets, each with room for a command, and for one of the first target: where the server refuses some channels, of fewer. Does not fail.
    /// </summary>
    public async Task<IReadOnlyList<TakeStream>> OpenOthersAsync(int count, CancellationToken cancellationToken)
    {
        try
        {
            var open = await OpenSubsystemsAsync((2 * count) + 1, granted => (granted - 1) / 2, cancellationToken);
            Volatile.Write(ref _targets, 1 + open.Count);
            return [.. open.Select(channel => new TakeStream(() => Hold(channel) ? Target(channel) : null))];
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            return [];
        }
    }

    /// <summary>What the server said before the login; it precedes the error text of each target.</summary>
    public Func<string> Banner { get; init; } = static () => "";

    /// <summary>A connection that takes no message of a target that leaves for so long takes none of the others either, and is given up.</summary>
    public TimeSpan Patience { get; init; } = Timeout.InfiniteTimeSpan;

    /// <summary>The stream of a target, which may run commands and open more.</summary>
    public TransportStream Target(SshNetChannel channel) => new(channel, () => Banner() + channel.ErrorText)
    {
        StartCommand = (line, token) => SshNetCommand.StartAsync(AddCommand(channel), line, token),
        OpenMore = OpenSubsystemsAsync,
    };

    /// <summary>One that ends with its target.</summary>
    /// <exception cref="IOException">The target has left.</exception>
    private SshNetChannel AddCommand(SshNetChannel target)
    {
        var command = Add();
        lock (_lock)
        {
            if (!_holders.Contains(target))
            {
                throw new IOException("The connection was closed here.");
            }
            _commands[command] = target;
        }
        return command;
    }

    /// <summary>
    /// Opens so many channels in one flight, which run nothing yet; in the next one asks for the subsystem in those that are <paramref name="usable"/> (of so many that were granted), and ends the others.
    /// </summary>
    private async Task<List<SshNetChannel>> OpenSubsystemsAsync(int asked, Func<int, int> usable, CancellationToken cancellationToken)
    {
        var channels = Enumerable.Range(0, asked).Select(_ => Add()).ToList();
        var kept = new List<SshNetChannel>();
        try
        {
            var begun = channels.Select(channel => IsDoneAsync(() => BeginAsync(channel, cancellationToken))).ToList();
            var answers = await Task.WhenAll(begun);
            var open = channels.Where((_, i) => answers[i]).ToList();
            var wanted = open.Take(Math.Max(usable(open.Count), 0)).ToList();
            var granted = wanted.Select(channel => IsDoneAsync(() => channel.RequestSubsystemAsync("sftp", cancellationToken))).ToList();
            // Not before the server has let go of the others: a command may be waiting to be started.
            await Task.WhenAll(open.Except(wanted).Select(channel => IsDoneAsync(() => EndAsync(channel, cancellationToken))).ToList());
            answers = await Task.WhenAll(granted);
            kept.AddRange(wanted.Where((_, i) => answers[i]));
            return kept;
        }
        finally
        {
            foreach (var unwanted in channels.Except(kept))
            {
                await unwanted.DisposeAsync();
            }
        }

        static async Task<bool> EndAsync(SshNetChannel channel, CancellationToken cancellationToken)
        {
            channel.RequestClose();
            await channel.Exited.WaitAsync(cancellationToken);
            return true;
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

    /// <summary>False when a target has left: whatever made it do so may be true of the whole connection.</summary>
    private bool Hold(SshNetChannel channel)
    {
        lock (_lock)
        {
            return !_isLeft && _holders.Add(channel);
        }
    }

    private void Leave(SshNetChannel channel)
    {
        bool held;
        bool isLast;
        lock (_lock)
        {
            held = _holders.Remove(channel);
            _isLeft |= held;
            isLast = held && _holders.Count == 0;
        }
        _commands.TryRemove(channel, out _);
        if (isLast)
        {
            _abort();
        }
        else if (held)
        {
            foreach (var (command, _) in _commands.Where(pair => pair.Value == channel))
            {
                command.Dispose();
            }
            _ = CloseOrAbortAsync(channel);
        }
        else
        {
            _ = CloseAsync(channel);
        }
    }

    private async Task CloseOrAbortAsync(SshNetChannel channel)
    {
        var closing = CloseAsync(channel);
        using var waiting = new CancellationTokenSource();
        if (await Task.WhenAny(closing, Task.Delay(Patience, waiting.Token)) != closing)
        {
            _abort();
        }
        await waiting.CancelAsync();
    }

    /// <summary>Ends a channel and not the connection; on a thread of the pool: a peer that does not read would hold up whoever ends it.</summary>
    private static async Task CloseAsync(SshNetChannel channel)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        try
        {
            channel.RequestClose();
        }
        catch (Exception e) when (e is IOException or SshException or SocketException or ObjectDisposedException)
        {
            // The connection is gone, and the channel with it.
        }
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
