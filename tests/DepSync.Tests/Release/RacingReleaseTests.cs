using System.Runtime.Versioning;
using System.Text;
using DepSync.Config;
using DepSync.Model;
using DepSync.Tests.Support;

namespace DepSync.Tests.Release;

/// <summary>Two runs at one directory at the same time, without the lock of one machine between them: one of them wins whole, or neither does and the next run is whole.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class RacingReleaseTests
{
    private const int Rounds = 60;

    [NeedsTheory("find")]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Two_runs_at_once_leave_the_tree_of_one_and_fence_the_other(bool takeover)
    {
        using var one = new ReleaseFixture(TempTree.InMemory());
        using var two = one.OtherManager("second");
        foreach (var name in Enumerable.Range(0, 12).Select(i => $"d{i % 3}/f{i}"))
        {
            one.Manager.Write(name, "first").SetModified(Encoding.UTF8.GetBytes(name), 1_600_000_000);
            two.Manager.Write(name, "other").SetModified(Encoding.UTF8.GetBytes(name), 1_600_000_001);
        }
        Assert.Null((await one.SyncAsync(With(one, takeover: true))).Error);
        one.ShareIdentity(two);
        for (var round = 0; round < Rounds; round++)
        {
            var results = await Task.WhenAll(Task.Run(() => one.SyncAsync(With(one, takeover))), Task.Run(() => two.SyncAsync(With(two, takeover))));
            Assert.All(results, result => Assert.True(result.Error is null or { Kind: ErrorKind.Fenced }, $"round {round}: {result.Error}"));
            var contents = Directory.EnumerateFiles(one.Worker.Path, "*", SearchOption.AllDirectories)
                .Where(path => !path.StartsWith(one.WorkerFolder, StringComparison.Ordinal)).Select(File.ReadAllText).ToList();
            Assert.Equal(12, contents.Count);
            Assert.All(contents, content => Assert.Contains(content, new[] { "first", "other" }));
            if (results.Any(result => result.Error is null))
            {
                Assert.True(contents.Distinct().Count() == 1, $"round {round}: {string.Join(", ", contents)} {results[0].Error} {results[1].Error}");
                continue;
            }
            // They fenced each other. A fence that comes late stops the other one between two renames, as a cut does; the next run decides.
            Assert.Null((await one.SyncAsync(With(one, takeover: true))).Error);
            one.AssertEqualTrees();
        }
        Assert.Null((await one.SyncAsync(With(one, takeover: true))).Error);
        one.AssertEqualTrees();
        Assert.Equal(["generations", "manifest", "owner.json"], one.OwnNames());
    }

    private static RunConfig With(ReleaseFixture run, bool takeover) => run.Config with { Takeover = takeover, Durable = false };
}
