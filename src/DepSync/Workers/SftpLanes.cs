using DepSync.Sftp;

namespace DepSync.Workers;

/// <summary>One session and what it has to do. All but the client is the lock's of <see cref="SftpLanes"/>.</summary>
internal sealed class SftpLane(SftpClient client)
{
    public SftpClient Client => client;

    /// <summary>Bytes of what was begun here and is not closed yet.</summary>
    public long Outstanding { get; set; }

    /// <summary>Handles of it.</summary>
    public int Handles { get; set; }

    /// <summary>Whether anything was written by way of it.</summary>
    public bool HasStaged { get; set; }
}

/// <summary>
/// The sessions of one worker: the main one, which has everything whose order counts, and, while much is to be staged or listed, further ones on the same connection. Each is a server of its own,
/// so what is asked of two of them has an order only where the answer of one was awaited before the other was asked.
/// <para>Only two kinds of work leave the main one, each with all requests of one handle: writing a staged file, and listing a directory. That harms nothing, also when the manager is frozen and what
/// it asked for arrives when another run has fenced it: a file is created below the run's own folder, which has another name by then, so the path leads nowhere; what is written to a file that is
/// open already goes to one that nobody moves into the tree; and a listing changes nothing. Renames, removals and attributes are asked for on the main session alone.</para>
/// <para>They are opened behind the back of the caller, who goes on meanwhile; what a server refuses is not there, without a word. Before the last <see cref="Expect"/> is over, all of them have answered and
/// are gone, so no further session lives when a commit begins. One that ends by itself ends all, for the same reason: a worker is lost or it is not. Safe for concurrent use.</para>
/// </summary>
internal sealed class SftpLanes(SftpClient main, SftpLaneRules rules, OpenFurtherSessions? open) : IDisposable
{
    /// <summary>What else a handle takes of the server's time, as so many bytes: a small file.</summary>
    private const long BytesOfHandle = 16 << 10;

    private readonly Lock _lock = new();
    private readonly SftpLane _main = new(main);
    private readonly List<SftpLane> _further = [];

    /// <summary>Nothing more is asked of these.</summary>
    private readonly List<SftpLane> _closing = [];
    private CancellationTokenSource _ending = new();
    private int _expected;
    private int _begun;

    public SftpLaneRules Rules => rules;

    /// <summary>The session that has everything but what is leased.</summary>
    public SftpClient Main => main;

    /// <summary>Is told how many sessions there are now, under the lock. Set before anything is expected.</summary>
    public Action<int> Changed { get; set; } = static _ => { };

    /// <summary>Opens as many sessions as so much is worth, in the background. Disposing waits for what was asked of them and closes them, unless more is expected still.</summary>
    public IAsyncDisposable Expect(WorkLoad load)
    {
        var wanted = open is null ? 1 : rules.SessionsFor(load);
        if (wanted == 1)
        {
            return NothingExpected.Instance;
        }
        CancellationToken ending;
        int missing;
        lock (_lock)
        {
            _expected++;
            missing = wanted - 1 - _begun;
            _begun = Math.Max(_begun, wanted - 1);
            ending = _ending.Token;
        }
        if (missing > 0)
        {
            // The call sends, which may block while the connection takes no more.
            ThreadPool.UnsafeQueueUserWorkItem(static state => _ = state.Lanes.OpenAsync(state.Missing, state.Ending), (Lanes: this, Missing: missing, Ending: ending), preferLocal: false);
        }
        return new Expectation(this);
    }

    /// <summary>A handle on the session with the least to do that has one to spare; to be returned when its CLOSE was asked for. <paramref name="bytes"/>: what it is for, about.</summary>
    public SftpLease Take(long bytes, bool writes)
    {
        lock (_lock)
        {
            var best = _main;
            foreach (var lane in _further)
            {
                if (lane.Handles < rules.Files && (lane.Outstanding < best.Outstanding || best.Handles >= rules.Files))
                {
                    best = lane;
                }
            }
            best.Outstanding += BytesOfHandle + bytes;
            best.Handles++;
            best.HasStaged |= writes;
            return new SftpLease(this, best, bytes);
        }
    }

