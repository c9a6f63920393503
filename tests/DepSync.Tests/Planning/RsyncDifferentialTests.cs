using System.Runtime.Versioning;
using DepSync.Model;
using DepSync.Planning;
using DepSync.Tests.Support;

namespace DepSync.Tests.Planning;

/// <summary>The itemized lines of a plan against those of rsync for the same two trees on disk, as sets.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class RsyncDifferentialTests
{
    /// <summary>Many trees in one call: a process is what takes the time.</summary>
    private const int TreesPerPair = 40;

    [Theory]
    [InlineData(1), InlineData(2), InlineData(3), InlineData(4), InlineData(5)]
    public void Lines_are_those_of_rsync(int seed)
    {
        using var oracle = Written(seed);
        var expected = oracle.Lines();
        AssertSame(expected, Lines(oracle, new PlanRules()).Select(AsQuickCheck).OfType<string>());
        // The random trees are worth something: every sort of line is among them.
        string[] sorts = ["*deleting", "<f++", "cd++", "cL++", "cLc.....", "cLc.t", ".L..t", "<f.s....", "<f.st", "<f..t", "<f..tp", ".f...p", ".d..t", ".d...p"];
        Assert.All(sorts, sort => Assert.Contains(expected, line => line.StartsWith(sort, StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData(9), InlineData(10)]
    public void With_checksum_lines_are_those_of_rsync_with_checksum(int seed)
    {
        using var oracle = Written(seed);
        AssertSame(oracle.Lines("-c"), Lines(oracle, new PlanRules { Checksum = true }));
    }

    [Fact]
    public void A_target_that_is_missing_gets_the_lines_of_rsync()
    {
        using var oracle = Written(12);
        Directory.Delete(oracle.Worker, recursive: true);
        var plan = Planner.Plan(DiskTree.Read(oracle.Source), new Snapshot(null, []), manifest: null, new PlanRules());
        AssertSame(oracle.Lines(), plan.Changes.Select(c => c.Itemize));
    }

    /// <summary>A dry run's plan made real by rsync itself leaves nothing to plan: both mean the same by "equal".</summary>
    [Fact]
    public void After_a_run_of_rsync_the_plan_is_empty()
    {
        using var oracle = Written(13);
        oracle.Push();
        // Of the same size in the same second: what rsync leaves behind, and nothing else.
        Assert.All(Lines(oracle, new PlanRules()), line => Assert.StartsWith("<fc........ ", line, StringComparison.Ordinal));
        oracle.Push("-c");
        Assert.Empty(Lines(oracle, new PlanRules()));
    }

    private static RsyncOracle Written(int seed)
    {
        var oracle = new RsyncOracle();
        var (source, worker) = new RandomTrees(seed).Pair(TreesPerPair);
        DiskTree.Write(oracle.Source, source, RandomTrees.ContentOf);
        DiskTree.Write(oracle.Worker, worker, RandomTrees.ContentOf);
        return oracle;
    }

    private static IEnumerable<string> Lines(RsyncOracle oracle, PlanRules rules)
    {
        var (source, onDisk) = (DiskTree.Read(oracle.Source), DiskTree.Read(oracle.Worker));
        // A listing tells no content: it is read where the planner asks for it, and there alone.
        var listed = onDisk.WithEntries(e => e with { Digest = null, ModifiedNs = e.WorkerSeconds * 1_000_000_000 });
        var readBack = Planner.FilesToRead(source, listed, rules).ToDictionary(e => e.Path, e => onDisk.Find(e.Path)!.Digest!.Value);
        return Planner.Plan(source, WorkerDigests.With(listed, readBack), manifest: null, rules).Changes.Select(c => c.Itemize);
    }

    /// <summary>What rsync's quick check makes of the one line that it does not have: nothing, or the mode alone.</summary>
    private static string? AsQuickCheck(string line) =>
        !line.StartsWith("<fc", StringComparison.Ordinal) ? line
        : line.StartsWith("<fc..p", StringComparison.Ordinal) ? ".f...p" + line[6..]
        : null;

    private static void AssertSame(IEnumerable<string> expected, IEnumerable<string> actual) =>
        Assert.Equal(expected.Order(StringComparer.Ordinal), actual.Order(StringComparer.Ordinal));
}
