using System.Runtime.Versioning;
using DepSync.Model;
using DepSync.Tests.Support;
using DepSync.Workers;

namespace DepSync.Tests.Release;

/// <summary>The order of a push's calls on a worker, and what single refusals make of it.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class ReleaseOrderTests : IDisposable
{
    private readonly ReleaseFixture _run = new(TempTree.InMemory());

    public void Dispose() => _run.Dispose();

    [NeedsFact("find")]
    public async Task Staged_files_are_on_disk_before_the_first_rename_and_touched_directories_before_the_manifest()
    {
        using var scenario = await FaultScenario.PrepareAsync();
        var script = new FaultScript();
        scenario.Run.Connect = script.Connect;
        Assert.Null((await scenario.Run.SyncAsync()).Error);
        var calls = script.Calls.ToList();
        var (live, lastLive) = (calls.FindIndex(IsLive), calls.FindLastIndex(IsLive));
        var manifest = calls.IndexOf("rename .depsync/run-2/new/manifest -> .depsync/manifest");
        var owner = calls.IndexOf("rename .depsync/run-2/new/owner-1.json -> .depsync/owner.json");
        Assert.True(live > 0 && live < lastLive && lastLive < manifest && manifest < owner);
        foreach (var staged in calls.Where(call => call.StartsWith("create .depsync/run-2/new/", StringComparison.Ordinal) && !call.Contains("/new/manifest", StringComparison.Ordinal) && !call.Contains("/new/owner-", StringComparison.Ordinal)).Select(call => call.Split(' ')[1]))
        {
            var (written, flushed, closed) = (calls.LastIndexOf($"write {staged}"), calls.IndexOf($"flush {staged}"), calls.IndexOf($"close {staged}"));
            Assert.True(written < flushed && flushed < closed && closed < live, $"{staged}: {written} {flushed} {closed} {live}");
        }
        Assert.InRange(calls.IndexOf("flush .depsync/run-2/journal"), 1, live);
        foreach (var directory in (string[])["", "a", "ro", "made", "made/deep", "a/f2d", "a/f2d/deep", "a/l2d"])
        {
            Assert.InRange(calls.LastIndexOf($"flush {directory}"), lastLive, manifest);
        }
        Assert.InRange(calls.IndexOf("flush .depsync/run-2/old"), lastLive, calls.FindIndex(lastLive, call => call is "flush " or "flush a" or "flush ro"));
        Assert.True(calls.LastIndexOf("set ") < calls.LastIndexOf("flush "));
        // The records lie in the run folder, whole and on disk, before the first rename, and are put into their places behind all else.
        Assert.InRange(calls.IndexOf("close .depsync/run-2/new/manifest"), calls.IndexOf("flush .depsync/run-2/new/manifest"), live);
        Assert.InRange(calls.IndexOf("close .depsync/run-2/new/owner-1.json"), calls.IndexOf("flush .depsync/run-2/new/owner-1.json"), live);
        Assert.InRange(manifest, calls.FindLastIndex(call => call.StartsWith("flush ", StringComparison.Ordinal) && call != "flush .depsync"), owner);
        Assert.True(calls.IndexOf("flush .depsync") > owner);
    }

    [NeedsFact("find")]
    public async Task Nothing_is_flushed_with_fsync_never()
    {
        using var scenario = await FaultScenario.PrepareAsync();
        var script = new FaultScript();
        scenario.Run.Connect = script.Connect;
        Assert.Null((await scenario.Run.SyncAsync(scenario.Run.Config with { Durable = false })).Error);
        Assert.DoesNotContain(script.Calls, call => call.StartsWith("flush", StringComparison.Ordinal));
    }

    [NeedsFact("find")]
    public async Task Server_that_flushes_no_directory_is_pushed_to_all_the_same()
    {
        _run.Manager.Write("a/x", "one");
        _run.Connect = new FaultScript { Fails = call => call is "flush " or "flush a" or "flush .depsync" or "flush .depsync/run-1/new/1", Error = WorkerFileError.PermissionDenied }.Connect;
        var result = await _run.SyncAsync();
        Assert.Equal((WorkerStatus.Synced, null), (result.Status, result.Error));
        Assert.Contains(_run.Events.OfType<Note>(), note => note.Message.Contains("brought to disk", StringComparison.Ordinal));
        _run.AssertEqualTrees();
    }

    [NeedsFact("find")]
    public async Task File_that_is_refused_in_part_does_not_go_live_with_its_new_folder()
    {
        _run.Manager.Write("made/good", "good").Write("made/torn", new string('t', 200));
        _run.Connect = new FaultScript
        {
            Able = able => able with { MaxTransfer = 64 },
            Fails = Contains("fset .depsync/run-1/new/1/torn"),
            Error = WorkerFileError.PermissionDenied,
        }.Connect;
        var result = await _run.SyncAsync();
        Assert.Equal(("made/torn", ErrorKind.Entries), (Assert.Single(result.Problems).Path.ToString(), result.Error!.Kind));
        Assert.True(_run.Worker.Exists("made/good"u8));
        Assert.False(_run.Worker.Exists("made/torn"u8));
    }

    [NeedsFact("find")]
    public async Task Entry_that_cannot_be_moved_out_of_the_way_is_not_replaced_unkept()
    {
        _run.Manager.Write("a", "old");
        await _run.SyncAsync();
        _run.Manager.Delete("a"u8).MakeSymlink("a"u8, "target"u8);
        _run.Connect = new FaultScript { Fails = Contains("rename a ->") }.Connect;
        Assert.Equal("a", Assert.Single((await _run.SyncAsync()).Problems).Path.ToString());
        Assert.Equal("old", _run.Worker.Read("a"));
    }

    [NeedsFact("find")]
    public async Task What_was_moved_out_of_the_way_stands_again_when_its_successor_does_not_arrive()
    {
        _run.Manager.Write("a/x", "old");
        await _run.SyncAsync();
        _run.Manager.Delete("a"u8).Write("a", "new").Write("b", "other");
        _run.Connect = new FaultScript { Fails = Contains("new/1 -> a") }.Connect;
        Assert.Equal("a", Assert.Single((await _run.SyncAsync()).Problems).Path.ToString());
        Assert.Equal("old", _run.Worker.Read("a/x"));
    }

    [NeedsFact("find")]
    public async Task Removal_of_what_the_worker_itself_removed_meanwhile_is_done()
    {
        _run.Manager.Write("a", "x").Write("b", "y");
        await _run.SyncAsync();
        _run.Manager.Delete("a"u8);
        _run.Connect = new FaultScript { Before = call => RemoveBefore(call, "rename a ->", "a") }.Connect;
        var result = await _run.SyncAsync();
        Assert.Equal((WorkerStatus.Synced, 1, null), (result.Status, result.Deleted, result.Error));
    }

    [NeedsFact("find")]
    public async Task Push_whose_old_versions_cannot_be_put_away_is_done_and_told()
    {
        _run.Manager.Write("a", "x");
        await _run.SyncAsync();
        _run.Manager.Write("a", "changed").SetModified("a"u8, 1_600_000_000);
        _run.Connect = new FaultScript { Fails = Contains("mkdir .depsync/generations") }.Connect;
        var result = await _run.SyncAsync();
        Assert.Equal((WorkerStatus.Synced, 1, null), (result.Status, result.Updated, result.Error));
        Assert.Equal(["<f.st...... a"], _run.Lines().Where(line => line[0] == '<'));
        Assert.Contains(_run.Events.OfType<Note>(), note => note.Level == NoteLevel.Warning);
    }

    [NeedsFact("find")]
    public async Task Leftovers_that_cannot_be_removed_hold_up_nothing()
    {
        _run.Manager.Write("a", "x");
        await _run.SyncAsync();
        _run.Worker.Write(".depsync/run-9/new/1", "half");
        _run.Manager.Write("a", "changed");
        _run.Connect = new FaultScript { Fails = Contains("remove .depsync/fenced-9/new/1") }.Connect;
        var result = await _run.SyncAsync();
        Assert.Equal((WorkerStatus.Synced, null), (result.Status, result.Error));
        _run.AssertEqualTrees();
    }

    [NeedsFact("find")]
    public async Task File_of_a_cut_off_push_is_compared_by_content_when_the_source_goes_back()
    {
        _run.Manager.Write("a", "one").SetModified("a"u8, 1_600_000_000);
        await _run.SyncAsync();
        _run.Manager.Write("a", "two").SetModified("a"u8, 1_600_000_000, 5);
        var script = new FaultScript { Fails = Contains("create .depsync/run-2/new/manifest") };
        _run.Connect = script.Connect;
        Assert.Equal(ErrorKind.Target, (await _run.SyncAsync()).Error?.Kind);
        Assert.Equal("two", _run.Worker.Read("a"));
        _run.Manager.Write("a", "one").SetModified("a"u8, 1_600_000_000);
        _run.Connect = null;
        await _run.SyncAsync();
        Assert.Equal("one", _run.Worker.Read("a"));
    }

    [NeedsFact("find")]
    public async Task Push_that_is_fenced_at_any_call_ends_with_that()
    {
        for (var n = 1; ; n++)
        {
            using var run = new ReleaseFixture(TempTree.InMemory());
            run.Manager.Write("a/x", "x").Write("b", "y");
            var count = 0;
            var script = new FaultScript
            {
                Before = _ =>
                {
                    if (++count == n && Directory.Exists(Path.Combine(run.WorkerFolder, "run-1")))
                    {
                        Directory.Move(Path.Combine(run.WorkerFolder, "run-1"), Path.Combine(run.WorkerFolder, "fenced-1"));
                    }
                },
            };
            run.Connect = script.Connect;
            var result = await run.SyncAsync(run.Config with { Durable = false });
            var wasFenced = Directory.Exists(Path.Combine(run.WorkerFolder, "fenced-1"));
            var isRecorded = File.Exists(Path.Combine(run.WorkerFolder, "owner.json"));
            Assert.True(!wasFenced || isRecorded || result.Error?.Kind == ErrorKind.Fenced, $"call {n} ({script.Calls.ElementAtOrDefault(n - 1)}): {result.Error}");
            if (script.Calls.Count < n)
            {
                break;
            }
        }
    }

    [NeedsFact("find")]
    public async Task Takeover_works_where_a_rename_replaces_nothing()
    {
        _run.Manager.Write("a", "x");
        await _run.SyncAsync();
        using var other = _run.OtherManager("second");
        other.Manager.Write("a", "changed");
        other.Connect = new FaultScript { Able = FaultScript.WithoutExtensions }.Connect;
        var result = await other.SyncAsync(other.Config with { Takeover = true });
        Assert.Equal((WorkerStatus.Synced, null), (result.Status, result.Error));
        TreeText.AssertMirrored(other.Manager.Path, _run.Worker.Path);
    }

    [NeedsFact("find")]
    public async Task Mtime_of_a_foreign_folder_is_told_once_and_then_left_alone()
    {
        _run.Manager.Write("a/x", "x");
        await _run.SyncAsync();
        _run.Worker.SetModified("a"u8, 1_650_000_000);
        _run.Connect = new FaultScript { Login = 1000, IsForeign = path => path.ToString() == "a" }.Connect;
        var first = await _run.SyncAsync();
        Assert.Null(first.Error);
        Assert.Contains(_run.Events.OfType<Note>(), note => note.Message.Contains("mtime of folder 'a'", StringComparison.Ordinal));
        var script = new FaultScript { Login = 1000, IsForeign = path => path.ToString() == "a" };
        _run.Connect = script.Connect;
        var second = await _run.SyncAsync();
        Assert.Equal((WorkerStatus.Unchanged, null), (second.Status, second.Error));
        Assert.DoesNotContain(script.Calls, call => call.StartsWith("mkdir", StringComparison.Ordinal));
    }

    [NeedsFact("find")]
    public async Task Own_folder_that_was_opened_for_a_removal_that_failed_is_closed_again()
    {
        _run.Manager.Write("keep/x", "x").Write("keep/shut/y", "y").SetMode("keep/shut"u8, 0b101_101_101);
        await _run.SyncAsync();
        _run.Manager.Delete("keep/shut"u8);
        _run.Connect = new FaultScript { Login = 1000, Fails = Contains("rename keep/shut ->") }.Connect;
        Assert.Equal("keep/shut", Assert.Single((await _run.SyncAsync()).Problems).Path.ToString());
        Assert.Equal((UnixFileMode)0b101_101_101, new DirectoryInfo(Path.Combine(_run.Worker.Path, "keep/shut")).UnixFileMode);
    }

    [NeedsFact("find")]
    public async Task Non_empty_directory_keeps_its_place_while_something_of_its_top_folder_cannot_be_staged()
    {
        _run.Manager.Write("a/dir/x", "old x").Write("a/dir/y", "old y");
        await _run.SyncAsync();
        _run.Manager.Delete("a/dir"u8).Write("a/dir", "new").Write("a/late", "late");
        _run.Connect = new FaultScript { Fails = Contains("fset .depsync/run-2/new/2"), Error = WorkerFileError.PermissionDenied }.Connect;
        var result = await _run.SyncAsync();
        Assert.Equal(("a/late", 2), (Assert.Single(result.Problems).Path.ToString(), result.DeletesHeld));
        Assert.Equal("old x", _run.Worker.Read("a/dir/x"));
    }

    [NeedsFact("find")]
    public async Task Connection_that_is_lost_once_before_the_commit_is_tried_again_in_the_same_run()
    {
        _run.Manager.Write("a/x", "x");
        var script = new FaultScript { CutAt = 20, CutOnce = true };
        _run.Connect = script.Connect;
        var result = await _run.SyncAsync();
        Assert.Equal((WorkerStatus.Synced, null), (result.Status, result.Error));
        _run.AssertEqualTrees();
        Assert.Equal(["manifest", "owner.json"], _run.OwnNames().Where(name => name != "generations"));
    }

    [NeedsTheory("find")]
    [InlineData("")]
    [InlineData("no extensions")]
    public async Task More_changes_than_go_in_one_flight_are_all_made(string worker)
    {
        var names = Enumerable.Range(0, 1300).Select(i => $"d{i % 7}/f{i}").ToList();
        names.ForEach(name => _run.Manager.Write(name, "old"));
        Assert.Null((await _run.SyncAsync(_run.Config with { Durable = false })).Error);
        names[..650].ForEach(name => _run.Manager.Write(name, "changed"));
        names[650..].ForEach(name => File.Delete(Path.Combine(_run.Manager.Path, name)));
        names[..650].ForEach(name => _run.Manager.Write(name + "-new", "new"));
        _run.Connect = new FaultScript { Able = able => worker.Length == 0 ? able : FaultScript.WithoutExtensions(able) }.Connect;
        var result = await _run.SyncAsync(_run.Config with { Durable = false, MaxDelete = new(100, IsPercent: true) });
        Assert.Equal((650, 650, 650, null), (result.Created, result.Updated, result.Deleted, result.Error));
        _run.AssertEqualTrees();
    }

    [NeedsFact("find")]
    public async Task State_that_cannot_be_written_fails_the_worker_and_not_the_run()
    {
        _run.Manager.Write("a", "x");
        await _run.SyncAsync();
        var targets = Directory.GetDirectories(_run.StateDir, "targets", SearchOption.AllDirectories).Single();
        _run.Connect = new FaultScript { Before = _ => File.WriteAllText(targets, "in the way"), }.Connect;
        Directory.Delete(targets, recursive: true);
        var result = await _run.SyncAsync();
        Assert.Equal((WorkerStatus.Failed, ErrorKind.LocalFiles), (result.Status, result.Error!.Kind));
        Assert.Single(_run.Events.OfType<WorkerDone>());
    }

    [NeedsFact("find")]
    public async Task Generation_that_cannot_be_removed_lets_no_others_pile_up()
    {
        var config = _run.Config with { KeepGenerations = 1, Durable = false };
        _run.Manager.Write("a", "");
        await _run.SyncAsync(config);
        _run.Connect = new FaultScript { Fails = Contains("remove .depsync/generations/1/drift-2/") }.Connect;
        foreach (var content in (string[])["1", "22", "333", "4444"])
        {
            _run.Worker.Write("a", content + "drift");
            await _run.SyncAsync(config);
            _run.Manager.Write("a", content);
            Assert.Null((await _run.SyncAsync(config)).Error);
        }
        Assert.Equal(["1", "9"], Directory.GetDirectories(Path.Combine(_run.WorkerFolder, "generations")).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [NeedsFact("find")]
    public async Task Changes_are_told_although_the_record_of_them_fails()
    {
        _run.Manager.Write("a", "x");
        _run.Connect = new FaultScript { Fails = Contains("create .depsync/run-1/new/manifest") }.Connect;
        Assert.Equal(ErrorKind.Target, (await _run.SyncAsync()).Error?.Kind);
        Assert.Contains("<f+++++++++ a", _run.Lines());
    }

    internal static bool IsLive(string call) =>
        (call.StartsWith("rename .depsync/run-2/new/", StringComparison.Ordinal) && !call.Contains("/new/manifest", StringComparison.Ordinal) && !call.Contains("/new/owner-", StringComparison.Ordinal))
        || (call.Contains("-> .depsync/run-2/old/", StringComparison.Ordinal) && !call.Contains("journal", StringComparison.Ordinal));

    private static Func<string, bool> Contains(string words) => call => call.Contains(words, StringComparison.Ordinal);

    private void RemoveBefore(string call, string word, string path)
    {
        if (call.StartsWith(word, StringComparison.Ordinal))
        {
            File.Delete(Path.Combine(_run.Worker.Path, path));
        }
    }
}
