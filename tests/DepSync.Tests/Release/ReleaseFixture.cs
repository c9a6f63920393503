using System.Collections.Concurrent;
using System.Runtime.Versioning;
using DepSync.Config;
using DepSync.Model;
using DepSync.Release;
using DepSync.State;
using DepSync.Tests.Support;
using DepSync.Workers;

namespace DepSync.Tests.Release;

/// <summary>A manager directory, its state and local targets in a temporary folder, and runs over them in this process.</summary>
internal sealed class ReleaseFixture : IDisposable, IRunObserver
{
    private readonly TempTree _folder;
    private readonly string _name = "";
    private int _runs;

    public ReleaseFixture()
        : this(new TempTree())
    {
    }

    /// <summary>In a folder that it removes.</summary>
    public ReleaseFixture(TempTree folder)
    {
        _folder = folder;
        Manager = new TempTree(_folder, "manager");
        Worker = new TempTree(_folder, "worker");
        Manager.SetModified(""u8, 1_700_000_000);
    }

    public TempTree Manager { get; private set; }

    public TempTree Worker { get; }

    public ConcurrentQueue<RunEvent> Events { get; } = new();

    /// <summary>Stands between a run and its workers; null: they are opened as they are.</summary>
    public ConnectWorker? Connect { get; set; }

    /// <summary>The same with the guess where the worker is.</summary>
    public ConnectWorkerAhead? ConnectAhead { get; init; }

    /// <summary>For a run's context.</summary>
    public ConnectWorkerAhead? Connecting => ConnectAhead ?? (Connect is { } connect ? (address, _, token) => connect(address, token) : null);

    public TimeProvider Clock { get; set; } = TimeProvider.System;

    /// <summary>What stands there when nothing is to go wrong.</summary>
    public ConnectWorker? Healthy { get; init; }

    /// <summary>The worker; a folder of this machine unless it is set.</summary>
    public WorkerAddress? Target { get; init; }

    /// <summary>Gives the worker's tree to the user that <see cref="Healthy"/> connects as.</summary>
    [UnsupportedOSPlatform("windows")]
    public void Own()
    {
        if (Healthy is not null)
        {
            SftpServerProcess.OwnAll(Worker);
        }
    }

    public string StateDir => Path.Combine(_folder.Path, "state");

    public string WorkerFolder => Path.Combine(Worker.Path, ".depsync");

    /// <summary>Another manager directory with a state of its own, that pushes to the same worker.</summary>
    public ReleaseFixture OtherManager(string name)
    {
        var other = new ReleaseFixture(this, name) { Healthy = Healthy, Target = Target, Connect = Healthy };
        other.Manager.SetModified(""u8, 1_700_000_000);
        return other;
    }

    /// <summary>Gives another manager the id of this one, as a copied state does.</summary>
    public void ShareIdentity(ReleaseFixture other)
    {
        var mine = Directory.EnumerateFiles(StateDir, "manager.json", SearchOption.AllDirectories).Single();
        var store = StateStore.Open(other.StateDir, other.Manager.Path);
        Directory.CreateDirectory(store.Folder);
        File.Copy(mine, Path.Combine(store.Folder, "manager.json"), overwrite: true);
    }

    private ReleaseFixture(ReleaseFixture first, string name)
    {
        _folder = new TempTree(first._folder, name);
        _name = $"{name}-";
        Manager = new TempTree(_folder, "manager");
        Worker = first.Worker;
    }

    public RunConfig Config => new()
    {
        ManagerDir = Manager.Path,
        Workers = [Target ?? Address("worker", Worker.Path)],
        Settle = TimeSpan.Zero,
    };

    public static WorkerAddress Address(string name, string path) => new() { Name = name, Target = path, Path = path };

    public Task<RunReport> RunAsync(CancellationToken cancellationToken = default) => RunAsync(Config, cancellationToken);

    public async Task<RunReport> RunAsync(RunConfig config, CancellationToken cancellationToken = default)
    {
        Events.Clear();
        var context = new RunContext($"{_name}run-{++_runs}", StateDir, this, Clock, null) { Connect = Connecting };
        return await new FleetRelease(config, context).RunAsync(cancellationToken);
    }

    public async Task<WorkerResult> SyncAsync(RunConfig? config = null) => Assert.Single((await RunAsync(config ?? Config)).Workers);

    public string[] Lines() => [.. Events.OfType<EntryChanged>().Select(change => change.Change.Itemize).Order(StringComparer.Ordinal)];

    public void AssertEqualTrees() => TreeText.AssertMirrored(Manager.Path, Worker.Path);

    /// <summary>What lies directly in <c>.depsync/</c>.</summary>
    public string[] OwnNames() => [.. Directory.GetFileSystemEntries(WorkerFolder).Select(path => Path.GetFileName(path)!).Order(StringComparer.Ordinal)];

    /// <summary>Runs when a worker comes to that phase.</summary>
    public (WorkerPhase Phase, Action Act)? At { get; set; }

    public void On(RunEvent runEvent)
    {
        Events.Enqueue(runEvent);
        if (At is { } at && runEvent is PhaseChanged changed && changed.Phase == at.Phase)
        {
            at.Act();
        }
    }

    public void Dispose() => _folder.Dispose();
}
