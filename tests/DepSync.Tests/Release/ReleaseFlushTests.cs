using System.Globalization;
using System.Runtime.Versioning;
using DepSync.Model;
using DepSync.Release;
using DepSync.Tests.Support;
using DepSync.Workers;

namespace DepSync.Tests.Release;

/// <summary>The order of a push's calls on a worker that can flush its filesystem at once.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class ReleaseFlushTests
{
    private const string FlushAll = "sync ";

    [NeedsFact("find")]
    public async Task Many_staged_files_are_on_disk_at_once_before_the_first_rename_and_touched_directories_before_the_manifest()
    {
        var calls = await SyncAsync(new FaultScript { Shell = true });
        var (live, lastLive) = (calls.FindIndex(ReleaseOrderTests.IsLive), calls.FindLastIndex(ReleaseOrderTests.IsLive));
        var manifest = calls.IndexOf("rename .depsync/run-2/new/manifest -> .depsync/manifest");
        var owner = calls.IndexOf("rename .depsync/run-2/new/owner-1.json -> .depsync/owner.json");
        Assert.True(live > 0 && live < lastLive && lastLive < manifest && manifest < owner);
        Assert.Equal(2, calls.Count(call => call == FlushAll));
        Assert.InRange(calls.IndexOf(FlushAll), calls.FindLastIndex(call => call.StartsWith("close .depsync/run-2/new/", StringComparison.Ordinal) && !call.Contains("/new/manifest", StringComparison.Ordinal) && !call.Contains("/new/owner-", StringComparison.Ordinal)), live);
        Assert.InRange(calls.LastIndexOf(FlushAll), calls.FindLastIndex(call => call.StartsWith("set ", StringComparison.Ordinal)), manifest);
        Assert.InRange(calls.LastIndexOf(FlushAll), lastLive, manifest);
        string[] ahead = ["flush .depsync/run-2/journal", "flush .depsync/run-2/new/manifest", "flush .depsync/run-2/new/owner-1.json"];
        Assert.Equal([.. ahead.Order(), "flush .depsync"], calls.Where(call => call.StartsWith("flush ", StringComparison.Ordinal)).Order().OrderBy(call => call == "flush .depsync"));
        Assert.All(ahead, call => Assert.InRange(calls.IndexOf(call), 1, live));
        Assert.True(calls.IndexOf("flush .depsync") > owner);
    }

    [NeedsFact("find")]
    public async Task A_flush_at_once_that_fails_is_made_good_file_by_file_before_the_first_rename()
    {
        var calls = await SyncAsync(new FaultScript { Shell = true, Fails = call => call == FlushAll });
        var (live, lastLive) = (calls.FindIndex(ReleaseOrderTests.IsLive), calls.FindLastIndex(ReleaseOrderTests.IsLive));
        var staged = calls.Where(call => call.StartsWith("create .depsync/run-2/new/", StringComparison.Ordinal) && !call.Contains("/new/manifest", StringComparison.Ordinal) && !call.Contains("/new/owner-", StringComparison.Ordinal)).Select(call => call.Split(' ')[1]).ToList();
        Assert.True(staged.Count > Stager.ItemsForOneFlush);
        Assert.All(staged, path => Assert.InRange(calls.IndexOf($"flush {path}"), calls.IndexOf(FlushAll), live));
        Assert.InRange(calls.LastIndexOf("flush a"), lastLive, calls.IndexOf("rename .depsync/run-2/new/manifest -> .depsync/manifest"));
        Assert.Single(calls, call => call == FlushAll);
    }

    [NeedsFact("find")]
    public async Task A_file_that_cannot_be_flushed_after_all_is_not_committed()
    {
        using var scenario = await PrepareAsync();
        var opened = 0;
        var script = new FaultScript { Shell = true, Fails = call => call == FlushAll || (call.StartsWith("open .depsync/run-2/new/", StringComparison.Ordinal) && Interlocked.Increment(ref opened) == 1) };
        scenario.Run.Connect = script.Connect;
        var result = await scenario.Run.SyncAsync();
        var problem = Assert.Single(result.Problems);
        Assert.Equal(ErrorKind.Entries, result.Error!.Kind);
        Assert.NotEqual(
            File.ReadAllText(Path.Combine(scenario.Run.Manager.Path, problem.Path.ToString())),
            Path.Combine(scenario.Run.Worker.Path, problem.Path.ToString()) is var left && File.Exists(left) ? File.ReadAllText(left) : null);
    }

    /// <summary>Beside a new directory, with which it would go live.</summary>
    [NeedsFact("find")]
    public async Task What_cannot_be_flushed_nor_removed_ends_the_push_before_its_commit()
    {
        using var scenario = await PrepareAsync();
        var opened = 0;
        var script = new FaultScript
        {
            Shell = true,
            Fails = call => call == FlushAll || call.StartsWith("remove .depsync/run-2/new/", StringComparison.Ordinal)
                || (call.StartsWith("open .depsync/run-2/new/", StringComparison.Ordinal) && Interlocked.Increment(ref opened) == 1),
        };
        scenario.Run.Connect = script.Connect;
        var result = await scenario.Run.SyncAsync();
        Assert.Equal(ErrorKind.Target, result.Error?.Kind);
        Assert.Contains("cannot be removed", result.Error!.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(script.Calls, ReleaseOrderTests.IsLive);
        Assert.Equal(scenario.Before, scenario.Live());
        scenario.Run.Connect = null;
        Assert.Null((await scenario.Run.SyncAsync()).Error);
        scenario.Run.AssertEqualTrees();
    }

    /// <summary>Over SFTP to a login that is not root, to whom such a file cannot be opened again.</summary>
    [NeedsFact("find", "setpriv", Requirement.Root)]
    public async Task Files_that_their_owner_may_not_read_are_flushed_too_where_a_flush_at_once_fails()
    {
        var folder = TempTree.InMemory().SetMode(""u8, 0b111_001_001);
        using var run = new ReleaseFixture(folder);
        SftpServerProcess.Own(run.Worker);
        for (var i = 0; i < Stager.ItemsForOneFlush; i++)
        {
            run.Manager.Write($"many/{i.ToString(CultureInfo.InvariantCulture)}", $"file {i}");
        }
        run.Manager.Write("write-only", "one").SetMode("write-only"u8, 0b010_000_000).Write("new/closed", "two").SetMode("new/closed"u8, 0).Write("new/group", "three").SetMode("new/group"u8, 0b000_100_100);
        using var server = SftpServerProcess.Start("/");
        var script = new FaultScript { Shell = true, Fails = call => call == FlushAll };
        run.Connect = async (address, cancellationToken) =>
        {
            var options = new SftpWorkerOptions(TimeSpan.FromSeconds(60), TimeProvider.System);
            return new FaultyWorker(await SftpWorker.OpenAsync(server.Transport, address.Path, options, cancellationToken), script);
        };
        var result = await run.SyncAsync(run.Config with { Workers = [ReleaseFixture.Address("worker", run.Worker.Path) with { User = "u", Host = "worker.invalid" }] });
        Assert.True(result.Error is null, $"{result.Error}: {string.Join(", ", result.Problems)}");
        Assert.Contains(FlushAll, script.Calls);
        var staged = script.Calls.Where(call => call.StartsWith("create .depsync/run-1/new/", StringComparison.Ordinal)).Select(call => call.Split(' ')[1]).ToList();
        Assert.InRange(staged.Count, Stager.ItemsForOneFlush + 3, Stager.ItemsForOneFlush + 5);
        Assert.All(staged, path => Assert.Single(script.Calls, $"flush {path}"));
        TreeText.AssertMirrored(run.Manager.Path, run.Worker.Path);
    }

    [NeedsFact("find")]
    public async Task A_worker_without_commands_flushes_each_of_many_files()
    {
        var calls = await SyncAsync(new FaultScript());
        Assert.DoesNotContain(FlushAll, calls);
        Assert.True(calls.Count(call => call.StartsWith("flush .depsync/run-2/new/", StringComparison.Ordinal)) > Stager.ItemsForOneFlush);
    }

    [NeedsFact("find")]
    public async Task A_few_files_are_flushed_each_without_asking_for_commands()
    {
        using var scenario = await FaultScenario.PrepareAsync();
        var script = new FaultScript { Shell = true };
        scenario.Run.Connect = script.Connect;
        Assert.Null((await scenario.Run.SyncAsync()).Error);
        Assert.DoesNotContain(script.Calls, call => call is FlushAll or "hash ");
    }

    [NeedsFact("find")]
    public async Task Neither_way_of_flushing_is_used_with_fsync_never()
    {
        using var scenario = await PrepareAsync();
        var script = new FaultScript { Shell = true };
        scenario.Run.Connect = script.Connect;
        Assert.Null((await scenario.Run.SyncAsync(scenario.Run.Config with { Durable = false })).Error);
        Assert.DoesNotContain(script.Calls, call => call is FlushAll or "hash " || call.StartsWith("flush", StringComparison.Ordinal));
    }

    private static async Task<FaultScenario> PrepareAsync()
    {
        var scenario = await FaultScenario.PrepareAsync();
        for (var i = 0; i < Stager.ItemsForOneFlush; i++)
        {
            scenario.Run.Manager.Write($"many/{i.ToString(CultureInfo.InvariantCulture)}", $"file {i}");
        }
        return scenario;
    }

    private static async Task<List<string>> SyncAsync(FaultScript script)
    {
        using var scenario = await PrepareAsync();
        scenario.Run.Connect = script.Connect;
        Assert.Null((await scenario.Run.SyncAsync()).Error);
        return [.. script.Calls];
    }
}
