using DepSync.Config;
using DepSync.Model;
using DepSync.Tests.Support;
using DepSync.Workers;

namespace DepSync.Tests.Release;

/// <summary>Whole runs to a worker behind OpenSSH's sftp-server, with what each of them asked of it. Trees: <c>files</c> in folders of 50, <c>depth</c> levels deep.</summary>
internal sealed class CountedRelease : IDisposable
{
    private const int FilesInFolder = 50;

    private static readonly TimeSpan LeastQuiet = TimeSpan.FromMilliseconds(15);

    private static readonly TimeSpan LongestQuiet = TimeSpan.FromMilliseconds(200);

    private readonly List<SftpServerProcess> _servers = [];
    private TimeSpan _quiet = LeastQuiet;
    private RoundTripStream? _line;

    public CountedRelease(int files, int depth)
    {
        var folder = TempTree.InMemory().SetMode(""u8, 0b111_001_001);
        Run = new ReleaseFixture(folder) { ConnectAhead = ConnectAsync, Clock = new HourAhead() };
        SftpServerProcess.Own(Run.Worker);
        Files = [.. Enumerable.Range(0, files).Select(i => PathOf(i, depth))];
        foreach (var file in Files)
        {
            Run.Manager.Write(file, file);
        }
        Run.Manager.SetModified(""u8, 1_700_000_000);
    }

    public ReleaseFixture Run { get; }

    public IReadOnlyList<string> Files { get; }

    public RunConfig Config => Run.Config with { Workers = [ReleaseFixture.Address("worker", Run.Worker.Path) with { User = "u", Host = "worker.invalid" }] };

    /// <summary>What the server may have open.</summary>
    public int OpenFiles { get; init; } = 1_024;

    /// <summary>Null: as it is measured.</summary>
    public TimeSpan? RoundTrip { get; init; }

    /// <summary>Of the last run.</summary>
    public WorkerResult Result { get; private set; } = null!;

    /// <summary>One run, and the flights that it took behind the greeting.</summary>
    public async Task<IReadOnlyList<RoundTripStream.Flight>> RunAsync(RunConfig? config = null)
    {
        Result = await Run.SyncAsync(config ?? Config);
        Assert.Null(Result.Error);
        return [.. _line!.Flights.Skip(1)];
    }

    /// <summary>Fails unless a run, of some that are given more and more time between two flights, takes at most so many. Before each of them <paramref name="change"/> makes something to do.</summary>
    public async Task<IReadOnlyList<RoundTripStream.Flight>> CountAsync(int most, Action change, RunConfig? config = null)
    {
        for (_quiet = LeastQuiet; ; _quiet *= 4)
        {
            change();
            var flights = await RunAsync(config);
            if (flights.Count <= most)
            {
                _quiet = LeastQuiet;
                return flights;
            }
            Assert.True(_quiet < LongestQuiet, $"{flights.Count} round trips and not {most}:\n{string.Join('\n', flights)}");
        }
    }

    public void Dispose()
    {
        _servers.ForEach(server => server.Dispose());
        Run.Dispose();
    }

    private static string PathOf(int index, int depth)
    {
        var folder = index / FilesInFolder;
        return string.Join('/', Enumerable.Range(1, depth).Select(level => $"l{level}-{(level == depth ? folder : folder % level)}")) + $"/file-{index % FilesInFolder}.txt";
    }

    private async Task<IWorkerFileSystem> ConnectAsync(WorkerAddress address, PlaceGuess? guess, CancellationToken cancellationToken)
    {
        var server = SftpServerProcess.StartWithFiles("/", OpenFiles);
        _servers.Add(server);
        _line = new RoundTripStream(server.Stream, _quiet);
        return await SftpWorker.OpenAsync(new TransportStream(_line, () => ""), address.Path, new SftpWorkerOptions(TimeSpan.FromSeconds(60), TimeProvider.System) { Guess = guess, Lanes = new() { RoundTrip = RoundTrip } }, cancellationToken);
    }

    /// <summary>For it no file is so young that it has to be read again.</summary>
    private sealed class HourAhead : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => base.GetUtcNow().AddHours(1);
    }
}
