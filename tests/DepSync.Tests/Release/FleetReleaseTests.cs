using DepSync.Config;
using DepSync.Model;
using DepSync.Tests.Support;

namespace DepSync.Tests.Release;

/// <summary>Whole runs over a directory of this machine: what one leaves, and what the next one does.</summary>
public sealed class FleetReleaseTests : IDisposable
{
    private readonly ReleaseFixture _run = new();

    public void Dispose() => _run.Dispose();

    [Fact]
    public async Task First_run_makes_the_worker_equal_and_the_second_touches_nothing()
    {
        _run.Manager.Write("webapps/a.txt", "one").Write("lib/b.jar", "two").MakeSymlink("lib/current"u8, "b.jar"u8).MakeDirectory("empty"u8).SetMode("lib/b.jar"u8, 0b110_000_000);
        var first = await _run.SyncAsync();
        Assert.Equal((WorkerStatus.Synced, 1L), (first.Status, first.Generation));
        Assert.Null(first.Error);
        _run.AssertEqualTrees();
        Assert.Equal(["generations", "manifest", "owner.json"], _run.OwnNames().Append("generations").Distinct().Order(StringComparer.Ordinal));
        var before = TreeText.ReadUntouched(_run.Worker.Path);
        var second = await _run.SyncAsync();
        Assert.Equal(WorkerStatus.Unchanged, second.Status);
        Assert.Equal(before, TreeText.ReadUntouched(_run.Worker.Path));
        Assert.Empty(_run.Lines());
    }

