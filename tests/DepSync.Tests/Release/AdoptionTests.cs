using DepSync.Config;
using DepSync.Model;
using DepSync.Release;
using DepSync.Tests.Support;
using DepSync.Workers;

namespace DepSync.Tests.Release;

/// <summary>Adoptions in this process, with faults between them and the worker or the manager directory.</summary>
public sealed class AdoptionTests : IDisposable
{
    private readonly ReleaseFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    [NeedsFact]
    public async Task An_unreadable_folder_refuses_the_whole_and_names_the_way_around_it()
    {
        _fixture.Worker.Write("conf/a", "a").Write("hidden/b", "b");
        _fixture.Connect = new FaultScript { Fails = call => call == "list hidden", Error = WorkerFileError.PermissionDenied }.Connect;
        var result = await AdoptAsync(Extras.Remove);
        Assert.Equal((WorkerStatus.Refused, ErrorKind.Guard), (result.Status, result.Error!.Kind));
        Assert.Contains("--exclude hidden", result.Error.Hint, StringComparison.Ordinal);
        Assert.False(_fixture.Manager.Exists("conf"u8));
        result = await AdoptAsync(Extras.Remove, change: config => config with { Exclude = ["hidden"] });
        Assert.Null(result.Error);
        Assert.True(_fixture.Manager.Exists("conf/a"u8) && !_fixture.Manager.Exists("hidden"u8));
    }

    [NeedsFact]
    public async Task A_push_between_listing_and_commit_stops_the_adoption()
    {
        _fixture.Manager.Write("conf/a", "first");
        await _fixture.SyncAsync();
        var second = _fixture.OtherManager("second");
        second.At = (WorkerPhase.Staging, PushMeanwhile);
        var result = await AdoptAsync(Extras.Keep, fixture: second);
        Assert.Equal(ErrorKind.Target, result.Error!.Kind);
        Assert.Contains("pushed to while it was read", result.Error.Message, StringComparison.Ordinal);
        Assert.False(second.Manager.Exists("conf"u8));
        Assert.Empty(Directory.GetFileSystemEntries(Path.Combine(second.Manager.Path, ".depsync")));
        second.At = null;
        Assert.Null((await AdoptAsync(Extras.Keep, fixture: second)).Error);
        second.AssertEqualTrees();

        void PushMeanwhile()
        {
            _fixture.Manager.Write("conf/a", "pushed meanwhile");
            Assert.Equal(WorkerStatus.Synced, _fixture.SyncAsync().GetAwaiter().GetResult().Status);
        }
    }

    [NeedsFact]
    public async Task A_worker_between_two_generations_is_adopted_only_without_delete()
    {
        _fixture.Worker.Write("conf/a", "a").MakeDirectory(".depsync/run-7"u8);
        var refused = await AdoptAsync(Extras.Remove);
        Assert.Equal(ErrorKind.Guard, refused.Error!.Kind);
        Assert.Null((await AdoptAsync(Extras.Keep)).Error);
        Assert.Contains(_fixture.Events.OfType<Note>(), n => n.Level == NoteLevel.Warning && n.Message.Contains("between two generations", StringComparison.Ordinal));
        _fixture.AssertEqualTrees();
    }

