using DepSync.Model;
using DepSync.Release;
using DepSync.Tests.Support;
using DepSync.Workers;

namespace DepSync.Tests.Release;

/// <summary>What a server or its rights do not allow is told in words that name the cause.</summary>
public sealed class ServerLimitsTests : IDisposable
{
    private readonly ReleaseFixture _run = new();

    public void Dispose() => _run.Dispose();

    [Theory]
    [InlineData(false, false, "not atomic on this server")]
    [InlineData(true, false, "no hard links")]
    public async Task Log_says_what_a_replacement_cannot_be_on_this_server(bool atomic, bool links, string told)
    {
        _run.Connect = new FaultScript { Able = able => able with { AtomicReplace = atomic, HardLinks = links } }.Connect;
        _run.Manager.Write("a", "old");
        await _run.SyncAsync();
        _run.Manager.Write("a", "newer");
        Assert.Null((await _run.SyncAsync()).Error);
        Assert.Single(_run.Events.OfType<Note>(), note => note.Level == NoteLevel.Notice && note.Message.Contains(told, StringComparison.Ordinal));
        await _run.SyncAsync();
        Assert.DoesNotContain(_run.Events.OfType<Note>(), note => note.Message.Contains(told, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Writing_that_fails_while_there_is_room_is_told_as_a_quota_and_the_old_tree_stays()
    {
        _run.Manager.Write("a", "old").Write("b", "old b");
        await _run.SyncAsync();
        var before = TreeText.Read(_run.Worker.Path);
        _run.Manager.Write("a", "newer").Write("c", "c").Delete("b"u8);
        _run.Connect = new FaultScript { Fails = call => call.StartsWith("write .depsync/run-", StringComparison.Ordinal) && call.Contains("/new/", StringComparison.Ordinal) }.Connect;
        var error = (await _run.SyncAsync()).Error!;
        Assert.Equal(ErrorKind.Target, error.Kind);
        Assert.Matches("^writing failed .* with [0-9]+ bytes free: a quota or a limit of the server$", error.Message);
        Assert.Equal("look at the login's quota there", error.Hint);
        TreeText.AssertSame(before, TreeText.Read(_run.Worker.Path));
        Assert.DoesNotContain(_run.OwnNames(), name => name.StartsWith("run-", StringComparison.Ordinal));
        _run.Connect = null;
        Assert.Null((await _run.SyncAsync()).Error);
        _run.AssertEqualTrees();
    }

    [Fact]
    public async Task What_was_committed_is_counted_although_it_could_not_be_recorded()
    {
        _run.Manager.Write("a", "a").Write("d/b", "b");
        _run.Connect = new FaultScript { Fails = call => call.StartsWith("create .depsync/run-", StringComparison.Ordinal) && call.Contains("/manifest", StringComparison.Ordinal) }.Connect;
        var result = await _run.SyncAsync();
        Assert.Equal((WorkerStatus.Failed, ErrorKind.Target), (result.Status, result.Error!.Kind));
        Assert.Equal((3, 2L, 2L), (result.Created, result.BytesTotal, result.BytesSent));
        _run.AssertEqualTrees();
        _run.Connect = null;
        Assert.Null((await _run.SyncAsync()).Error);
    }

    [Fact]
    public void Folders_whose_mtime_cannot_be_set_are_named_first_and_counted_then()
    {
        var report = new CommitReport(_run, "worker", 1000) { Clock = TimeProvider.System, Flush = FlushMode.Never };
        for (var i = 0; i < 1000; i++)
        {
            report.ForeignTime(RelativePath.Parse($"d{i}"), 0);
        }
        report.MoreForeignTimes();
        var told = _run.Events.OfType<Note>().Select(note => note.Message).ToList();
        Assert.Equal(4, told.Count);
        Assert.Equal("the mtime of folder 'd0' cannot be set: it belongs to uid 0, the login is uid 1000", told[0]);
        Assert.Equal("the mtimes of 997 more folders cannot be set for the same reason", told[3]);
    }

    [Fact]
    public async Task What_a_worker_unpacked_from_an_archive_of_its_own_that_is_excluded_stays()
    {
        var config = _run.Config with { Exclude = ["/webapps/own.war"] };
        _run.Manager.Write("webapps/shop.war", "w");
        _run.Worker.Write("webapps/own.war", "own").Write("webapps/own/WEB-INF/web.xml", "x").Write("webapps/stray/x", "x");
        Assert.Null((await _run.SyncAsync(config)).Error);
        Assert.True(_run.Worker.Exists("webapps/own/WEB-INF/web.xml"u8));
        Assert.False(_run.Worker.Exists("webapps/stray"u8));
        Assert.Equal(WorkerStatus.Unchanged, (await _run.SyncAsync(config)).Status);
        // What the manager has at that path is the manager's.
        _run.Manager.Write("webapps/own/index.html", "ours");
        Assert.Null((await _run.SyncAsync(config)).Error);
        Assert.Equal("ours", _run.Worker.Read("webapps/own/index.html"));
        Assert.False(_run.Worker.Exists("webapps/own/WEB-INF"u8));
        _run.Manager.Delete("webapps/own"u8);
        Assert.Null((await _run.SyncAsync(config)).Error);
        Assert.False(_run.Worker.Exists("webapps/own"u8));
    }

    [Fact]
    public async Task Folder_of_somebody_else_that_cannot_be_claimed_is_named_with_its_owner()
    {
        _run.Manager.Write("a", "a");
        _run.Worker.MakeDirectory(".depsync"u8);
        _run.Connect = new FaultScript { Fails = call => call.StartsWith("mkdir .depsync/run-", StringComparison.Ordinal), Error = WorkerFileError.PermissionDenied }.Connect;
        var error = (await _run.SyncAsync()).Error!;
        Assert.Equal(ErrorKind.Target, error.Kind);
        Assert.Contains("/.depsync cannot be written by this login: it belongs to uid ", error.Message, StringComparison.Ordinal);
    }
}
