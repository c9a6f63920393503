using System.Runtime.Versioning;
using DepSync.Model;
using DepSync.Tests.Support;
using DepSync.Workers;

namespace DepSync.Tests.Release;

/// <summary>Whole runs over several sessions, each OpenSSH's sftp-server. What is staged waits until all of them are there, so that they are used.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class LaneReleaseTests : IDisposable
{
    private const int Files = 120;
    private const int Sessions = 3;

    private static readonly TimeSpan Hang = TimeSpan.FromMinutes(1);

    private readonly SftpLanesServer _server = new();
    private readonly ReleaseFixture _run;
    private IWorkerFileSystem? _worker;

    public LaneReleaseTests()
    {
        var folder = TempTree.InMemory().SetMode(""u8, 0b111_001_001);
        _run = new ReleaseFixture(folder)
        {
            Healthy = ConnectAsync,
            Target = new WorkerAddress { Name = "worker", Target = "host:worker", Host = "host", User = "user", Path = Path.Combine(folder.Path, "worker") },
        };
        _run.Connect = ConnectAsync;
        SftpServerProcess.Own(_run.Worker);
        for (var i = 0; i < Files; i++)
        {
            _run.Manager.Write($"folder{i % 7}/file{i}", $"content of {i}");
        }
        _run.Manager.SetModified(""u8, 1_700_000_000);
    }

    private SftpLaneRules Rules { get; set; } = SftpLanesServer.Always(Sessions);

    public void Dispose()
    {
        _server.Dispose();
        _run.Dispose();
    }

    [NeedsFact("setpriv")]
    public async Task Push_over_several_sessions_is_the_source_and_leaves_none_behind()
    {
        AwaitSessionsBeforeStaging();
        Assert.Equal(WorkerStatus.Synced, (await _run.SyncAsync().WaitAsync(Hang)).Status);
        _run.AssertEqualTrees();
        Assert.True(_server.Further.Count >= Sessions - 1);
        await Until.TrueAsync(() => _server.Further.All(server => server.HasEnded), "the end of all further sessions");
        Assert.Equal(WorkerStatus.Unchanged, (await _run.SyncAsync().WaitAsync(Hang)).Status);
    }

    /// <summary>The main session and the other one go with it; nothing was moved yet, so it is tried once more.</summary>
    [NeedsTheory("setpriv")]
    [InlineData(nameof(WireFault.CutBeforeRequest), 2)]
    [InlineData(nameof(WireFault.CutAfterRequest), 9)]
    [InlineData(nameof(WireFault.CutInRequest), 24)]
    [InlineData(nameof(WireFault.CutBeforeReply), 2)]
    [InlineData(nameof(WireFault.CutInReply), 15)]
    [InlineData(nameof(WireFault.CutAfterReply), 33)]
    [InlineData(nameof(WireFault.ReverseReplies), 11)]
    public async Task Session_that_is_cut_off_leaves_the_old_tree_or_the_new_one(string fault, int at)
    {
        var script = new WireScript(Enum.Parse<WireFault>(fault), at) { Before = () => Assert.DoesNotContain(Directory.GetFileSystemEntries(_run.Worker.Path), path => !path.EndsWith(".depsync", StringComparison.Ordinal)) };
        FailIn(script);
        Assert.Equal(WorkerStatus.Synced, (await _run.SyncAsync().WaitAsync(Hang)).Status);
        Assert.True(script.HasHit);
        _run.AssertEqualTrees();
        await AssertNextRunIsQuietAsync();
    }

    [NeedsTheory("setpriv")]
    [InlineData(nameof(WireFault.StallAtRequest), 12)]
    [InlineData(nameof(WireFault.DropReply), 12)]
    public async Task Session_that_falls_silent_ends_the_run_after_idle_timeout_with_the_old_tree(string fault, int at)
    {
        var script = new WireScript(Enum.Parse<WireFault>(fault), at);
        FailIn(script);
        // Its clock runs once the session is silent, for the main one too, which is asked for nothing by then.
        _server.Clock = new FakeTimeProvider();
        var result = await _run.SyncAsync().WaitAsync(Hang);
        Assert.Equal(ErrorKind.IdleTimeout, result.Error?.Kind);
        Assert.Equal([".depsync"], Directory.GetFileSystemEntries(_run.Worker.Path).Select(Path.GetFileName));
        _server.Clock = null;
        Assert.Equal(WorkerStatus.Synced, (await _run.SyncAsync().WaitAsync(Hang)).Status);
        _run.AssertEqualTrees();
        await AssertNextRunIsQuietAsync();
    }

    [NeedsTheory("setpriv")]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(20)]
    public async Task What_a_frozen_manager_asked_further_sessions_for_changes_nothing_after_another_one_has_finished(int at)
    {
        var script = new WireScript(WireFault.Freeze, at);
        FailIn(script);
        var run = _run.SyncAsync();
        await Until.TrueAsync(() => script.HasHit, "the freeze");
        var other = _run.OtherManager("second");
        other.Manager.Write("folder1/file1", "of the second").Write("mine", "of the second too");
        other.Manager.SetModified(""u8, 1_700_000_000);
        Rules = new SftpLaneRules();
        var won = await other.SyncAsync(other.Config with { Takeover = true, MaxDelete = new(100, IsPercent: true) }).WaitAsync(Hang);
        Assert.Null(won.Error);
        var live = TreeText.Read(_run.Worker.Path);
        _server.Wires[0].LetGo();
        var late = await run.WaitAsync(Hang);
        await _server.Wires[0].EndedAsync().WaitAsync(Hang);
        Assert.Equal(ErrorKind.Fenced, late.Error?.Kind);
        Assert.Contains(script.Requests, request => request.StartsWith("Open ", StringComparison.Ordinal) && request.Contains("/new/", StringComparison.Ordinal));
        Assert.Equal(live, TreeText.Read(_run.Worker.Path));
        other.AssertEqualTrees();
        Assert.Equal(WorkerStatus.Unchanged, (await other.SyncAsync(other.Config).WaitAsync(Hang)).Status);
        Assert.Equal(["manifest", "owner.json"], other.OwnNames().Except(["generations"]));
    }

    [NeedsFact("setpriv")]
    public async Task Push_that_is_cancelled_while_sessions_are_busy_leaves_no_trace()
    {
        var script = new WireScript(WireFault.Freeze, 20);
        FailIn(script);
        using var cancel = new CancellationTokenSource();
        var run = _run.RunAsync(_run.Config, cancel.Token);
        await Until.TrueAsync(() => script.HasHit, "the freeze");
        await cancel.CancelAsync();
        _server.Wires[0].LetGo();
        await run.WaitAsync(Hang);
        Assert.Empty(_run.OwnNames());
        Assert.Equal([".depsync"], Directory.GetFileSystemEntries(_run.Worker.Path).Select(Path.GetFileName));
    }

    /// <summary>Even where a round trip takes 100 ms.</summary>
    [NeedsFact("setpriv")]
    public async Task Runs_that_have_little_to_do_open_one_session_and_a_large_push_opens_more()
    {
        Rules = new SftpLaneRules { RoundTrip = TimeSpan.FromMilliseconds(100) };
        Assert.Equal(WorkerStatus.Synced, (await _run.SyncAsync().WaitAsync(Hang)).Status);
        Assert.Equal(WorkerStatus.Unchanged, (await _run.SyncAsync().WaitAsync(Hang)).Status);
        for (var i = 0; i < 20; i++)
        {
            _run.Manager.Write($"folder{i % 7}/file{i}", $"content of {i}, changed");
        }
        Assert.Equal(WorkerStatus.Synced, (await _run.SyncAsync().WaitAsync(Hang)).Status);
        Assert.Equal(0, _server.Asked);
        for (var i = 0; i < 8; i++)
        {
            _run.Manager.Write(System.Text.Encoding.UTF8.GetBytes($"large{i}"), new byte[2 << 20]);
        }
        Assert.Equal(WorkerStatus.Synced, (await _run.SyncAsync().WaitAsync(Hang)).Status);
        Assert.Equal(1, _server.Asked);
        _run.AssertEqualTrees();
    }

    private async Task AssertNextRunIsQuietAsync()
    {
        Assert.Equal(WorkerStatus.Unchanged, (await _run.SyncAsync().WaitAsync(Hang)).Status);
        Assert.Equal(["manifest", "owner.json"], _run.OwnNames().Except(["generations"]));
    }

    /// <summary>The fault is one of the first session beside the main one.</summary>
    private void FailIn(WireScript script)
    {
        _server.Scripts.Enqueue(script);
        AwaitSessionsBeforeStaging();
    }

    private void AwaitSessionsBeforeStaging()
    {
        var isFirst = true;
        _run.At = (WorkerPhase.Staging, AwaitSessions);

        void AwaitSessions()
        {
            if (isFirst)
            {
                SftpLanesServer.UsedAsync(_worker!, Sessions).GetAwaiter().GetResult();
            }
            isFirst = false;
        }
    }

    private async Task<IWorkerFileSystem> ConnectAsync(WorkerAddress address, CancellationToken cancellationToken) => _worker = await _server.ConnectAsync(address.Path, Rules);
}
