using System.Runtime.Versioning;
using DepSync.Model;
using DepSync.Tests.Support;

namespace DepSync.Tests.Release;

/// <summary>A worker whose disk has another past than the manager remembers: restored, rebuilt, cloned, or pushed to by another user.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class WorkerHistoryTests
{
    [NeedsFact("find")]
    public async Task Worker_restored_from_an_older_snapshot_is_synced_from_what_it_holds_and_its_numbers_go_on()
    {
        using var run = new ReleaseFixture();
        run.Manager.Write("a", "one").Write("b", "kept");
        await run.SyncAsync();
        Command.Run("cp", "-a", run.Worker.Path, run.Worker.Path + "-snapshot");
        foreach (var text in (string[])["two", "three"])
        {
            run.Manager.Write("a", text);
            await run.SyncAsync();
        }
        Directory.Delete(run.Worker.Path, recursive: true);
        Directory.Move(run.Worker.Path + "-snapshot", run.Worker.Path);
        var restored = await run.SyncAsync();
        Assert.Equal((WorkerStatus.Synced, 1, 4), (restored.Status, restored.Updated, restored.Generation));
        Assert.Single(run.Events.OfType<Note>(), note => note.Message.Contains("shows generation 1, but generation 3 was pushed", StringComparison.Ordinal));
        run.AssertEqualTrees();
        Assert.Equal(WorkerStatus.Unchanged, (await run.SyncAsync()).Status);
    }

    [NeedsFact("find")]
    public async Task Worker_that_was_rebuilt_empty_gets_everything_under_a_new_number()
    {
        using var run = new ReleaseFixture { Target = Remote };
        run.Connect = (_, cancellationToken) => Task.FromResult<DepSync.Workers.IWorkerFileSystem>(DepSync.Workers.LocalWorker.Open(run.Worker.Path));
        run.Manager.Write("a", "one").Write("b/c", "two");
        await run.SyncAsync();
        run.Manager.Write("a", "changed");
        await run.SyncAsync();
        Directory.Delete(run.Worker.Path, recursive: true);
        Directory.CreateDirectory(run.Worker.Path);
        var rebuilt = await run.SyncAsync();
        Assert.Equal((WorkerStatus.Synced, 3, 3), (rebuilt.Status, rebuilt.Created, rebuilt.Generation));
        Assert.Single(run.Events.OfType<Note>(), note => note.Message.Contains("it was rebuilt or restored", StringComparison.Ordinal));
        run.AssertEqualTrees();
    }

    [NeedsFact("find")]
    public async Task Worker_cloned_from_another_cluster_is_refused_as_that_clusters_and_not_touched()
    {
        using var run = new ReleaseFixture();
        run.Manager.Write("a", "ours");
        await run.SyncAsync();
        using var cluster = new ReleaseFixture();
        cluster.Manager.Write("a", "theirs").Write("b", "theirs too");
        await cluster.SyncAsync();
        Directory.Delete(run.Worker.Path, recursive: true);
        Command.Run("cp", "-a", cluster.Worker.Path, run.Worker.Path);
        var before = TreeText.ReadUntouched(run.Worker.Path);
        var refused = await run.SyncAsync();
        Assert.Equal((WorkerStatus.Refused, ErrorKind.Fenced), (refused.Status, refused.Error!.Kind));
        Assert.Contains(cluster.Manager.Path, refused.Error.Message, StringComparison.Ordinal);
        TreeText.AssertSame(before, TreeText.ReadUntouched(run.Worker.Path));
        Assert.Equal(WorkerStatus.Synced, (await run.SyncAsync(run.Config with { Takeover = true })).Status);
        run.AssertEqualTrees();
    }

    [NeedsFact(Requirement.Root, "find", "setpriv")]
    public async Task User_who_pushes_what_root_pushed_is_told_whose_folder_it_is_and_changes_nothing()
    {
        using var scenario = await WireScenario.PrepareAsync(PushCase.Small);
        var run = scenario.Run;
        run.Connect = AsRoot(run);
        Assert.Null((await run.SyncAsync()).Error);
        Command.Run("chown", "-R", "0:0", run.Worker.Path);
        run.Manager.Write("update", "of the user");
        var before = TreeText.ReadUntouched(run.Worker.Path);
        run.Connect = run.Healthy;
        var refused = await run.SyncAsync();
        Assert.Equal(ErrorKind.Target, refused.Error?.Kind);
        Assert.Contains("belongs to uid 0 with mode 700", refused.Error!.Message, StringComparison.Ordinal);
        Assert.Contains("push as the user who pushed before", refused.Error.Hint, StringComparison.Ordinal);
        await scenario.EndAsync();
        TreeText.AssertSame(before, TreeText.ReadUntouched(run.Worker.Path));
    }

    /// <summary>Each user has a state of his own, and so at first an id of his own.</summary>
    [NeedsTheory(Requirement.Root, "find", "setpriv")]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Root_who_pushes_what_a_user_pushed_from_the_same_directory_goes_on_only_where_nothing_differs(bool differs)
    {
        using var scenario = await WireScenario.PrepareAsync(PushCase.Small);
        var run = scenario.Run;
        Assert.Null((await run.SyncAsync()).Error);
        await scenario.EndAsync();
        Directory.Move(run.StateDir, run.StateDir + "-of-the-user");
        run.Manager.Write("update", differs ? "of root" : "new update");
        run.Manager.SetModified("update"u8, 1_600_001_000 + 'u');
        run.Connect = AsRoot(run);
        var root = await run.SyncAsync();
        Assert.Equal(differs ? (WorkerStatus.Refused, ErrorKind.Fenced) : (WorkerStatus.Unchanged, null), (root.Status, root.Error?.Kind));
        if (!differs)
        {
            run.Manager.Write("update", "of root");
            Assert.Null((await run.SyncAsync()).Error);
            run.AssertEqualTrees();
        }
    }

    private static WorkerAddress Remote => new() { Name = "worker", Target = "host:worker", Host = "host", User = "user", Path = "/worker" };

    private static DepSync.Workers.ConnectWorker AsRoot(ReleaseFixture run) => (_, _) => Task.FromResult<DepSync.Workers.IWorkerFileSystem>(DepSync.Workers.LocalWorker.Open(run.Worker.Path));
}
