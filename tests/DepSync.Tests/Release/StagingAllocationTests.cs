using System.Runtime.Versioning;
using DepSync.Model;
using DepSync.Planning;
using DepSync.Release;
using DepSync.Scanning;
using DepSync.Tests.Scanning;
using DepSync.Tests.Support;
using DepSync.Workers;

namespace DepSync.Tests.Release;

/// <summary>What a small file costs in memory while it is staged.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class StagingAllocationTests
{
    private const int Files = 3_000;

    /// <summary>
    /// As compiled for tests, where each state machine is an object: 5,100 bytes were measured, and 6,700 on a busy machine, where answers come one by one and each is followed by a write of its own. It was
    /// 8,800 when each request had a task. A file takes no task for any of its six requests, and the objects of those are used again.
    /// What is allocated here is paid twice: an eighth of the time of a push of small files is the collector's.
    /// </summary>
    private const long BytesOfAFile = 8_000;

    [NeedsFact("setpriv")]
    public async Task Small_file_takes_few_bytes_of_memory_whatever_their_number()
    {
        using var run = new ReleaseFixture(TempTree.InMemory().SetMode(""u8, 0b111_001_001));
        run.Worker.MakeDirectory(".depsync/run-1/new"u8);
        for (var i = 0; i < Files; i++)
        {
            run.Manager.Write($"folder-{i / 50}/{i}", $"content {i}");
        }
        SftpServerProcess.OwnAll(run.Worker);
        using var server = SftpServerProcess.Start(run.Worker.Path);
        await using var files = await SftpWorker.OpenAsync(server.Transport, run.Worker.Path, new SftpWorkerOptions(TimeSpan.FromSeconds(60), TimeProvider.System), default);
        // Each file is opened on the thread that heard of the end of another one: what that thread has taken is counted there, so that other tests do not count.
        var samples = new Dictionary<int, List<long>>();
        using var tree = new HookedTree(SourceTree.Open(run.Manager.Path))
        {
            BeforeOpen = _ =>
            {
                lock (samples)
                {
                    if (!samples.TryGetValue(Environment.CurrentManagedThreadId, out var taken))
                    {
                        samples.Add(Environment.CurrentManagedThreadId, taken = new List<long>(Files));
                    }
                    taken.Add(GC.GetAllocatedBytesForCurrentThread());
                }
            },
        };
        var worker = SnapshotText.Parse("");
        var plan = Planner.Plan(DiskTree.Read(run.Manager.Path), worker, manifest: null, new PlanRules());
        var folder = WorkerLayout.Run(1);
        var request = new StageRequest(StagingLayout.Build(plan, worker, folder), folder, null, null, FlushMode.Durable);
        var staged = await new Stager(files, tree, new StagingMeter(run, "worker", TimeProvider.System)).StageAsync(request, CancellationToken.None);
        Assert.Equal(Files, staged.Ready.Count(item => item.Change.Kind == EntryKind.File));
        var most = samples.Values.MaxBy(list => list.Count)!;
        Assert.InRange(most.Count, Files / 2, Files);
        // The second half: by then what is used again has been made.
        var half = most.Count / 2;
        Assert.InRange((most[^1] - most[half]) / (most.Count - 1 - half), 1, BytesOfAFile);
    }
}
