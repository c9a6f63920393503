using DepSync.Model;

namespace DepSync.Workers;

/// <summary>
/// Lets targets behind one login share connections, as OpenSSH's ControlMaster does: one key exchange and one login for up to four of them, where they would be four. The first of them connects for
/// all; the others wait for it, and what keeps it out keeps them out too, unless that may have been bad luck. Each has servers of its own on the worker, and a connection ends with the last of its targets, so a target that stalls or
/// fails holds none of the others.
/// <para>A target whose place cannot be had (MaxSessions), or that comes when another one has left the connection, gets one of its own; so does one that tries again. One for a run; safe for
/// concurrent use.</para>
/// </summary>
internal sealed class SharedConnections
{
    /// <summary>sshd's MaxSessions is 10 unless it was changed: each target has a server and may have a command, and the rest is for further servers.</summary>
    public const int TargetsOfConnection = 4;

    private readonly int _atOnce;
    private readonly Lock _lock = new();
    private readonly TimeProvider _clock;

    /// <summary>How many targets of a login have not come yet.</summary>
    private readonly Dictionary<string, int> _expected;

    private readonly Dictionary<string, Group> _last = [];

    /// <summary><paramref name="logins"/> of all targets of the run, of which so many are served at once.</summary>
    public SharedConnections(IEnumerable<string> logins, int atOnce, TimeProvider clock)
    {
        (_atOnce, _clock) = (atOnce, clock);
        _expected = logins.CountBy(login => login).ToDictionary();
    }

    /// <summary>A host that was not reached for so long is not tried by the others again.</summary>
    public TimeSpan LongTry { get; init; } = TimeSpan.Zero;

    /// <summary>A stream of the target's own. <paramref name="connect"/> makes a connection for so many.</summary>
    /// <exception cref="WorkerLostException">As of <paramref name="connect"/>, which may have been another target's.</exception>
    public async Task<TransportStream> OpenAsync(string login, Func<int, Task<TransportStream>> connect, CancellationToken cancellationToken)
    {
        var (group, index) = Enter(login);
        if (index == 0)
        {
            return await ConnectAsync(group, connect);
        }
        return await group.TakeAsync(index - 1, cancellationToken) ?? await connect(1);
    }

    private async Task<TransportStream> ConnectAsync(Group group, Func<int, Task<TransportStream>> connect)
    {
        var began = _clock.GetTimestamp();
        var opening = Opening.Nothing;
        var isConnected = false;
        try
        {
            var stream = await connect(group.Places);
            (opening, isConnected) = (new Opening(stream.Others, null), true);
            return stream;
        }
        catch (WorkerLostException lost) when (lost.Kind != ErrorKind.Unreachable || _clock.GetElapsedTime(began) >= LongTry)
        {
            opening = Opening.Nothing with { Failure = lost };
            throw;
        }
        finally
        {
            lock (_lock)
            {
                // Who comes from now on does not hear of what is over.
                group.IsOver = !isConnected;
            }
            group.End(opening);
        }
    }

    private (Group Group, int Index) Enter(string login)
    {
        lock (_lock)
        {
            if (_last.TryGetValue(login, out var group) && group is { IsOver: false } && group.Taken < group.Places)
            {
                return (group, group.Taken++);
            }
            var expected = Math.Max(_expected.GetValueOrDefault(login), 1);
            // Five are three and two, not four and one.
            var connections = Math.DivRem(expected - 1, TargetsOfConnection).Quotient + 1;
            var places = Math.Clamp((expected + connections - 1) / connections, 1, _atOnce);
            _expected[login] = expected - places;
            _last[login] = group = new Group(places);
            return (group, 0);
        }
    }

    /// <summary>What became of a connection: the streams of those that wait for it, or why there are none.</summary>
    private sealed record Opening(Task<IReadOnlyList<TakeStream>> Others, WorkerLostException? Failure)
    {
        public static Opening Nothing { get; } = new(Task.FromResult<IReadOnlyList<TakeStream>>([]), null);
    }

    /// <summary>The targets of one connection.</summary>
    private sealed class Group(int places)
    {
        private readonly TaskCompletionSource<Opening> _opened = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public int Places => places;

        /// <summary>The lock's.</summary>
        public int Taken { get; set; } = 1;

        /// <summary>There is no connection, and there will be none. The lock's.</summary>
        public bool IsOver { get; set; }

        public void End(Opening opening) => _opened.SetResult(opening);

        /// <summary>Null when the place is not to be had.</summary>
        public async Task<TransportStream?> TakeAsync(int index, CancellationToken cancellationToken)
        {
            var opening = await _opened.Task.WaitAsync(cancellationToken);
            if (opening.Failure is { } failure)
            {
                throw failure;
            }
            var others = await opening.Others.WaitAsync(cancellationToken);
            return index < others.Count && others[index]() is { } stream ? stream with { Targets = places } : null;
        }
    }
}
