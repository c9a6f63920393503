using System.Runtime.Versioning;
using DepSync.Config;
using DepSync.Model;
using DepSync.Tests.Support;
using DepSync.Workers;

namespace DepSync.Tests.Release;

/// <summary>A push that does everything, stopped or refused at every single call: the live tree is old or new at each path, and the next run makes it whole.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class FaultyReleaseTests
{
    private const int Login = 1000;

    [NeedsTheory("find")]
    [InlineData("")]
    [InlineData("no extensions")]
    [InlineData("login")]
    public async Task Push_that_is_cut_off_at_any_call_is_finished_by_the_next_one(string worker)
    {
        using var scenario = await FaultScenario.PrepareAsync();
        await AssertAtEveryCallAsync(scenario, n => With(worker, cutAt: n));
    }

    [NeedsFact("find")]
    public async Task First_push_that_is_cut_off_at_any_call_is_finished_by_the_next_one()
    {
        using var scenario = await FaultScenario.PrepareFirstContactAsync();
        await AssertAtEveryCallAsync(scenario, n => With("", cutAt: n));
    }

    [NeedsTheory("find")]
    [InlineData("")]
    [InlineData("no extensions")]
    public async Task Takeover_that_is_cut_off_at_any_call_is_finished_by_the_next_one(string worker)
    {
        using var scenario = await FaultScenario.PrepareAsync();
        using var other = scenario.Run.OtherManager("second");
        other.Manager.Write("a", "other");
        var isDone = false;
        for (var n = 1; !isDone; n++)
        {
            scenario.Restore();
            Directory.CreateDirectory(other.StateDir);
            Directory.Delete(other.StateDir, recursive: true);
            var script = With(worker, cutAt: n);
            other.Connect = script.Connect;
            await other.SyncAsync(Forced(other));
            isDone = script.Calls.Count < n;
            other.Connect = null;
            Assert.Null((await other.SyncAsync(Forced(other))).Error);
            Assert.Equal("f other", Assert.Single(scenario.Live()).Value);
            Assert.Equal(["generations", "manifest", "owner.json"], other.OwnNames());
            scenario.Run.Connect = null;
            Assert.Equal(ErrorKind.Fenced, (await scenario.Run.SyncAsync()).Error?.Kind);
        }
    }

    private static RunConfig Forced(ReleaseFixture run) => run.Config with { Takeover = true, Durable = false, MaxDelete = new(100, IsPercent: true), AllowEmpty = [RelativePath.Root, .. SnapshotText.Paths("a", "ro", "gone")] };

    [NeedsFact("find")]
    public async Task Push_that_is_cancelled_at_any_call_leaves_no_trace_or_is_done()
    {
        using var scenario = await FaultScenario.PrepareAsync();
        var isDone = false;
        for (var n = 1; !isDone; n++)
        {
            scenario.Restore();
            using var cancel = new CancellationTokenSource();
            var count = 0;
            var script = new FaultScript
            {
                Before = _ =>
                {
                    if (++count == n)
                    {
                        cancel.Cancel();
                    }
                },
            };
            scenario.Run.Connect = script.Connect;
            var report = await scenario.Run.RunAsync(scenario.Run.Config with { Durable = false }, cancel.Token);
            var where = $"at {n} ({script.Calls.ElementAtOrDefault(n - 1)}): {report.Workers[0].Error}";
            Assert.True(report.Workers[0].Error is null or { Kind: ErrorKind.Interrupted }, where);
            Assert.Equal(report.Workers[0].Error?.Kind, report.Ended);
            Assert.Equal(report.Ended is null ? scenario.After : scenario.Before, scenario.Live());
            Assert.Equal(["manifest", "owner.json"], scenario.Run.OwnNames().Where(name => name != "generations"));
            isDone = !cancel.IsCancellationRequested;
        }
        await scenario.AssertConvergesAsync();
        await scenario.AssertQuietAsync();
    }

    [NeedsTheory("find")]
    [InlineData("", WorkerFileError.Failure)]
    [InlineData("no extensions", WorkerFileError.Failure)]
    [InlineData("login", WorkerFileError.PermissionDenied)]
    public async Task Push_with_any_single_call_refused_ends_and_the_next_one_finishes_it(string worker, object error)
    {
        using var scenario = await FaultScenario.PrepareAsync();
        await AssertAtEveryCallAsync(scenario, n => With(worker, failAt: n, error: (WorkerFileError)error));
    }

    [NeedsTheory("find")]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Push_of_differences_with_any_call_cut_off_or_refused_is_finished_by_the_next_one(bool cut)
    {
        using var scenario = await FaultScenario.PrepareDeltaAsync();
        await AssertAtEveryCallAsync(scenario, n => Copying(cut ? n : null, cut ? null : n));
        var undisturbed = Copying(null, null);
        await PushAsync(scenario, undisturbed);
        Assert.True(undisturbed.Calls.Count(call => call.StartsWith("copy", StringComparison.Ordinal)) >= 4, "nothing was copied");

        static FaultScript Copying(int? cutAt, int? failAt) => new() { CutAt = cutAt, FailAt = failAt, Copies = true, Able = able => able with { MaxTransfer = 100_000 } };
    }

    private static async Task AssertAtEveryCallAsync(FaultScenario scenario, Func<int, FaultScript> scriptOf)
    {
        var failures = new List<string>();
        for (var n = 1; ; n++)
        {
            var script = scriptOf(n);
            try
            {
                await PushAsync(scenario, script);
                if (n % 10 == 0)
                {
                    await scenario.AssertQuietAsync();
                }
            }
            catch (Exception exception)
            {
                failures.Add($"at {n} ({script.Calls.ElementAtOrDefault(n - 1)}): {exception.Message}");
            }
            if (script.Calls.Count < n)
            {
                break;
            }
        }
        Assert.True(failures.Count == 0, $"{failures.Count} failures\n{string.Join('\n', failures.Take(20))}");
    }

    private static async Task PushAsync(FaultScenario scenario, FaultScript script)
    {
        scenario.Restore();
        scenario.Run.Connect = script.Connect;
        var result = await scenario.Run.SyncAsync(scenario.Run.Config with { Durable = false });
        var told = scenario.Run.Events.OfType<Note>().Select(note => note.Message).ToList();
        var able = script.Able(Everything);
        // Without an atomic replace a connection can end between the two renames of one file.
        scenario.AssertOldOrNew(mayBeMissing: script.CutAt is null || able.AtomicReplace ? 0 : 1);
        if (result.Error is null)
        {
            Assert.Equal(scenario.After, scenario.Live());
        }
        await scenario.AssertConvergesAsync();
        if (able.HardLinks && !told.Exists(message => message.Contains("could not be kept", StringComparison.Ordinal)))
        {
            scenario.AssertNothingLost();
        }
    }

    private static FaultScript With(string worker, int? cutAt = null, int? failAt = null, WorkerFileError error = default) => new()
    {
        CutAt = cutAt,
        FailAt = failAt,
        Error = error,
        Login = worker == "login" ? Login : null,
        Able = able => (worker == "no extensions" ? FaultScript.WithoutExtensions(able) : able) with { MaxTransfer = 64 },
    };

    private static WorkerCapabilities Everything => new()
    {
        AtomicReplace = true,
        HardLinks = true,
        DurableFlush = true,
        LinkTimes = true,
        UnixModes = true,
        Symlinks = true,
        MaxTransfer = 64,
    };
}
