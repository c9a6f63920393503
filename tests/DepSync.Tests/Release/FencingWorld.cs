using System.Collections.Concurrent;
using System.Runtime.Versioning;
using DepSync.Model;
using DepSync.Release;
using DepSync.State;
using DepSync.Tests.Support;
using DepSync.Workers;

namespace DepSync.Tests.Release;

/// <summary>A real worker as the model begins, and real runs of its managers there, which go on call by call. For one thread.</summary>
[UnsupportedOSPlatform("windows")]
internal sealed class FencingWorld : IDisposable
{
    private readonly FencingSources _sources;
    private readonly FencingCast _cast;
    private readonly string _folder;
    private readonly WorkerAddress _address;
    private readonly bool _overSftp;
    private readonly SteppedRun?[] _runs = new SteppedRun?[4];
    private readonly ConcurrentStack<SftpServerProcess> _servers = new();

    public FencingWorld(FencingSources sources, FencingCast cast, bool overSftp)
    {
        (_sources, _cast, _overSftp) = (sources, cast, overSftp);
        (_folder, Worker) = sources.NewWorker();
        _address = ReleaseFixture.Address("worker", Worker.Path);
        if (overSftp)
        {
            _address = _address with { Host = "host", User = "user" };
            SftpServerProcess.OwnAll(Worker);
        }
    }

    public TempTree Worker { get; }

    public SteppedRun Of(int run) => _runs[run] ?? throw new InvalidOperationException($"run {run} has not begun");

    public void Begin(int run, Func<string, bool> stopsAt)
    {
        var store = StoreOf(run);
        // A run reads the worker's manifest, as the model does, and not the copy of an earlier one.
        foreach (var copy in Directory.Exists(store.Folder) ? Directory.GetFiles(store.Folder, "*.manifest", SearchOption.AllDirectories) : [])
        {
            File.Delete(copy);
        }
        _runs[run]?.Dispose();
        _runs[run] = new SteppedRun((pass, cancellation) => _sources.RunAsync(run, new FencingRunCase(_address, store, _cast.Of(run), cancellation) { Pass = pass, Open = _overSftp ? Open : null }), stopsAt);
    }

    /// <summary>The counter in the state of that run's manager.</summary>
    public long CounterOf(int run) => StoreOf(run).LoadTarget(WorkerRelease.TargetKey(_address))?.Number ?? 0;

    public void Dispose()
    {
        foreach (var run in _runs)
        {
            run?.Dispose();
        }
        foreach (var server in _servers)
        {
            server.Dispose();
        }
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>OpenSSH's server, in the folder of all worlds.</summary>
    private SftpWorker Open()
    {
        var server = SftpServerProcess.Start(_sources.Folder);
        _servers.Push(server);
        return SftpWorker.OpenAsync(server.Transport, _address.Path, new SftpWorkerOptions(TimeSpan.FromSeconds(30), TimeProvider.System), CancellationToken.None).GetAwaiter().GetResult();
    }

    private StateStore StoreOf(int run) => _sources.StoreOf(run, Path.Combine(_folder, $"state-{Math.Min(run, 2)}"));
}
