using DepSync.Tests.Support;

namespace DepSync.Tests.EndToEnd;

/// <summary>One manager owns a worker. Another one is refused until it takes over, and then the old one is.</summary>
public sealed class TakeoverTests
{
    private static readonly string[] Second = ["--manager-dir", "second", "--state-dir", "second-state", "--log-dir", "second-logs"];

    [SshdFact]
    public async Task A_second_manager_gets_41_until_it_takes_over_and_then_the_first_does()
    {
        using var box = new Sandbox();
        TempTree[] targets = [box.AddLocalWorker("local"), box.AddSshWorker("ssh")];
        var second = box.AddTree("second").Write("conf/a.xml", "of the second").Write("conf/b.xml", "b");
        box.Manager.Write("conf/a.xml", "of the first");
        (await box.SyncAsync()).Expect(0);

        var before = targets.Select(t => TreeText.ReadUntouched(t.Path)).ToArray();
        var refused = (await box.SyncAsync(Second)).Expect(41);
        Assert.Contains("depsync takeover", refused.Errors, StringComparison.Ordinal);
        Assert.Contains(box.Manager.Path, refused.Errors, StringComparison.Ordinal);
        (await box.SyncAsync(["-n", .. Second])).Expect(41);
        (await box.RunAsync(["takeover", .. Second])).Expect(1);
        for (var i = 0; i < targets.Length; i++)
        {
            TreeText.AssertSame(before[i], TreeText.ReadUntouched(targets[i].Path), "after refusals");
        }

        (await box.RunAsync(["takeover", "--yes", .. Second])).Expect(0);
        (await box.SyncAsync(Second)).Expect(0);
        Assert.All(targets, t => TreeText.AssertMirrored(second.Path, t.Path));
        (await box.SyncAsync(Second)).Expect(0).ExpectSilence();

        box.Manager.Write("conf/a.xml", "too late");
        (await box.SyncAsync()).Expect(41);
        Assert.All(targets, t => TreeText.AssertMirrored(second.Path, t.Path));
    }

    [NeedsFact]
    public async Task A_worker_that_was_away_during_the_takeover_is_taken_later_by_itself()
    {
        using var box = new Sandbox();
        var here = box.AddLocalWorker("here");
        var away = box.AddLocalWorker("away");
        var second = box.AddTree("second").Write("conf/a.xml", "second");
        box.Manager.Write("conf/a.xml", "first");
        (await box.SyncAsync()).Expect(0);
        (await box.RunAsync(["takeover", "--yes", "--only", "here", .. Second])).Expect(0);
        (await box.SyncAsync(Second)).Expect(0);
        Assert.All((TempTree[])[here, away], t => TreeText.AssertMirrored(second.Path, t.Path));
    }

    [NeedsFact]
    public async Task A_manager_that_lost_its_state_learns_it_again()
    {
        using var box = new Sandbox();
        var target = box.AddLocalWorker("local");
        box.Manager.Write("conf/a.xml", "a");
        (await box.SyncAsync()).Expect(0);
        Directory.Delete(box.StateFolder, recursive: true);
        (await box.SyncAsync()).Expect(0);
        box.Manager.Write("conf/a.xml", "changed");
        (await box.SyncAsync()).Expect(0);
        TreeText.AssertMirrored(box.Manager.Path, target.Path);
    }
}
