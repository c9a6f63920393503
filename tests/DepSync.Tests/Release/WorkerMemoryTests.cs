using System.Globalization;
using DepSync.Config;
using DepSync.Model;
using DepSync.Release;
using DepSync.Tests.Support;

namespace DepSync.Tests.Release;

/// <summary>Alone: what others allocate at the same time would count.</summary>
[CollectionDefinition(nameof(WorkerMemoryTests), DisableParallelization = true)]
public sealed class WorkerMemoryAlone;

/// <summary>
/// What each worker more holds of the managed heap, when all are held at the same moment of their ways. Counted, not timed: what is in use, without garbage. The contract's 2 MB are resident memory
/// of the native program (docs/performance.md), of which this is a part.
/// </summary>
[Collection(nameof(WorkerMemoryTests))]
public sealed class WorkerMemoryTests
{
    private const int Files = 2_000;
    private const int Few = 4;
    private const int Many = 16;

    /// <summary>Everything is staged and nothing is live yet: 0.73 MB were measured, and 1.0 to 1.1 with the text of a manifest of its own for each.</summary>
    private const long BytesOfPush = 950_000;

    /// <summary>The tree is listed and compared: 1.27 MB were measured, and 1.75 where each worker holds the entries of its manifest by itself.</summary>
    private const long BytesOfComparison = 1_650_000;

    [Fact]
    public async Task A_worker_more_holds_little_while_a_first_push_to_many_is_staged()
    {
        var held = new List<long>();
        foreach (var workers in new[] { Few, Many })
        {
            using var fleet = new Fleet(workers);
            held.Add(await fleet.HeldAsync(fleet.Config, static raised => raised is PhaseChanged { Phase: WorkerPhase.Committing }));
        }
        Assert.InRange((held[1] - held[0]) / (Many - Few), 1, BytesOfPush);
    }

    [Fact]
    public async Task A_worker_more_holds_little_while_many_are_compared()
    {
        var held = new List<long>();
        foreach (var workers in new[] { Few, Many })
        {
            using var fleet = new Fleet(workers);
            await fleet.HeldAsync(fleet.Config, static raised => raised is PhaseChanged { Phase: WorkerPhase.Committing });
            fleet.Change();
            // Of an unchanged worker nothing is told before its end; a preview tells of the change while it still holds all.
            held.Add(await fleet.HeldAsync(fleet.Config with { DryRun = true }, static raised => raised is EntryChanged));
        }
        Assert.InRange((held[1] - held[0]) / (Many - Few), 1, BytesOfComparison);
    }

    /// <summary>A manager directory and so many folders of this machine.</summary>
    private sealed class Fleet : IRunObserver, IDisposable
    {
        private readonly TempTree _folder = TempTree.InMemory();
        private readonly TempTree _manager;
        private readonly ManualResetEventSlim _gate = new();
        private readonly HashSet<string> _held = [];
        private readonly (int Threads, int Ports) _least;
        private Func<RunEvent, bool> _isMoment = static _ => false;

        public Fleet(int workers)
        {
            _manager = new TempTree(_folder, "manager");
            for (var i = 0; i < Files; i++)
            {
                _manager.Write(string.Create(CultureInfo.InvariantCulture, $"area-{i % 10:000}/unit-{i / 48:00000}/service-{i:000000}.xml"), "x");
            }
            var names = Enumerable.Range(0, workers).Select(i => string.Create(CultureInfo.InvariantCulture, $"w{i}"));
            Config = new RunConfig
            {
                ManagerDir = _manager.Path,
                Workers = [.. names.Select(name => ReleaseFixture.Address(name, new TempTree(_folder, name).Path))],
                Parallel = workers,
                Settle = TimeSpan.Zero,
            };
            // Each keeps a thread while it is held.
            ThreadPool.GetMinThreads(out _least.Threads, out _least.Ports);
            ThreadPool.SetMinThreads((2 * workers) + _least.Threads, _least.Ports);
        }

        public RunConfig Config { get; }

        public void Change() => _manager.Write("area-000/new", "y");

        /// <summary>Bytes of the heap that are in use when each worker has come to that moment and none has gone on.</summary>
        public async Task<long> HeldAsync(RunConfig config, Func<RunEvent, bool> isMoment)
        {
            _isMoment = isMoment;
            _gate.Reset();
            Task<RunReport> run;
            long bytes;
            try
            {
                run = new FleetRelease(config, new RunContext("run", Path.Combine(_folder.Path, "state"), this, TimeProvider.System, null)).RunAsync(default);
                await Until.TrueAsync(() => CountHeld() == config.Workers.Count, "all workers to be held");
                GC.Collect();
                GC.WaitForPendingFinalizers();
                bytes = GC.GetTotalMemory(forceFullCollection: true);
            }
            finally
            {
                _gate.Set();
            }
            Assert.All((await run).Workers, worker => Assert.Null(worker.Error));
            lock (_held)
            {
                _held.Clear();
            }
            return bytes;
        }

        public void On(RunEvent runEvent)
        {
            if (!_isMoment(runEvent))
            {
                return;
            }
            lock (_held)
            {
                _held.Add(runEvent.Worker!);
            }
            _gate.Wait();
        }

        public void Dispose()
        {
            ThreadPool.SetMinThreads(_least.Threads, _least.Ports);
            _gate.Dispose();
            _folder.Dispose();
        }

        private int CountHeld()
        {
            lock (_held)
            {
                return _held.Count;
            }
        }
    }
}
