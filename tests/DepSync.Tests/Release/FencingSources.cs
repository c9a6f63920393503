using System.Runtime.Versioning;
using System.Text;
using DepSync.Model;
using DepSync.Release;
using DepSync.Scanning;
using DepSync.State;
using DepSync.Tests.Support;
using DepSync.Workers;

namespace DepSync.Tests.Release;

/// <summary>What a run of the model needs to be a real one.</summary>
internal sealed record FencingRunCase(WorkerAddress Address, StateStore Store, FencingParty Party, CancellationToken Cancellation)
{
    /// <summary>Gets each call before it is made.</summary>
    public Action<string> Pass { get; init; } = _ => { };

    /// <summary>Opens the worker; null: a folder of this machine.</summary>
    public Func<IWorkerFileSystem>? Open { get; init; }
}

/// <summary>
/// The sources of the model's managers, scanned once, and what a worker holds at the beginning: written by a real push. All versions of a file have one size and one second.
/// Immutable; worlds in its folder are gone with it.
/// </summary>
[UnsupportedOSPlatform("windows")]
internal sealed class FencingSources : IDisposable
{
    /// <summary>f, g and d of the model: the bytes of their names are in the order in which the model moves them.</summary>
    public static readonly string[] Files = ["f", "g", "z"];

    private const long Second = 1_600_000_000;

    private static readonly string?[] Versions = ["0", "A", "B", null];

    private readonly TempTree _folder;
    private readonly SourceTree[] _trees;
    private readonly Snapshot[] _snapshots;
    private readonly Dictionary<string, byte[]> _records = [];
    private int _worlds;

    private FencingSources(TempTree folder, SourceTree[] trees, Snapshot[] snapshots) => (_folder, _trees, _snapshots) = (folder, trees, snapshots);

    public static async Task<FencingSources> CreateAsync(FencingCast cast)
    {
        var folder = TempTree.InMemory();
        var trees = new SourceTree[3];
        var snapshots = new Snapshot[3];
        for (var run = 0; run < 3; run++)
        {
            trees[run] = SourceTree.Open(Fill(new TempTree(folder, $"manager-{run}"), run).Path);
            var hashes = HashCache.Load(Path.Combine(folder.Path, $"hashes-{run}"), TimeProvider.System);
            snapshots[run] = await new SourceScanner(trees[run], hashes, new ScanRules { Filters = NoFilters, Settle = TimeSpan.Zero }, TimeProvider.System).ScanAsync(CancellationToken.None);
        }
        var sources = new FencingSources(folder, trees, snapshots);
        if (cast.Before is { } before)
        {
            await sources.PushFirstAsync(before);
        }
        return sources;
    }

    public string Folder => _folder.Path;

    private static FilterSet NoFilters { get; } = new([], []);

    /// <summary>The version that a manifest tells of a file.</summary>
    public static int VersionOf(Manifest manifest, string file) => manifest.Entries.TryGetValue(RelativePath.Parse(file), out var entry)
        ? Array.FindIndex(Versions, version => version is not null && Digest.Of(Encoding.UTF8.GetBytes(version)) == entry.Digest) is >= 0 and var found ? found : 4
        : 3;

    /// <summary>The model's number of a file's content; null: there is no file.</summary>
    public static int VersionOf(string? content) => Array.IndexOf(Versions, content) is >= 0 and var version ? version : 4;

    /// <summary>An id as the model names it, as owner.json has it.</summary>
    public static string IdOf(FencingParty party) => new(party.Id, 32);

    public StateStore StoreOf(int run, string folder) => StateStore.Open(folder, _trees[Math.Min(run, 2)].RealPath);

    /// <summary>A worker as the model begins, in a folder of its own.</summary>
    public (string Folder, TempTree Worker) NewWorker()
    {
        var folder = Directory.CreateDirectory(Path.Combine(_folder.Path, $"world-{Interlocked.Increment(ref _worlds)}")).FullName;
        var worker = new TempTree(_folder, $"{Path.GetFileName(folder)}/worker");
        foreach (var (path, bytes) in _records)
        {
            worker.Write(Encoding.UTF8.GetBytes(path), bytes);
        }
        return (folder, Fill(worker, 0));
    }

    /// <summary>A run of the real code from the connection on, with that source, as that manager.</summary>
    public async Task<WorkerResult> RunAsync(int run, FencingRunCase how)
    {
        var (tree, source) = (_trees[Math.Min(run, 2)], _snapshots[Math.Min(run, 2)]);
        var script = new FaultScript { Before = how.Pass, OneByOne = true };
        var identity = how.Store.LoadManager() ?? ManagerState.Create(tree.RealPath, "host") with { Id = IdOf(how.Party), Epoch = how.Party.Epoch };
        var fleet = new FleetCase
        {
            Config = new() { ManagerDir = tree.RealPath, Workers = [how.Address], Settle = TimeSpan.Zero, Durable = false, Takeover = how.Party.Takes },
            Context = new RunContext($"run-{run}", how.Store.Folder, new StagingGate(how.Pass), TimeProvider.System, null),
            Tree = tree,
            Filters = NoFilters,
            Source = Task.FromResult(source),
            Store = how.Store,
            Identity = new IdentityKeeper(how.Store, identity, tree.RealPath),
            ConnectAsync = (address, _, _) => Task.FromResult<IWorkerFileSystem>(new FaultyWorker(how.Open?.Invoke() ?? LocalWorker.Open(address.Path), script)),
            Siblings = new RunSiblings(),
            Deltas = null,
            StopReason = () => ErrorKind.Interrupted,
        };
        return await new WorkerRelease(fleet, how.Address).RunAsync(how.Cancellation);
    }

    public void Dispose()
    {
        foreach (var tree in _trees)
        {
            tree.Dispose();
        }
        _folder.Dispose();
    }

    private async Task PushFirstAsync(FencingParty before)
    {
        var worker = new TempTree(_folder, "worker");
        var store = StoreOf(0, Path.Combine(_folder.Path, "state"));
        var result = await RunAsync(0, new FencingRunCase(ReleaseFixture.Address("worker", worker.Path), store, before, CancellationToken.None));
        Assert.True(result.Error is null, $"{result.Error}");
        foreach (var record in new[] { ".depsync/owner.json", ".depsync/manifest" })
        {
            _records.Add(record, File.ReadAllBytes(Path.Combine(worker.Path, record)));
        }
    }

    private static TempTree Fill(TempTree tree, int run)
    {
        for (var file = 0; file < Files.Length; file++)
        {
            if (Versions[FencingModel.Wanted(run, file)] is { } content)
            {
                tree.Write(Files[file], content).SetModified(Encoding.UTF8.GetBytes(Files[file]), Second);
            }
        }
        return tree.SetModified(""u8, Second);
    }

    /// <summary>Staging has no call of its own to stop at where nothing is sent.</summary>
    private sealed class StagingGate(Action<string> pass) : IRunObserver
    {
        public void On(RunEvent runEvent)
        {
            if (runEvent is PhaseChanged { Phase: WorkerPhase.Staging })
            {
                pass(FencingCalls.Staging);
            }
        }
    }
}
