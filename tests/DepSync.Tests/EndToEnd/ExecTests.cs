using DepSync.Release;
using DepSync.Tests.Support;

namespace DepSync.Tests.EndToEnd;

/// <summary>What a worker's own programs do in a run, and that nothing changes but the time it takes where they are of no use.</summary>
public sealed class ExecTests
{
    private const string Hash = "xargs -0 sha256sum --";
    private const string Flush = "xargs -0 sync -f --";

    /// <summary>More than are read back without asking, and more than are flushed one by one.</summary>
    private const int Many = Stager.ItemsForOneFlush + 10;

    [SshdTheory]
    [InlineData(ShellAccount.Honest, "builtin", "auto", 1)]
    [InlineData(ShellAccount.Honest, "openssh", "auto", 1)]
    [InlineData(ShellAccount.Honest, "builtin", "never", 0)]
    [InlineData("echo Welcome; exec sh -c \"$1\"", "builtin", "auto", 1)]
    [InlineData("sh -c \"$1\" | sed 's,^[0-9a-f]\\{8\\},00000000,'", "openssh", "auto", 1)]
    public async Task A_first_contact_finds_what_differs_by_content_whatever_the_shell_of_the_worker(string body, string client, string exec, int hashed)
    {
        using var box = new Sandbox { StartSshd = () => ShellAccount.Start(body), Ssh = $"known_hosts: known_hosts, client: {client}, exec: {exec}" };
        var target = box.AddSshWorker("w");
        Fill(box.Manager, "right");
        Fill(target, "wrong");
        var preview = (await box.SyncAsync("-n", "--json", "--itemize")).Expect(0);
        Assert.Equal(["conf/other"], Paths(preview));
        Assert.Equal(Enumerable.Repeat(Hash, hashed), ShellAccount.Commands(box.Sshd));
        Assert.False(Directory.Exists(Path.Combine(target.Path, ".depsync")));
        var outcome = (await box.SyncAsync("--json")).Expect(0);
        Assert.Equal(["conf/other"], Paths(outcome));
        Assert.Equal(5, Sandbox.Results(outcome)["w"].GetProperty("bytes_sent").GetInt64());
        TreeText.AssertMirrored(box.Manager.Path, target.Path);
        Assert.Equal(body != ShellAccount.Honest, box.LogText.Contains("The shell of this worker is not used", StringComparison.Ordinal));
    }

    [SshdFact]
    public async Task Checksum_and_adopt_ask_the_worker_for_its_hashes()
    {
        using var box = new Sandbox { StartSshd = () => ShellAccount.Start(ShellAccount.Honest) };
        var target = box.AddSshWorker("w");
        Fill(box.Manager, "right");
        box.Settings.Add("fsync: never");
        (await box.SyncAsync()).Expect(0);
        Assert.Empty(ShellAccount.Commands(box.Sshd));
        target.Write("conf/other", "wrong").SetModified("conf/other"u8, 1_500_000_000);
        (await box.SyncAsync()).Expect(0);
        Assert.Equal("wrong", target.Read("conf/other"));
        Assert.Empty(ShellAccount.Commands(box.Sshd));
        Assert.Equal(["conf/other"], Paths((await box.SyncAsync("--checksum", "--json")).Expect(0)));
        Assert.Equal("right", target.Read("conf/other"));
        Assert.Equal([Hash], ShellAccount.Commands(box.Sshd));
        var second = box.AddTree("second");
        second.Write("conf/unlike", "x");
        (await box.RunAsync("adopt", "--from", "w", "--checksum", "--delete", "--manager-dir", "second", "--state-dir", "second-state", "--log-dir", "second-logs")).Expect(0);
        TreeText.AssertMirrored(box.Manager.Path, second.Path);
        Assert.True(ShellAccount.Commands(box.Sshd).Count > 1);
        Assert.All(ShellAccount.Commands(box.Sshd), command => Assert.Equal(Hash, command));
    }

    [SshdTheory]
    [InlineData("default", true)]
    [InlineData("never", false)]
    public async Task Many_files_are_brought_to_disk_by_two_flushes_of_the_filesystem(string fsync, bool flushed)
    {
        using var box = new Sandbox { StartSshd = () => ShellAccount.Start(ShellAccount.Honest) };
        box.Settings.Add($"fsync: {fsync}");
        var target = box.AddSshWorker("w");
        Fill(box.Manager, "right");
        (await box.SyncAsync()).Expect(0);
        TreeText.AssertMirrored(box.Manager.Path, target.Path);
        Assert.Equal(flushed ? [Hash, Flush, Flush] : [], ShellAccount.Commands(box.Sshd));
    }

    /// <summary>Equal sizes and times, so that only the content tells.</summary>
    private static void Fill(TempTree tree, string other)
    {
        for (var i = 0; i < Many; i++)
        {
            var path = System.Text.Encoding.UTF8.GetBytes($"conf/f{i}");
            tree.Write(path, path).SetModified(path, 1_500_000_000);
        }
        tree.Write("conf/other", other).SetModified("conf/other"u8, 1_500_000_000).SetModified("conf"u8, 1_500_000_000).SetModified(""u8, 1_500_000_000);
    }

    private static string[] Paths(ProcessOutcome outcome) =>
        [.. Sandbox.Json(outcome).Where(line => line.GetProperty("type").GetString() == "change").Select(line => line.GetProperty("path").GetString()!)];
}
