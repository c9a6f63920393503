using DepSync.Tests.Support;

namespace DepSync.Tests.EndToEnd;

/// <summary>Random trees, random changes on the manager and on the workers, and <c>rsync -a --delete</c> beside it: the same trees, the same itemized lines.</summary>
public sealed class DifferentialTests
{
    private static readonly string[] Workers = ["local", "ssh"];

    [NeedsTheory("sshd", "rsync")]
    [InlineData(11)]
    [InlineData(12)]
    [InlineData(13)]
    public async Task A_random_tree_ends_as_rsync_leaves_it_and_is_told_in_rsyncs_lines(int seed)
    {
        using var box = new Sandbox();
        var oracle = box.AddTree("oracle");
        TempTree[] targets = [box.AddLocalWorker("local"), box.AddSshWorker("ssh")];
        box.Settings.Add("max_delete: 100%");
        new RandomTree(seed).Fill(box.Manager, 60);
        for (var round = 0; round < 4; round++)
        {
            var context = $"seed {seed}, round {round}";
            if (round > 0)
            {
                new RandomTree(seed * 100 + round).Mutate(box.Manager, 15);
                Drift(seed * 1000 + round, [oracle, .. targets]);
            }
            var expected = await RsyncOracle.RunAsync(box.Manager, oracle, "-n");
            foreach (var worker in Workers)
            {
                var preview = (await box.SyncAsync("-n", "--itemize", "--only", worker, "--allow-empty", ".")).Expect(0);
                RsyncOracle.AssertSameLines(expected, RsyncOracle.ItemizedLines(preview), $"{context}, -n, {worker}");
            }
            expected = await RsyncOracle.RunAsync(box.Manager, oracle);
            foreach (var worker in Workers)
            {
                var done = (await box.SyncAsync("--itemize", "--only", worker, "--allow-empty", ".")).Expect(0);
                RsyncOracle.AssertSameLines(expected, RsyncOracle.ItemizedLines(done), $"{context}, {worker}");
            }
            TreeText.AssertMirrored(box.Manager.Path, oracle.Path, $"{context}: rsync");
            foreach (var target in targets)
            {
                TreeText.AssertMirrored(box.Manager.Path, target.Path, $"{context}: {target.Path}");
            }
            await AssertNothingIsLeftToDoAsync(box, targets);
        }
    }

    [SshdFact]
    public async Task A_change_of_the_same_size_in_the_same_second_is_pushed()
    {
        using var box = new Sandbox();
        TempTree[] targets = [box.AddLocalWorker("local"), box.AddSshWorker("ssh")];
        box.Manager.Write("conf/a.xml", "one").SetModified("conf/a.xml"u8, 1_500_000_000, 1);
        (await box.SyncAsync()).Expect(0);
        box.Manager.Write("conf/a.xml", "two").SetModified("conf/a.xml"u8, 1_500_000_000, 2);
        var outcome = (await box.SyncAsync("--itemize", "--only", "local")).Expect(0);
        Assert.Equal(["<fc........ conf/a.xml"], RsyncOracle.ItemizedLines(outcome));
        (await box.SyncAsync()).Expect(0);
        Assert.All(targets, t => Assert.Equal("two", t.Read("conf/a.xml")));
    }

    [SshdFact]
    public async Task Drift_on_a_worker_is_put_right()
    {
        using var box = new Sandbox();
        TempTree[] targets = [box.AddLocalWorker("local"), box.AddSshWorker("ssh")];
        box.Manager.Write("conf/a.xml", "a").Write("conf/b.xml", "b").Write("conf/c/d.xml", "d").MakeSymlink("conf/l"u8, "a.xml"u8);
        (await box.SyncAsync()).Expect(0);
        foreach (var target in targets)
        {
            target.Write("conf/a.xml", "changed here").Delete("conf/b.xml"u8).Delete("conf/c"u8).Write("conf/c", "a file now").Write("conf/new/x", "x");
            target.Delete("conf/l"u8).MakeSymlink("conf/l"u8, "/etc/passwd"u8).SetMode("conf"u8, 0x1FF);
        }
        var outcome = (await box.SyncAsync("--json")).Expect(0);
        Assert.All(targets, t => TreeText.AssertMirrored(box.Manager.Path, t.Path));
        var changes = Sandbox.Json(outcome).Where(e => e.GetProperty("type").GetString() == "change").ToArray();
        Assert.NotEmpty(changes);
        Assert.All(changes, c => Assert.Equal("drift", c.GetProperty("reason").GetString()));
        await AssertNothingIsLeftToDoAsync(box, targets);
    }

    /// <summary>One more run is silent, sends nothing and touches nothing, not even below <c>.depsync</c>.</summary>
    internal static async Task AssertNothingIsLeftToDoAsync(Sandbox box, params TempTree[] targets)
    {
        var before = targets.Select(t => TreeText.ReadUntouched(t.Path)).ToArray();
        (await box.SyncAsync()).Expect(0).ExpectSilence();
        var outcome = (await box.SyncAsync("--json", "--detailed-exitcode")).Expect(0);
        Assert.All(Sandbox.Results(outcome).Values, result =>
        {
            Assert.Equal("unchanged", result.GetProperty("status").GetString());
            Assert.Equal(0, result.GetProperty("bytes_sent").GetInt64());
        });
        for (var i = 0; i < targets.Length; i++)
        {
            TreeText.AssertSame(before[i], TreeText.ReadUntouched(targets[i].Path), "after a run without changes");
            Assert.DoesNotContain("./.depsync/run-", before[i], StringComparison.Ordinal);
            Assert.DoesNotContain("./.depsync/fenced-", before[i], StringComparison.Ordinal);
        }
    }

    private static void Drift(int seed, TempTree[] targets)
    {
        foreach (var target in targets)
        {
            new RandomTree(seed).Mutate(target, 4);
        }
    }
}