    [Fact]
    public async Task Hash_cache_that_cannot_be_written_is_told_and_the_push_is_done()
    {
        // For it no file is so young that its hash is not remembered.
        _run.Clock = new FakeTimeProvider(DateTimeOffset.UtcNow.AddHours(1));
        _run.Manager.Write("a/x", "one").Write("a/y", "two");
        await _run.SyncAsync();
        foreach (var state in Directory.GetDirectories(Path.Combine(_run.StateDir, "managers")))
        {
            File.Delete(Path.Combine(state, "hashes"));
            Directory.CreateDirectory(Path.Combine(state, "hashes", "in-the-way"));
        }
        _run.Manager.Delete("a/x"u8);
        var result = await _run.SyncAsync();
        Assert.Equal((WorkerStatus.Synced, null), (result.Status, result.Error));
        _run.AssertEqualTrees();
        Assert.Single(_run.Events.OfType<Note>(), note => note.Level == NoteLevel.Warning && note.Message.StartsWith("the next run hashes every file again", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Every_kind_of_change_is_brought_over()
    {
        _run.Manager.Write("a/update", "old").Write("a/delete", "x").Write("a/file-to-dir", "x").Write("a/dir-to-file/below/x", "x").MakeSymlink("a/link-to-file"u8, "t"u8)
            .Write("a/file-to-link", "x").Write("gone/one", "1").Write("gone/two/three", "3").MakeSymlink("a/retarget"u8, "t"u8);
        await _run.SyncAsync();
        _run.Manager.Write("a/update", "newer").Delete("a/delete"u8).Delete("a/file-to-dir"u8).Write("a/file-to-dir/x", "y").Delete("a/dir-to-file"u8).Write("a/dir-to-file", "y")
            .Delete("a/link-to-file"u8).Write("a/link-to-file", "z").Delete("a/file-to-link"u8).MakeSymlink("a/file-to-link"u8, "u"u8).Delete("gone/one"u8).Delete("gone/two"u8)
            .Write("gone/four", "4").Delete("a/retarget"u8).MakeSymlink("a/retarget"u8, "v"u8);
        var result = await _run.SyncAsync();
        Assert.Null(result.Error);
        _run.AssertEqualTrees();
        Assert.Equal(2, result.Generation);
        Assert.Equal(WorkerStatus.Unchanged, (await _run.SyncAsync()).Status);
        Assert.Equal("old", File.ReadAllText(KeptFile("generations/2", "a/update")));
    }

    [Fact]
    public async Task Drift_is_put_right_under_a_number_of_its_own_but_in_the_same_generation()
    {
        _run.Manager.Write("a/x", "one").Write("a/y", "two");
        await _run.SyncAsync();
        _run.Worker.Write("a/x", "drift").Delete("a/y"u8).Write("a/added", "z");
        var result = await _run.SyncAsync();
        _run.AssertEqualTrees();
        Assert.Equal((WorkerStatus.Synced, 1L), (result.Status, result.Generation));
        Assert.All(_run.Events.OfType<EntryChanged>().Where(change => change.Change.Kind == EntryKind.File), change => Assert.Equal(ChangeReason.Drift, change.Change.Reason));
        Assert.Equal("drift", File.ReadAllText(KeptFile("generations/1/drift-2", "a/x")));
    }

    [Fact]
    public async Task First_contact_with_an_equal_tree_sends_nothing_and_records_it()
    {
        _run.Manager.Write("a/x", "one").SetModified("a/x"u8, 1_600_000_000).SetModified("a"u8, 1_600_000_000).SetModified(""u8, 1_700_000_000);
        _run.Worker.Write("a/x", "one").SetModified("a/x"u8, 1_600_000_000).SetModified("a"u8, 1_600_000_000).SetModified(""u8, 1_700_000_000);
        var result = await _run.SyncAsync();
        Assert.Equal((0L, WorkerStatus.Unchanged), (result.BytesSent, result.Status));
        Assert.Empty(_run.Lines());
        Assert.Contains("manifest", _run.OwnNames());
        _run.AssertEqualTrees();
        var before = TreeText.ReadUntouched(_run.Worker.Path);
        Assert.Equal(WorkerStatus.Unchanged, (await _run.SyncAsync()).Status);
        Assert.Equal(before, TreeText.ReadUntouched(_run.Worker.Path));
    }

    [Fact]
    public async Task First_contact_with_equal_size_and_time_but_other_bytes_sends_them()
    {
        _run.Manager.Write("x", "one").SetModified("x"u8, 1_600_000_000);
        _run.Worker.Write("x", "two").SetModified("x"u8, 1_600_000_000);
        await _run.SyncAsync();
        _run.AssertEqualTrees();
    }

    [Fact]
    public async Task Dry_run_writes_nothing_anywhere()
    {
        _run.Manager.Write("a/x", "one");
        var before = TreeText.ReadUntouched(_run.Worker.Path);
        var result = await _run.SyncAsync(_run.Config with { DryRun = true });
        Assert.Equal((WorkerStatus.Planned, 2), (result.Status, result.Created));
        Assert.Equal(before, TreeText.ReadUntouched(_run.Worker.Path));
        Assert.False(Directory.Exists(_run.StateDir));
    }

    [Fact]
    public async Task Missing_target_is_created_but_not_in_a_dry_run()
    {
        _run.Manager.Write("x", "one");
        var config = _run.Config with { Workers = [ReleaseFixture.Address("w", Path.Combine(_run.Worker.Path, "below", "target"))] };
        Assert.Equal(ErrorKind.Target, (await _run.SyncAsync(config)).Error?.Kind);
        _run.Worker.MakeDirectory("below"u8);
        await _run.SyncAsync(config with { DryRun = true });
        Assert.False(Directory.Exists(Path.Combine(_run.Worker.Path, "below", "target")));
        await _run.SyncAsync(config);
        TreeText.AssertMirrored(_run.Manager.Path, Path.Combine(_run.Worker.Path, "below", "target"));
    }

    [Fact]
    public async Task Run_that_was_cut_off_is_rolled_forward()
    {
        _run.Manager.Write("x", "one");
        await _run.SyncAsync();
        _run.Worker.Write(".depsync/run-9/new/1", "half").Write(".depsync/run-9/old/1", "taken out").Write(".depsync/run-9/journal", "# depsync journal 1\nnumber 9\nkept 1 file 644 y\n")
            .Write(".depsync/fenced-5/new/1", "half");
        var result = await _run.SyncAsync();
        Assert.Null(result.Error);
        Assert.Equal(["generations", "manifest", "owner.json"], _run.OwnNames());
        Assert.Equal("taken out", File.ReadAllText(Path.Combine(_run.WorkerFolder, "generations/9/1")));
        _run.AssertEqualTrees();
        Assert.Equal(WorkerStatus.Unchanged, (await _run.SyncAsync()).Status);
        _run.Manager.Write("y", "two");
        Assert.Equal(11, (await _run.SyncAsync()).Generation);
    }

    [Fact]
    public async Task Two_names_of_one_directory_are_pushed_once()
    {
        _run.Manager.Write("x", "one");
        File.CreateSymbolicLink(_run.Worker.Path + "-link", _run.Worker.Path);
        var config = _run.Config with { Workers = [ReleaseFixture.Address("a", _run.Worker.Path), ReleaseFixture.Address("b", _run.Worker.Path + "-link")] };
        var report = await _run.RunAsync(config);
        Assert.Equal([WorkerStatus.Synced, WorkerStatus.Skipped], report.Workers.Select(worker => worker.Status).Order());
        Assert.Contains("same directory as", report.Workers.Single(worker => worker.Status == WorkerStatus.Skipped).Error!.Message, StringComparison.Ordinal);
        _run.AssertEqualTrees();
    }

    /// <summary>Its own record from before the loss is no other name's, although another worker of the run has a record of the same number.</summary>
    [Fact]
    public async Task Takeover_that_loses_a_connection_behind_its_record_goes_on_over_the_next_one()
    {
        _run.Manager.Write("x", "one");
        using var folder = new TempTree();
        RunConfig Both(ReleaseFixture manager) => manager.Config with { Workers = [.. manager.Config.Workers, ReleaseFixture.Address("other", folder.Path)] };
        await _run.RunAsync(Both(_run));
        using var second = _run.OtherManager("second");
        second.Manager.Write("x", "two");
        var (isRecorded, isLost) = (false, false);
        var losing = new FaultScript
        {
            CutOnceWhen = call =>
            {
                var isMeant = isRecorded && !isLost && call.StartsWith("list ", StringComparison.Ordinal);
                isRecorded |= call.EndsWith("-> .depsync/owner.json", StringComparison.Ordinal);
                isLost |= isMeant;
                return isMeant;
            },
        };
        second.Connect = (address, cancellationToken) => (address.Name == "other" ? new FaultScript() : losing).Connect(address, cancellationToken);
        var report = await second.RunAsync(Both(second) with { Takeover = true });
        Assert.True(isLost);
        Assert.All(report.Workers, worker => Assert.Equal((worker.Worker, WorkerStatus.Synced), (worker.Worker, worker.Status)));
        Assert.Equal("two", _run.Worker.Read("x"));
    }

    [Fact]
    public async Task Second_manager_is_refused_until_it_takes_over_and_the_first_one_is_refused_from_then_on()
    {
        _run.Manager.Write("x", "one");
        await _run.SyncAsync();
        using var other = _run.OtherManager("second");
        other.Manager.Write("x", "two");
        var refused = await other.SyncAsync();
        Assert.Equal((WorkerStatus.Refused, ErrorKind.Fenced), (refused.Status, refused.Error!.Kind));
        _run.AssertEqualTrees();
        var preview = await other.SyncAsync(other.Config with { Takeover = true, DryRun = true });
        Assert.Equal((WorkerStatus.Planned, 1), (preview.Status, preview.Updated));
        Assert.Equal(WorkerStatus.Synced, (await other.SyncAsync(other.Config with { Takeover = true })).Status);
        TreeText.AssertMirrored(other.Manager.Path, _run.Worker.Path);
        var fenced = await _run.SyncAsync();
        Assert.Equal((WorkerStatus.Refused, ErrorKind.Fenced), (fenced.Status, fenced.Error!.Kind));
        var elsewhere = _run.Config with { Workers = [ReleaseFixture.Address("fresh", Directory.CreateDirectory(_run.Worker.Path + "-fresh").FullName)] };
        Assert.Equal(ErrorKind.Fenced, (await _run.SyncAsync(elsewhere)).Error!.Kind);
        Assert.Equal(WorkerStatus.Unchanged, (await other.SyncAsync()).Status);
        Assert.Equal(WorkerStatus.Synced, (await _run.SyncAsync(_run.Config with { Takeover = true })).Status);
        _run.AssertEqualTrees();
    }

    [Fact]
    public async Task Worker_that_was_away_during_a_takeover_is_taken_by_the_next_sync()
    {
        _run.Manager.Write("x", "one");
        var away = Directory.CreateDirectory(_run.Worker.Path + "-away").FullName;
        await _run.RunAsync(_run.Config with { Workers = [.. _run.Config.Workers, ReleaseFixture.Address("away", away)] });
        using var other = _run.OtherManager("second");
        other.Manager.Write("x", "two");
        await other.SyncAsync(other.Config with { Takeover = true });
        var result = await other.SyncAsync(other.Config with { Workers = [ReleaseFixture.Address("away", away)] });
        Assert.Equal(WorkerStatus.Synced, result.Status);
        TreeText.AssertMirrored(other.Manager.Path, away);
    }

    [Fact]
    public async Task Lost_state_is_learnt_again_from_a_worker_that_holds_exactly_this_tree()
    {
        _run.Manager.Write("x", "one");
        await _run.SyncAsync();
        Directory.Delete(_run.StateDir, recursive: true);
        Assert.Equal(WorkerStatus.Unchanged, (await _run.SyncAsync()).Status);
        _run.Manager.Write("x", "two");
        Assert.Equal(WorkerStatus.Synced, (await _run.SyncAsync()).Status);
        Directory.Delete(_run.StateDir, recursive: true);
        _run.Manager.Write("x", "three");
        Assert.Equal(ErrorKind.Fenced, (await _run.SyncAsync()).Error?.Kind);
    }

    [Fact]
    public async Task Generations_and_drift_repairs_are_kept_as_many_as_configured()
    {
        for (var i = 1; i <= 5; i++)
        {
            _run.Manager.Write("x", new string('x', i));
            await _run.SyncAsync(_run.Config with { KeepGenerations = 2 });
        }
        Assert.Equal(["4", "5"], Directory.GetDirectories(Path.Combine(_run.WorkerFolder, "generations")).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        _run.Manager.Write("x", "last");
        await _run.SyncAsync(_run.Config with { KeepGenerations = 0 });
        Assert.Empty(Directory.GetFileSystemEntries(Path.Combine(_run.WorkerFolder, "generations")));
    }

    [Fact]
    public async Task Guard_refuses_before_any_change_and_its_key_lets_it_through()
    {
        _run.Manager.Write("a/x", "one").Write("a/y", "two").Write("b/z", "three");
        await _run.SyncAsync();
        _run.Manager.Delete("a/x"u8).Delete("a/y"u8);
        var before = TreeText.ReadUntouched(_run.Worker.Path);
        var refused = await _run.SyncAsync();
        Assert.Equal((WorkerStatus.Refused, ErrorKind.Guard), (refused.Status, refused.Error!.Kind));
        Assert.Contains("--allow-empty a", refused.Error.Hint, StringComparison.Ordinal);
        Assert.Equal(before, TreeText.ReadUntouched(_run.Worker.Path));
        Assert.Equal(WorkerStatus.Synced, (await _run.SyncAsync(_run.Config with { AllowEmpty = [RelativePath.Parse("a")] })).Status);
        _run.AssertEqualTrees();
    }

    [Fact]
    public async Task Manifest_is_one_that_sha256sum_accepts()
    {
        _run.Manager.Write("a/x", "one").Write("odd\\name", "two").Write("-", "three");
        await _run.SyncAsync();
        var check = Command.Try("sh", "-c", "cd \"$0\" && sha256sum -c --quiet --strict .depsync/manifest", _run.Worker.Path);
        Assert.Equal((0, "", ""), (check.ExitCode, check.Output, check.Error));
    }

    [Fact]
    public async Task Cancelled_run_leaves_no_trace_on_the_worker()
    {
        _run.Manager.Write("x", "one");
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();
        var before = TreeText.ReadUntouched(_run.Worker.Path);
        var report = await _run.RunAsync(cancelled.Token);
        Assert.Equal(ErrorKind.Interrupted, report.Ended);
        Assert.Equal(before, TreeText.ReadUntouched(_run.Worker.Path));
    }

    [Fact]
    public async Task File_that_changes_while_it_is_sent_is_deferred_and_nothing_beside_it_is_removed()
    {
        _run.Manager.Write("a/late", "old").Write("a/gone", "x").Write("a/dir/x", "x").Write("b/gone", "y").Write("b/stays", "y");
        await _run.SyncAsync();
        _run.Manager.Write("a/late", "newer").Delete("a/gone"u8).Delete("a/dir"u8).Write("a/dir", "now a file").Delete("b/gone"u8).Write("a/fine", "z");
        _run.At = (WorkerPhase.Staging, () => _run.Manager.Write("a/late", "nEwEr"));
        var result = await _run.SyncAsync();
        Assert.Equal((1, 2, 1, 1), (result.Deferred, result.DeletesHeld, result.Created, result.Deleted));
        Assert.Equal(("old", "x", "x", "z"), (_run.Worker.Read("a/late"), _run.Worker.Read("a/gone"), _run.Worker.Read("a/dir/x"), _run.Worker.Read("a/fine")));
        Assert.False(_run.Worker.Exists("b/gone"u8));
        _run.At = null;
        await _run.SyncAsync();
        _run.AssertEqualTrees();
    }

    [Fact]
    public async Task File_that_vanishes_before_it_is_sent_is_deferred()
    {
        _run.Manager.Write("a/late", "old");
        await _run.SyncAsync();
        _run.Manager.Write("a/late", "newer");
        _run.At = (WorkerPhase.Staging, () => _run.Manager.Delete("a/late"u8));
        Assert.Equal(1, (await _run.SyncAsync()).Deferred);
        Assert.Equal("old", _run.Worker.Read("a/late"));
    }

    [Theory]
    [InlineData("missing")]
    [InlineData("empty")]
    [InlineData("lost+found")]
    public async Task Local_target_that_was_known_and_looks_unmounted_is_refused_until_it_is_a_first_contact(string looks)
    {
        _run.Manager.Write("x", "one");
        await _run.SyncAsync();
        Directory.Delete(_run.Worker.Path, recursive: true);
        if (looks != "missing")
        {
            Directory.CreateDirectory(looks == "empty" ? _run.Worker.Path : Path.Combine(_run.Worker.Path, looks));
        }
        var refused = await _run.SyncAsync();
        Assert.Equal((WorkerStatus.Refused, ErrorKind.Guard), (refused.Status, refused.Error!.Kind));
        Assert.Contains("--first-contact worker", refused.Error.Hint, StringComparison.Ordinal);
        Assert.Equal(WorkerStatus.Synced, (await _run.SyncAsync(_run.Config with { FirstContact = ["worker"] })).Status);
        Assert.Equal("one", _run.Worker.Read("x"));
    }

    private string KeptFile(string generation, string path)
    {
        var folder = Path.Combine(_run.WorkerFolder, generation);
        var line = File.ReadAllLines(Path.Combine(folder, "paths")).Single(line => line.StartsWith("kept ", StringComparison.Ordinal) && line.EndsWith(" " + path, StringComparison.Ordinal));
        return Path.Combine(folder, line.Split(' ')[1]);
    }
}
