using DepSync.Tests.Support;

namespace DepSync.Tests.EndToEnd;

/// <summary>A dry run tells what a run would do, with its exit codes, and leaves no trace on any machine.</summary>
public sealed class DryRunTests
{
    [SshdFact]
    public async Task A_dry_run_leaves_no_trace_before_the_first_run()
    {
        using var box = new Sandbox();
        var local = box.AddLocalWorker("local");
        var ssh = box.AddSshWorker("ssh");
        Directory.Delete(box.AddSshWorker("missing").Path);
        box.Manager.Write("conf/a.xml", "a").Write("webapps/x.war", "w");
        local.Write("old", "old");
        var outcome = await AssertTracelessAsync(box, local, ssh);
        Assert.Contains("cd+++++++++ conf/", outcome.Output, StringComparison.Ordinal);
        Assert.Contains("<f+++++++++ conf/a.xml", outcome.Output, StringComparison.Ordinal);
        Assert.Contains("*deleting   old", outcome.Output, StringComparison.Ordinal);
        Assert.False(Directory.Exists(box.StateFolder));
        Assert.False(Directory.Exists(box.LogFolder));
        Assert.False(Directory.Exists(Path.Combine(box.Folder, "missing")));
    }

    [SshdFact]
    public async Task A_dry_run_leaves_no_trace_between_runs()
    {
        using var box = new Sandbox();
        TempTree[] targets = [box.AddLocalWorker("local"), box.AddSshWorker("ssh")];
        box.Manager.Write("conf/a.xml", "a").Write("conf/b.xml", "b").Write("c.xml", "c");
        (await box.SyncAsync()).Expect(0);
        box.Manager.Write("conf/a.xml", "changed").Delete("conf/b.xml"u8).Write("new/d.xml", "d");
        var state = TreeText.ReadUntouched(box.StateFolder);
        var logs = TreeText.ReadUntouched(box.LogFolder);
        await AssertTracelessAsync(box, targets);
        TreeText.AssertSame(state, TreeText.ReadUntouched(box.StateFolder), "state");
        TreeText.AssertSame(logs, TreeText.ReadUntouched(box.LogFolder), "logs");
    }

    [SshdFact]
    public async Task An_unknown_host_key_is_not_recorded_by_a_dry_run()
    {
        using var box = new Sandbox();
        box.AddSshWorker("ssh");
        box.Manager.Write("a", "a");
        File.WriteAllText(box.KnownHosts, "");
        (await box.SyncAsync("-n", "--host-key", "accept-new")).Expect(0);
        Assert.Equal("", File.ReadAllText(box.KnownHosts));
        (await box.SyncAsync("--host-key", "accept-new")).Expect(0);
        Assert.NotEqual("", File.ReadAllText(box.KnownHosts));
        (await box.SyncAsync("--host-key", "strict")).Expect(0);
    }

    [SshdFact]
    public async Task The_json_of_a_dry_run_has_planned_workers_and_their_changes()
    {
        using var box = new Sandbox();
        box.AddLocalWorker("local");
        box.Manager.Write("conf/a.xml", "a");
        var outcome = (await box.SyncAsync("-n", "--json")).Expect(0);
        var json = Sandbox.Json(outcome);
        Assert.True(json[0].GetProperty("dry_run").GetBoolean());
        Assert.Equal("planned", Sandbox.Results(outcome)["local"].GetProperty("status").GetString());
        Assert.Contains(json, e => e.GetProperty("type").GetString() == "change" && e.GetProperty("path").GetString() == "conf/a.xml");
    }

    private static async Task<ProcessOutcome> AssertTracelessAsync(Sandbox box, params TempTree[] targets)
    {
        var before = targets.Select(t => TreeText.ReadUntouched(t.Path)).ToArray();
        var knownHosts = File.ReadAllText(box.KnownHosts);
        var outcome = (await box.SyncAsync("-n")).Expect(0);
        for (var i = 0; i < targets.Length; i++)
        {
            TreeText.AssertSame(before[i], TreeText.ReadUntouched(targets[i].Path), "after a dry run");
        }
        Assert.Equal(knownHosts, File.ReadAllText(box.KnownHosts));
        return outcome;
    }
}