    [NeedsFact]
    public async Task Records_of_a_push_in_the_manager_directory_stay_and_a_cut_off_adoption_is_cleared_up()
    {
        _fixture.Worker.Write("conf/a", "new");
        _fixture.Manager.Write("conf/a", "old").Write(".depsync/owner.json", "somebody's").Write(".depsync/run-3/new/1", "theirs").Write(".depsync/adopt-2/new/1", "ours")
            .Write(".depsync/adopt-2/old/1", "taken out");
        Assert.Null((await AdoptAsync(Extras.Keep)).Error);
        var own = Path.Combine(_fixture.Manager.Path, ".depsync");
        Assert.Equal(["generations", "owner.json", "run-3"], Directory.GetFileSystemEntries(own).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Equal("taken out", File.ReadAllText(Path.Combine(own, "generations/2/1")));
        Assert.Equal("old", File.ReadAllText(Path.Combine(own, "generations/4/1")));
        _fixture.AssertEqualTrees();
    }

    [NeedsFact]
    public async Task A_folder_that_was_a_mount_point_refuses_until_it_is_mounted_or_allowed()
    {
        _fixture.Worker.Write("data/a", "a");
        _fixture.Manager.MakeDirectory("data"u8).Write("keep", "k");
        await _fixture.SyncAsync(_fixture.Config with { MaxDelete = new DeleteLimit(100, true) });
        _fixture.Worker.Write("data/a", "a");
        var store = DepSync.State.StateStore.Open(_fixture.StateDir, _fixture.Manager.Path);
        store.SaveManager(store.LoadManager()! with { MountPoints = [RelativePath.Parse("data")] });
        var refused = await AdoptAsync(Extras.Keep);
        Assert.Contains("The folder data was a mount point at the last good run and is none now", refused.Error!.Message, StringComparison.Ordinal);
        Assert.Contains("--allow-empty data", refused.Error.Hint, StringComparison.Ordinal);
        Assert.Null((await AdoptAsync(Extras.Keep, change: config => config with { AllowEmpty = [RelativePath.Parse("data")] })).Error);
        Assert.True(_fixture.Manager.Exists("data/a"u8));
    }

    [NeedsTheory]
    [InlineData("fails")]
    [InlineData("is cut off")]
    public async Task An_adoption_that_is_stopped_at_any_call_leaves_each_file_old_or_new_and_the_next_one_finishes(string how)
    {
        _fixture.Worker.Write("conf/a", "new a").Write("conf/b", "new b").Write("added/deep/c", "new c").MakeSymlink("link"u8, "conf/a"u8).Write("kind", "file now");
        var calls = int.MaxValue;
        for (var call = 1; call <= calls; call++)
        {
            _fixture.Manager.Delete("conf"u8).Delete("added"u8).Delete("link"u8).Delete("kind"u8).Delete(".depsync"u8);
            _fixture.Manager.Write("conf/a", "old a").Write("conf/b", "old b").Write("gone", "old").Write("kind/x", "old");
            var script = how == "fails" ? new FaultScript { FailAt = call } : new FaultScript { CutAt = call };
            await AdoptAsync(Extras.Remove, into: script);
            calls = script.Calls.Count < call ? 0 : calls;
            foreach (var (path, old, now) in (ReadOnlySpan<(string, string, string)>)[("conf/a", "old a", "new a"), ("conf/b", "old b", "new b")])
            {
                Assert.Contains(_fixture.Manager.Read(path), (string[])[old, now]);
            }
            Assert.True(!_fixture.Manager.Exists("added/deep/c"u8) || _fixture.Manager.Read("added/deep/c") == "new c");
            var healed = await AdoptAsync(Extras.Remove);
            Assert.True(healed.Error is null, $"call {call}: {healed.Error?.Message}");
            TreeText.AssertMirrored(_fixture.Worker.Path, _fixture.Manager.Path, $"call {call}");
            var own = Path.Combine(_fixture.Manager.Path, ".depsync");
            Assert.All(Directory.Exists(own) ? Directory.GetFileSystemEntries(own) : [], p => Assert.Equal("generations", Path.GetFileName(p)));
        }
    }

    [NeedsFact]
    public async Task A_full_disk_here_leaves_the_manager_directory_as_it_was()
    {
        _fixture.Worker.Write("conf/a", "new a").Write("conf/b", "new b");
        _fixture.Manager.Write("conf/a", "old a");
        var result = await AdoptAsync(Extras.Remove, into: new FaultScript { Fails = call => call.StartsWith("write", StringComparison.Ordinal) });
        Assert.Equal(ErrorKind.Target, result.Error!.Kind);
        Assert.Contains("writing failed", result.Error.Message, StringComparison.Ordinal);
        Assert.Equal("old a", _fixture.Manager.Read("conf/a"));
        Assert.False(_fixture.Manager.Exists("conf/b"u8));
        Assert.Empty(Directory.GetFileSystemEntries(Path.Combine(_fixture.Manager.Path, ".depsync")));
    }

    private async Task<WorkerResult> AdoptAsync(Extras extras, FaultScript? into = null, ReleaseFixture? fixture = null, Func<RunConfig, RunConfig>? change = null)
    {
        fixture ??= _fixture;
        fixture.Events.Clear();
        var config = change is null ? fixture.Config : change(fixture.Config);
        var context = new RunContext("adoption", fixture.StateDir, fixture, TimeProvider.System, null) { Connect = fixture.Connecting };
        var adoption = new Adoption(new AdoptionRequest(config, config.Workers[0], extras), context)
        {
            OpenManager = path => into is null ? LocalWorker.Open(path) : new FaultyWorker(LocalWorker.Open(path), into),
        };
        return Assert.Single((await adoption.RunAsync(default)).Workers);
    }
}
