using DepSync.Tests.Support;

namespace DepSync.Tests.EndToEnd;

/// <summary><c>check</c> and <c>trust</c> on real workers.</summary>
public sealed class CheckTests
{
    [SshdFact]
    public async Task Check_finds_two_good_workers_and_leaves_nothing_behind()
    {
        using var box = new Sandbox();
        TempTree[] targets = [box.AddLocalWorker("local"), box.AddSshWorker("ssh")];
        box.Manager.Write("conf/a.xml", "a");
        foreach (var probe in (string[][])[[], ["--no-probe"]])
        {
            var before = targets.Select(t => TreeText.Read(t.Path)).ToArray();
            var outcome = (await box.RunAsync(["check", .. probe])).Expect(0);
            Assert.Contains("ssh", outcome.Output, StringComparison.Ordinal);
            for (var i = 0; i < targets.Length; i++)
            {
                TreeText.AssertSame(before[i], TreeText.Read(targets[i].Path), "after check");
                Assert.False(targets[i].Exists(".depsync"u8));
            }
        }
        (await box.SyncAsync()).Expect(0);
        (await box.RunAsync("check")).Expect(0);
        Assert.All(targets, t => Assert.Equal(["manifest", "owner.json"], Names(t)));
    }

    [SshdFact]
    public async Task Check_puts_the_time_of_a_target_back_that_stands_in_the_list_under_several_names()
    {
        using var box = new Sandbox();
        box.Manager.Write("a", "a");
        var target = box.AddSshWorker("ssh");
        for (var i = 0; i < 6; i++)
        {
            box.AddLine($"{box.Sshd.User}@127.0.0.1:{box.Folder}/x{i}/../ssh name=again{i} port={box.Sshd.Port} identity={box.Sshd.ClientKey}");
            box.AddTree($"x{i}");
        }
        target.SetModified(""u8, 1_600_000_000);
        var outcome = (await box.RunAsync("check", "--parallel", "2")).Expect(0);
        Assert.Contains("same directory as worker ssh", outcome.Output, StringComparison.Ordinal);
        Assert.Equal(1_600_000_000, new DateTimeOffset(Directory.GetLastWriteTimeUtc(target.Path)).ToUnixTimeSeconds());
        Assert.Empty(Directory.GetFileSystemEntries(target.Path));
    }

    [NeedsFact]
    public async Task Check_tells_a_target_that_every_sync_would_refuse()
    {
        using var box = new Sandbox();
        box.Manager.Write("a", "a");
        box.AddLine("./manager/server name=bad");
        var outcome = (await box.RunAsync("check", "--no-probe")).Expect(23);
        Assert.Contains("lies inside the manager directory", outcome.Output, StringComparison.Ordinal);
    }

    [NeedsFact]
    public async Task Check_tells_whose_a_worker_is_and_what_another_manager_would_have_to_do()
    {
        using var box = new Sandbox();
        box.Manager.Write("a", "a");
        box.AddLocalWorker("w");
        Assert.DoesNotContain("owner", (await box.RunAsync("check")).Expect(0).Output, StringComparison.Ordinal);
        (await box.SyncAsync()).Expect(0);
        Assert.Contains("this manager", (await box.RunAsync("check")).Expect(0).Output, StringComparison.Ordinal);
        box.AddTree("other").Write("a", "b");
        var other = Path.Combine(box.Folder, "other");
        var findings = Sandbox.Json((await box.RunAsync("check", "--manager-dir", other, "--json")).Expect(23));
        var owner = Assert.Single(findings, finding => finding.GetProperty("name").GetString() == "owner");
        Assert.Equal(("failed", false), (owner.GetProperty("state").GetString(), owner.GetProperty("ok").GetBoolean()));
        Assert.Contains("belongs to another manager", owner.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Contains("depsync takeover", owner.GetProperty("mend").GetString(), StringComparison.Ordinal);
        Directory.Delete(box.StateFolder, recursive: true);
        var lost = Sandbox.Json((await box.RunAsync("check", "--json")).Expect(0));
        Assert.Contains(lost, finding => finding.GetProperty("name").GetString() == "owner" && finding.GetProperty("state").GetString() == "warning");
        Assert.False(Directory.Exists(box.StateFolder));
    }

    [SshdFact]
    public async Task Check_ends_with_45_when_no_worker_can_be_logged_in_to()
    {
        using var box = new Sandbox();
        box.Manager.Write("a", "a");
        box.AddSshWorker("ssh");
        File.WriteAllText(box.KnownHosts, "");
        (await box.RunAsync("check")).Expect(45);
        (await box.RunAsync("trust", "--yes")).Expect(0);
        (await box.RunAsync("check")).Expect(0);
    }

    [SshdFact]
    public async Task Check_tells_the_worker_that_is_missing_its_parent()
    {
        using var box = new Sandbox();
        box.AddLocalWorker("good");
        box.AddLine("./missing/server name=bad");
        box.Manager.Write("a", "a");
        var outcome = (await box.RunAsync("check")).Expect(23);
        Assert.Contains("bad", outcome.Output + outcome.Errors, StringComparison.Ordinal);
    }

    [SshdFact]
    public async Task Trust_needs_a_yes_off_a_terminal_records_the_key_and_never_replaces_a_changed_one_by_itself()
    {
        using var box = new Sandbox();
        box.AddSshWorker("ssh");
        box.Manager.Write("a", "a");
        var right = File.ReadAllText(box.KnownHosts);
        File.Delete(box.KnownHosts);
        Assert.NotEqual(0, (await box.RunAsync("trust")).ExitCode);
        Assert.False(File.Exists(box.KnownHosts) && new FileInfo(box.KnownHosts).Length > 0);
        (await box.RunAsync("trust", "--yes")).Expect(0);
        Assert.Contains(box.Sshd.HostKey("ed25519"), File.ReadAllText(box.KnownHosts), StringComparison.Ordinal);
        Command.Run("ssh-keygen", "-F", $"[127.0.0.1]:{box.Sshd.Port}", "-f", box.KnownHosts);

        using var other = SshdServer.Start();
        var changed = $"[127.0.0.1]:{box.Sshd.Port} {other.HostKey("ed25519")}\n";
        File.WriteAllText(box.KnownHosts, changed);
        Assert.NotEqual(0, (await box.RunAsync("trust", "--yes")).ExitCode);
        Assert.Equal(changed, File.ReadAllText(box.KnownHosts));
        (await box.RunAsync("trust", "--yes", "--replace")).Expect(0);
        (await box.SyncAsync("--host-key", "strict")).Expect(0);
        Assert.Contains(right.Trim().Split(' ')[2], File.ReadAllText(box.KnownHosts), StringComparison.Ordinal);
    }

    private static string[] Names(TempTree target) =>
        [.. Directory.GetFiles(Path.Combine(target.Path, ".depsync")).Select(p => Path.GetFileName(p)).Order(StringComparer.Ordinal)];
}