    public void Return(SftpLane lane, long bytes)
    {
        lock (_lock)
        {
            lane.Outstanding -= BytesOfHandle + bytes;
            lane.Handles--;
        }
    }

    /// <summary>Ends all of them at once, and those that are being opened. Does not wait for anything.</summary>
    public void Dispose()
    {
        main.Dispose();
        // Not disposed: what begins to open at this moment still asks for its token.
        _ending.Cancel();
    }

    private async Task OpenAsync(int count, CancellationToken ending)
    {
        try
        {
            await Task.WhenAll((await open!(count, ending)).Select(greeting => AddAsync(greeting, ending)).ToList());
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException)
        {
            // Not there, or not wanted any more. That the connection ended, the main session tells.
        }
    }

    private async Task AddAsync(Task<SftpClient?> greeting, CancellationToken ending)
    {
        if (await GreetedAsync(greeting) is not { } client)
        {
            return;
        }
        var lane = new SftpLane(client);
        client.WhenLost = lost => EndAll(lane, lost);
        if (!TryAdd(lane, ending))
        {
            client.Dispose();
        }
        else if (client.Lost is { } lost)
        {
            EndAll(lane, lost);
        }
    }

    /// <summary>False when it comes too late.</summary>
    private bool TryAdd(SftpLane lane, CancellationToken ending)
    {
        lock (_lock)
        {
            if (_ending.Token != ending || ending.IsCancellationRequested)
            {
                return false;
            }
            _further.Add(lane);
            Changed(1 + _further.Count);
            return true;
        }
    }

    private static async Task<SftpClient?> GreetedAsync(Task<SftpClient?> greeting)
    {
        try
        {
            return await greeting;
        }
        catch (Exception exception) when (exception is SftpLostException or OperationCanceledException)
        {
            // One less.
            return null;
        }
    }

    /// <summary>As <see cref="SftpClient.WhenLost"/> of the main session.</summary>
    public void EndAll(SftpLostException lost) => EndAll(_main, lost);

    /// <summary>One that was closed here, or is not among the others yet, does not count.</summary>
    private void EndAll(SftpLane lane, SftpLostException lost)
    {
        List<SftpLane> further;
        lock (_lock)
        {
            if (lane != _main && !_further.Contains(lane) && !_closing.Contains(lane))
            {
                return;
            }
            further = [.. _further, .. _closing];
        }
        foreach (var other in further)
        {
            other.Client.End(lost);
        }
        main.End(lost);
    }

    private async ValueTask EndAsync()
    {
        List<SftpLane> closing;
        CancellationTokenSource ending;
        lock (_lock)
        {
            if (--_expected > 0)
            {
                return;
            }
            closing = [.. _further];
            _closing.AddRange(closing);
            _further.Clear();
            Changed(1);
            (ending, _ending, _begun) = (_ending, new CancellationTokenSource(), 0);
        }
        await ending.CancelAsync();
        // Still among those that end with the others: a file that was given up must not be created behind the removal of its folder.
        await Task.WhenAll(closing.Where(lane => lane.HasStaged).Select(lane => lane.Client.SettleAsync().AsTask()));
        lock (_lock)
        {
            _closing.RemoveAll(closing.Contains);
        }
        foreach (var lane in closing)
        {
            lane.Client.Dispose();
        }
    }

    private sealed class Expectation(SftpLanes lanes) : IAsyncDisposable
    {
        private int _isOver;

        public ValueTask DisposeAsync() => Interlocked.Exchange(ref _isOver, 1) == 0 ? lanes.EndAsync() : ValueTask.CompletedTask;
    }
}

/// <summary>A handle on one of the sessions. To be returned once.</summary>
internal sealed class SftpLease(SftpLanes lanes, SftpLane lane, long bytes)
{
    public SftpClient Client => lane.Client;

    public void Return() => lanes.Return(lane, bytes);
}

/// <summary>Opens so many sessions, or as many of them as there can be, and greets each; null for one that is of no use.</summary>
internal delegate Task<IEnumerable<Task<SftpClient?>>> OpenFurtherSessions(int count, CancellationToken cancellationToken);
