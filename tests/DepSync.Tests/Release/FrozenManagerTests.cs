using System.Runtime.Versioning;
using DepSync.Config;
using DepSync.Model;
using DepSync.Tests.Support;

namespace DepSync.Tests.Release;

/// <summary>
/// A manager that is frozen at any packet: nothing of what it sends from then on arrives before another manager has run to its end on the worker, and then all of it does. The
/// wire is real SFTP, the server OpenSSH's.
/// </summary>
[UnsupportedOSPlatform("windows")]
public sealed class FrozenManagerTests
{
    /// <summary>
    /// True: the other one takes over. False: it has the same id from the same state, as two processes of one manager have, and may even use the same run number.
    /// </summary>
    [NeedsTheory("find", "setpriv")]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_a_frozen_manager_sent_changes_nothing_after_another_one_has_finished(bool takeover)
    {
        using var scenario = await WireScenario.PrepareAsync(PushCase.Small);
        using var other = Other(scenario);
        var requests = (await scenario.RecordAsync()).Requests.ToList();
        var claim = requests.FindIndex(WireScenario.IsChange);
        var recorded = requests.FindIndex(request => request.EndsWith("/.depsync/owner.json", StringComparison.Ordinal) && WireScenario.IsChange(request));
        // From the last look at its own folder on, and only until it looks again, attributes of entries that stay may be set late.
        var attributes = requests.FindIndex(request => IsLiveAttribute(scenario, request));
        Assert.True(claim > 0 && recorded > claim && attributes > claim && attributes < recorded);
        var failures = new List<string>();
        for (var n = takeover ? 1 : claim + 1; n <= requests.Count; n++)
        {
            try
            {
                var mayTouch = n > attributes - 1 && n <= recorded;
                await AssertFencedAsync(scenario, other, new Case(n, takeover, mayTouch, n > recorded + 1));
            }
            catch (Exception exception)
            {
                failures.Add($"at {n} ({requests[n - 1]}): {exception.Message}");
            }
        }
        Assert.True(failures.Count == 0, $"{failures.Count} failures\n{string.Join('\n', failures.Take(20))}");
    }

    [NeedsFact("find", "setpriv")]
    public async Task Run_number_that_another_run_used_up_does_not_come_back()
    {
        using var scenario = await WireScenario.PrepareAsync(PushCase.Small);
        using var other = Other(scenario);
        var claim = (await scenario.RecordAsync()).Requests.ToList().FindIndex(request => request.EndsWith("/.depsync/run-2", StringComparison.Ordinal)) + 1;
        await AssertFencedAsync(scenario, other, new Case(claim, Takeover: false, MayTouch: false, IsRecorded: false));
        Assert.Contains("\"number\":2", scenario.Run.Worker.Read(".depsync/owner.json"), StringComparison.Ordinal);
        Assert.Contains("\"run\":\"second-", scenario.Run.Worker.Read(".depsync/owner.json"), StringComparison.Ordinal);
        other.Manager.Write("update", "third");
        Assert.Null((await other.SyncAsync()).Error);
        Assert.Contains("\"number\":3", scenario.Run.Worker.Read(".depsync/owner.json"), StringComparison.Ordinal);
    }

    private static async Task AssertFencedAsync(WireScenario scenario, ReleaseFixture other, Case frozen)
    {
        scenario.Push.Restore();
        if (Directory.Exists(other.StateDir))
        {
            Directory.Delete(other.StateDir, recursive: true);
        }
        scenario.Run.ShareIdentity(other);
        if (frozen.Takeover)
        {
            Directory.Delete(other.StateDir, recursive: true);
        }
        var wire = scenario.NewWire(new WireScript(WireFault.Freeze, frozen.At));
        scenario.Run.Connect = (address, cancellationToken) => WireScenario.ConnectAsync(address, wire, cancellationToken);
        var run = scenario.Run.SyncAsync();
        await Task.WhenAny(wire.FrozenAsync(), run).WaitAsync(TimeSpan.FromMinutes(1));

        var won = await other.SyncAsync(Forced(other, frozen.Takeover));
        Assert.True(won.Error is null, $"the other manager: {won.Error}");
        var (live, facts) = (Live(scenario), scenario.Push.Live());
        wire.LetGo();
        var late = await run.WaitAsync(TimeSpan.FromMinutes(1));
        await scenario.EndAsync();

        Assert.True(late.Error?.Kind == ErrorKind.Fenced || (frozen.IsRecorded && late.Error is null), $"the frozen manager ended with {late}");
        Assert.Equal(facts, scenario.Push.Live());
        if (!frozen.MayTouch)
        {
            TreeText.AssertSame(live, Live(scenario));
        }
        var next = await other.SyncAsync(Forced(other, takeover: false));
        Assert.True(next.Error is null, $"the other manager's next run: {next.Error}");
        Assert.Equal(live, Live(scenario));
        Assert.Equal(["generations", "manifest", "owner.json"], other.OwnNames());
        await scenario.EndAsync();
    }

    private static ReleaseFixture Other(WireScenario scenario)
    {
        var other = scenario.Run.OtherManager("second");
        other.Manager.Write("update", "of the second").Write("f2l", "of the second too").MakeDirectory("d"u8).SetModified("d"u8, 1_650_000_000).SetModified(""u8, 1_650_000_000);
        return other;
    }

    private static RunConfig Forced(ReleaseFixture run, bool takeover) => run.Config with { Takeover = takeover, MaxDelete = new(100, IsPercent: true) };

    private static bool IsLiveAttribute(WireScenario scenario, string request) =>
        request.StartsWith($"Setstat {scenario.Run.Worker.Path}", StringComparison.Ordinal) && !request.Contains(".depsync", StringComparison.Ordinal);

    private static string Live(WireScenario scenario)
    {
        var tree = DiskTree.Read(scenario.Run.Worker.Path);
        return string.Join('\n', tree.Entries.Prepend(tree.Root!).Where(entry => !entry.Path.ToString().StartsWith(".depsync", StringComparison.Ordinal))
            .Select(entry => $"{entry.Kind} {entry.Mode} {entry.ModifiedNs} {entry.Size} {entry.Digest} {entry.Path}"));
    }

    private sealed record Case(int At, bool Takeover, bool MayTouch, bool IsRecorded);
}
