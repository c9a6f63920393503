using System.Runtime.Versioning;
using DepSync.Model;
using DepSync.Tests.Support;

namespace DepSync.Tests.Release;

/// <summary>A wall clock that is off, jumps or goes back: nothing is lost, nothing waits for it, and a run that has nothing to do does nothing.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class ClockReleaseTests : IDisposable
{
    private readonly ReleaseFixture _run = new();

    public void Dispose() => _run.Dispose();

    [NeedsFact("find")]
    public async Task Time_that_goes_back_between_runs_changes_nothing()
    {
        var now = TimeProvider.System.GetUtcNow();
        var generation = 0L;
        foreach (var days in (int[])[1, -1, 400, -400, 0])
        {
            _run.Clock = new FakeTimeProvider(now.AddDays(days));
            _run.Manager.Write("conf/a", $"{days,4}").SetModified("conf/a"u8, 1_700_000_000).SetModified("conf"u8, 1_700_000_000);
            var pushed = await _run.SyncAsync();
            Assert.Null(pushed.Error);
            Assert.True(pushed.Generation > generation, $"generation {pushed.Generation} after {generation}");
            generation = pushed.Generation!.Value;
            _run.AssertEqualTrees();
            Assert.Equal(WorkerStatus.Unchanged, (await _run.SyncAsync()).Status);
        }
    }

    [NeedsFact("find")]
    public async Task Files_of_the_future_and_of_long_ago_are_mirrored_and_then_left_alone()
    {
        _run.Manager.Write("future", "x").SetModified("future"u8, 4_200_000_000).Write("old/x", "y").SetModified("old/x"u8, 1).SetModified("old"u8, 4_100_000_000);
        Assert.Null((await _run.SyncAsync()).Error);
        _run.AssertEqualTrees();
        Assert.Equal(WorkerStatus.Unchanged, (await _run.SyncAsync()).Status);
        _run.Manager.Write("future", "z").SetModified("future"u8, 4_200_000_000);
        Assert.Null((await _run.SyncAsync()).Error);
        _run.AssertEqualTrees();
    }

    [NeedsFact("find")]
    public async Task A_wall_clock_that_jumps_while_a_run_goes_on_ends_no_wait_and_no_bound()
    {
        _run.Clock = new JumpingClock();
        _run.Manager.Write("conf/a", "a").Write("conf/b", "b");
        var report = await _run.RunAsync(_run.Config with { MaxTime = TimeSpan.FromMinutes(10), Settle = TimeSpan.FromMilliseconds(1) });
        Assert.Null(report.Ended);
        Assert.Null(report.Workers[0].Error);
        Assert.InRange(report.Elapsed, TimeSpan.Zero, TimeSpan.FromMinutes(3));
    }

    /// <summary>Each look at the wall clock finds it a year on, then two years back; what is measured goes on as ever.</summary>
    private sealed class JumpingClock : TimeProvider
    {
        private int _looks;

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow().AddDays(Interlocked.Increment(ref _looks) % 2 == 0 ? -730 : 365);
    }
}
