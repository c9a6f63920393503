using DepSync.Model;
using DepSync.Tests.Support;

namespace DepSync.Tests.Release;

/// <summary>Where a server cannot replace a file, the owner record is moved away before its successor comes: it counts wherever it lies.</summary>
public sealed class DisplacedOwnerTests : IDisposable
{
    private readonly ReleaseFixture _run = new();

    public void Dispose() => _run.Dispose();

    [NeedsFact("find")]
    public async Task Owner_record_stands_again_when_its_successor_is_refused()
    {
        _run.Manager.Write("a", "one");
        await _run.SyncAsync();
        var before = _run.Worker.Read(".depsync/owner.json");
        using var other = _run.OtherManager("second");
        other.Manager.Write("a", "two");
        other.Connect = new FaultScript { Able = FaultScript.WithoutExtensions, Fails = call => call.EndsWith("owner-1.json -> .depsync/owner.json", StringComparison.Ordinal) && !call.Contains("was-", StringComparison.Ordinal) }.Connect;
        Assert.Equal(ErrorKind.Target, (await other.SyncAsync(other.Config with { Takeover = true })).Error?.Kind);
        Assert.Equal(before, _run.Worker.Read(".depsync/owner.json"));
        Assert.Equal(["manifest", "owner.json"], _run.OwnNames());
    }

    [NeedsTheory("find")]
    [InlineData("run-7")]
    [InlineData("fenced-7")]
    public async Task Newest_record_that_was_moved_away_owns_and_stands_at_its_place_after_the_next_run(string folder)
    {
        _run.Manager.Write("a", "one");
        await _run.SyncAsync();
        var first = _run.Worker.Read(".depsync/owner.json");
        var newest = first.Replace("\"number\":1,", "\"number\":6,", StringComparison.Ordinal);
        _run.Worker.Delete(".depsync/owner.json"u8).Write($".depsync/{folder}/new/was-owner-1.json", first.Replace("\"epoch\":1", "\"epoch\":9", StringComparison.Ordinal))
            .Write($".depsync/{folder}/new/was-owner-2.json", newest);
        using var other = _run.OtherManager("second");
        other.Manager.Write("a", "two");
        Assert.Equal(ErrorKind.Fenced, (await other.SyncAsync()).Error?.Kind);
        Assert.Null((await _run.SyncAsync()).Error);
        // Its own record, one above the run that was fenced, in the epoch of the newest: that of 9 would have refused it.
        Assert.Contains("\"epoch\":1,", _run.Worker.Read(".depsync/owner.json"), StringComparison.Ordinal);
        Assert.Contains("\"number\":8,", _run.Worker.Read(".depsync/owner.json"), StringComparison.Ordinal);
        Assert.Equal(["manifest", "owner.json"], _run.OwnNames());
    }

    [NeedsFact("find")]
    public async Task Damaged_record_that_was_moved_away_lets_nobody_claim_without_a_takeover()
    {
        _run.Manager.Write("a", "one");
        await _run.SyncAsync();
        _run.Worker.Delete(".depsync/owner.json"u8).Write(".depsync/run-7/new/was-owner-1.json", "{");
        Assert.Equal(ErrorKind.Fenced, (await _run.SyncAsync()).Error?.Kind);
        Assert.Null((await _run.SyncAsync(_run.Config with { Takeover = true })).Error);
        Assert.Equal(["manifest", "owner.json"], _run.OwnNames());
    }
}
