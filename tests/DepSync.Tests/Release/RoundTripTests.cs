using DepSync.Model;
using DepSync.Tests.Support;

namespace DepSync.Tests.Release;

/// <summary>
/// What a run costs on a long line: flights are counted behind the greeting, whatever lies in one of them. The numbers are what the protocol needs; a flight more is a
/// wait for an answer that nothing depended on. A slow machine only ever shows more, so a run that shows too many is repeated with more patience.
/// </summary>
public sealed class RoundTripTests
{
    /// <summary>Where is the target; open everything; read it; the rest of a large manifest; open the directories; read them.</summary>
    private const int Unchanged = 6;

    [NeedsTheory("setpriv")]
    [InlineData(100, 1)]
    [InlineData(100, 6)]
    [InlineData(2_000, 1)]
    [InlineData(2_000, 6)]
    public async Task Run_without_changes_takes_as_many_round_trips_whatever_the_files_and_the_depth(int files, int depth)
    {
        using var counted = new CountedRelease(files, depth);
        await counted.RunAsync();
        var flights = await counted.CountAsync(Unchanged, () => { });
        Assert.Equal(WorkerStatus.Unchanged, counted.Result.Status);
        var directories = flights.Sum(flight => flight.Of("OpenDirectory"));
        Assert.InRange(flights.Sum(flight => flight.Requests), 1, 20 + (5 * directories));
        Assert.All(counted.Run.Events.OfType<SourceScanned>(), scanned => Assert.Equal(0, scanned.Hashed));
    }

    [NeedsFact("setpriv")]
    public async Task Directories_that_nobody_knew_cost_two_round_trips_a_level()
    {
        using var counted = new CountedRelease(20, 2);
        await counted.RunAsync();
        counted.Run.Worker.Write("a/b/c/drift", "x");
        var flights = await counted.CountAsync(Unchanged + 6, () => { }, counted.Config with { DryRun = true });
        Assert.Equal(WorkerStatus.Planned, counted.Result.Status);
        Assert.True(flights.Count > Unchanged, string.Join('\n', flights));
    }

    [NeedsFact("setpriv")]
    public async Task Large_directory_that_is_known_is_read_in_one_round_trip()
    {
        using var counted = new CountedRelease(100, 1);
        for (var i = 0; i < 1_500; i++)
        {
            counted.Run.Manager.Write($"large/{i}", "x");
        }
        await counted.RunAsync();
        await counted.CountAsync(Unchanged, () => { });
        Assert.Equal(WorkerStatus.Unchanged, counted.Result.Status);
    }
}
