using DepSync.Workers;

namespace DepSync.Tests.Support;

/// <summary>
/// A worker behind several of OpenSSH's sftp-servers: one for the main session, and one for each further session that it asks for, over a wire whose packets may go wrong. All that is opened
/// ends with this.
/// </summary>
internal sealed class SftpLanesServer : IDisposable
{
    private readonly List<SftpServerProcess> _mains = [];
    private readonly List<SftpServerProcess> _servers = [];
    private readonly List<SftpWire> _wires = [];
    private readonly Lock _lock = new();

    /// <summary>What goes wrong on each further session, by its turn; none when there are no more.</summary>
    public Queue<WireScript> Scripts { get; } = new();

    /// <summary>How many further sessions the server lets be.</summary>
    public int Most { get; set; } = int.MaxValue;

    /// <summary>By how many calls further sessions were asked for.</summary>
    public int Asked { get; private set; }

    /// <summary>Further sessions, in the order in which they were opened.</summary>
    public IReadOnlyList<SftpServerProcess> Further
    {
        get
        {
            lock (_lock)
            {
                return [.. _servers];
            }
        }
    }

    /// <summary>Of all sessions.</summary>
    public IEnumerable<SftpServerProcess> All
    {
        get
        {
            lock (_lock)
            {
                return [.. _mains, .. _servers];
            }
        }
    }

    /// <summary>The wires of those that something may go wrong on.</summary>
    public IReadOnlyList<SftpWire> Wires
    {
        get
        {
            lock (_lock)
            {
                return [.. _wires];
            }
        }
    }

    /// <summary>Held until it is let go; null: opened at once.</summary>
    public TaskCompletionSource? Gate { get; set; }

    /// <summary>So many sessions for whatever is expected.</summary>
    public static SftpLaneRules Always(int sessions) => new() { Least = sessions, Most = sessions };

    /// <summary>Of all sessions, and moved by a wire on which one falls silent; null: the machine's.</summary>
    public FakeTimeProvider? Clock { get; set; }

    public async Task<SftpWorker> ConnectAsync(string directory, SftpLaneRules rules)
    {
        var main = SftpServerProcess.Start("/");
        lock (_lock)
        {
            _mains.Add(main);
        }
        var transport = main.Transport with { OpenMore = OpenAsync };
        return await SftpWorker.OpenAsync(transport, directory, new SftpWorkerOptions(TimeSpan.FromSeconds(30), (TimeProvider?)Clock ?? TimeProvider.System) { Lanes = rules }, default);
    }

    public ConnectWorker Connect(SftpLaneRules rules) => async (address, _) => await ConnectAsync(address.Path, rules);

    /// <summary>Ends when so many further sessions have been greeted and are used.</summary>
    public static Task UsedAsync(IWorkerFileSystem worker, int sessions) =>
        Until.TrueAsync(() => worker.Capabilities.BytesInFlight == sessions * WorkerCapabilities.UsualBytesInFlight, $"{sessions} sessions");

    public void Dispose()
    {
        lock (_lock)
        {
            _wires.ForEach(wire => wire.Dispose());
            _servers.ForEach(server => server.Dispose());
            _mains.ForEach(server => server.Dispose());
        }
    }

    private async Task<IReadOnlyList<TransportStream>> OpenAsync(int count, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            Asked++;
        }
        if (Gate is { } gate)
        {
            await gate.Task.WaitAsync(cancellationToken);
        }
        lock (_lock)
        {
            return [.. Enumerable.Range(0, Math.Min(count, Most)).Select(_ => OpenOneLocked())];
        }
    }

    private TransportStream OpenOneLocked()
    {
        var server = SftpServerProcess.Start("/");
        _servers.Add(server);
        if (!Scripts.TryDequeue(out var script))
        {
            return server.Transport;
        }
        var wire = new SftpWire(server, script) { Clock = Clock ?? new FakeTimeProvider() };
        _wires.Add(wire);
        return wire.Transport;
    }
}
