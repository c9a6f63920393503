using System.Runtime.Versioning;
using DepSync.Model;
using DepSync.Planning;
using DepSync.Release;
using DepSync.Scanning;
using DepSync.Tests.Scanning;
using DepSync.Tests.Support;
using DepSync.Workers;

namespace DepSync.Tests.Release;

/// <summary>What becomes of files that do not arrive in the run folder as planned.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class StagerTests : IDisposable
{
    private static readonly RelativePath RunFolder = WorkerLayout.Run(1);

    private readonly ReleaseFixture _run = new();

    public StagerTests() => _run.Worker.MakeDirectory(".depsync/run-1/new"u8);

    public void Dispose() => _run.Dispose();

    [NeedsFact("find")]
    public async Task File_that_cannot_be_read_while_it_is_sent_is_a_problem_of_its_path()
    {
        _run.Manager.Write("a/bad", "one").Write("a/good", "two");
        var staged = await StageAsync(path =>
        {
            if (path.ToString() == "a/bad")
            {
                throw new IOException("Input/output error");
            }
        });
        Assert.Empty(staged.Problems);
        var problem = Assert.Single(staged.Unreadable);
        Assert.Equal("a/bad", problem.Path.ToString());
        Assert.Contains("Input/output error", problem.Message, StringComparison.Ordinal);
        Assert.Equal(["a", "a/good"], staged.Ready.Select(item => item.Change.Path.ToString()));
    }

    [NeedsFact("find")]
    public async Task File_that_changed_leaves_nothing_in_the_new_folder_that_goes_live()
    {
        _run.Manager.Write("a/changing", new string('x', 2_000_000)).Write("a/good", "two");
        var staged = await StageAsync(path =>
        {
            if (path.ToString() == "a/changing")
            {
                _run.Manager.Write("a/changing", new string('y', 2_000_000));
            }
        });
        Assert.Equal(Deferral.Changing, Assert.Single(staged.Deferred).Deferral);
        Assert.Equal(["good"], Directory.GetFileSystemEntries(Path.Combine(_run.WorkerFolder, "run-1/new/1")).Select(Path.GetFileName));
    }

    [NeedsFact("find")]
    public async Task Cancelled_in_the_middle_of_a_large_file_sends_no_more_of_it()
    {
        const int Size = 40_000_000;
        _run.Manager.Write("large"u8, new byte[Size]);
        await using var files = LocalWorker.Open(_run.Worker.Path);
        using var tree = SourceTree.Open(_run.Manager.Path);
        var worker = SnapshotText.Parse("");
        var plan = Planner.Plan(DiskTree.Read(_run.Manager.Path), worker, manifest: null, new PlanRules());
        var request = new StageRequest(StagingLayout.Build(plan, worker, RunFolder), RunFolder, null, null, FlushMode.Never);
        var stager = new FileStager(files, tree, request, new ByteBudget(long.MaxValue));
        using var cancelling = new CancelAtFirst();
        var item = Assert.Single(request.Items, item => item.Change.Kind == EntryKind.File);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => stager.StageAsync(item, new StagingSlot(new ByteBudget(1), cancelling, cancelling.Token)).AsTask());
        Assert.InRange(cancelling.Sent, 1, Size / 2);
    }

    /// <summary>Cancels when the first bytes were sent.</summary>
    private sealed class CancelAtFirst : IProgress<int>, IDisposable
    {
        private readonly CancellationTokenSource _source = new();

        public CancellationToken Token => _source.Token;

        public long Sent { get; private set; }

        public void Report(int value)
        {
            Sent += value;
            _source.Cancel();
        }

        public void Dispose() => _source.Dispose();
    }

    private async Task<StagedRelease> StageAsync(Action<RelativePath> beforeOpen)
    {
        await using var files = LocalWorker.Open(_run.Worker.Path);
        using var tree = new HookedTree(SourceTree.Open(_run.Manager.Path)) { BeforeOpen = beforeOpen };
        var worker = SnapshotText.Parse("");
        var plan = Planner.Plan(DiskTree.Read(_run.Manager.Path), worker, manifest: null, new PlanRules());
        var request = new StageRequest(StagingLayout.Build(plan, worker, RunFolder), RunFolder, null, null, FlushMode.Never);
        return await new Stager(files, tree, new StagingMeter(_run, "worker", TimeProvider.System)).StageAsync(request, CancellationToken.None);
    }
}
