using System.Runtime.Versioning;
using DepSync.Model;
using DepSync.Tests.Support;

namespace DepSync.Tests.Release;

/// <summary>
/// Real runs at one worker, frozen before their calls and thawed out of order: what the model proves of every interleaving, seen in the code for many. All push files of one size
/// and one second, so that nothing but a hash tells the versions apart.
/// </summary>
[UnsupportedOSPlatform("windows")]
public sealed class InterleavedRunsTests
{
    /// <summary>Two frozen at once; the first to freeze goes on first.</summary>
    [NeedsTheory("find")]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Two_managers_that_freeze_anywhere_leave_the_tree_of_the_last_owner(bool takeover)
    {
        // Any seed will do: which pairs of calls are tried is all that it decides.
        var random = new Random(takeover ? 1 : 2);
        for (var round = 0; round < 60; round++)
        {
            var (first, second) = (random.Next(1, 75), random.Next(1, 75));
            var at = $"calls {first} and {second}";
            using var pair = await InterleavedPair.CreateAsync();
            using var one = FreezePoint.BeforeCall(first);
            using var two = FreezePoint.BeforeCall(second);
            var older = InterleavedPair.StartAsync(pair.Old, one);
            await one.IsReachedAsync(older);
            var newer = InterleavedPair.StartAsync(pair.New, two, takeover);
            await two.IsReachedAsync(newer);
            one.Thaw();
            var afterOlder = await older;
            var epoch = pair.Owner.Epoch;
            two.Thaw();
            WorkerResult[] results = [afterOlder, await newer];
            Assert.All(results, result => Assert.True(result.Error is null or { Kind: ErrorKind.Fenced }, $"{at}: {result.Error}"));
            Assert.True(pair.Owner.Epoch >= epoch, at);
            pair.AssertNothingForeign(at);
            if (results.Any(result => result.Error is null))
            {
                pair.AssertTreeOf(pair.Owner.Run.StartsWith("new", StringComparison.Ordinal) ? pair.New : pair.Old, at);
            }
            await pair.AssertConvergesAsync(at);
        }
    }

    /// <summary>A claim whose MKDIR comes late makes the folder of a number that was used up meanwhile; what a killed run of that number has under way finds nothing in it.</summary>
    [NeedsTheory("find")]
    [InlineData("mkdir .depsync/run-2", "list .depsync")]
    [InlineData("mkdir .depsync/run-2", "find .depsync/owner.json")]
    [InlineData("mkdir .depsync/run-2", "none")]
    public async Task A_claim_that_comes_late_opens_no_door_for_the_requests_of_a_killed_run(string claim, string thenAt)
    {
        for (var n = 1; ; n++)
        {
            var at = $"call {n}";
            using var pair = await InterleavedPair.CreateAsync();
            using var killed = FreezePoint.BeforeCall(n);
            using var before = FreezePoint.Before(claim);
            using var behind = FreezePoint.Behind(claim, thenAt);
            var late = InterleavedPair.StartAsync(pair.New, before, takeover: false, then: behind);
            await before.IsReachedAsync(late);
            var cutOff = InterleavedPair.StartAsync(pair.Old, killed);
            if (!await killed.IsReachedAsync(cutOff))
            {
                Assert.InRange(n, 40, 400);
                return;
            }
            var again = await InterleavedPair.StartAsync(pair.Old);
            Assert.True(again.Error is null, $"{at}: {again.Error}");
            pair.AssertTreeOf(pair.Old, at);
            before.Thaw();
            await behind.IsReachedAsync(late);
            killed.Thaw();
            var arrived = await cutOff;
            pair.AssertNothingForeign(at);
            behind.Thaw();
            WorkerResult[] results = [arrived, await late];
            Assert.All(results, result => Assert.True(result.Error is null or { Kind: ErrorKind.Fenced }, $"{at}: {result.Error}"));
            pair.AssertTreeOf(pair.Owner.Run.StartsWith("new", StringComparison.Ordinal) ? pair.New : pair.Old, at);
            await pair.AssertConvergesAsync(at);
        }
    }

    [NeedsFact("find")]
    public async Task A_record_of_what_a_cut_off_run_replaced_outlives_the_run_that_rolls_it_forward()
    {
        using var run = new ReleaseFixture(TempTree.InMemory());
        run.Manager.Write("a", "one").SetModified("a"u8, 1_600_000_000);
        Assert.Null((await run.SyncAsync()).Error);
        run.Manager.Write("a", "two").SetModified("a"u8, 1_600_000_000, 5);
        run.Connect = new FaultScript { Fails = call => call.StartsWith("create .depsync/run-2/new/manifest", StringComparison.Ordinal) }.Connect;
        Assert.NotNull((await run.SyncAsync()).Error);
        run.Connect = new FaultScript { Fails = call => call == "create .depsync/run-3/journal" || call == "create .depsync/run-3/new/0" }.Connect;
        run.Manager.Write("a", "six").SetModified("a"u8, 1_600_000_000, 7).Write("b", "new");
        await run.SyncAsync();
        run.Connect = null;
        run.Manager.Write("a", "one").SetModified("a"u8, 1_600_000_000).Delete("b"u8);
        Assert.Null((await run.SyncAsync()).Error);
        Assert.Equal("one", run.Worker.Read("a"));
    }

    [NeedsFact("find")]
    public async Task A_number_that_only_a_fenced_folder_shows_is_not_used_again_until_it_is_recorded()
    {
        using var pair = await InterleavedPair.CreateAsync();
        using var claim = FreezePoint.Before("mkdir .depsync/run-2");
        var late = InterleavedPair.StartAsync(pair.New, claim);
        Assert.True(await claim.IsReachedAsync(late));
        // A run of that number came as far as its commit and was fenced by one that ended before its own.
        pair.Worker.Write(".depsync/fenced-2/journal", "").MakeDirectory(".depsync/fenced-2/old"u8);
        claim.Thaw();
        Assert.Equal(ErrorKind.Fenced, (await late).Error?.Kind);
        pair.AssertTreeOf(pair.Base, "refused");
        Assert.Contains("fenced-2", pair.Names);
        Assert.DoesNotContain("run-2", pair.Names);
        Assert.Null((await InterleavedPair.StartAsync(pair.Old)).Error);
        Assert.Equal(3, pair.Owner.Number);
        Assert.DoesNotContain("fenced-2", pair.Names);
    }

    /// <summary>What a MKDIR that comes late leaves beside a folder of its number that was fenced must not hold up every run from then on.</summary>
    [NeedsFact("find")]
    public async Task An_empty_folder_of_a_fenced_number_holds_up_nothing()
    {
        using var pair = await InterleavedPair.CreateAsync();
        pair.Worker.Write(".depsync/fenced-2/journal", "").MakeDirectory(".depsync/fenced-2/old"u8).MakeDirectory(".depsync/run-2"u8);
        Assert.Null((await InterleavedPair.StartAsync(pair.Old)).Error);
        await pair.AssertConvergesAsync("late folder");
    }
}
