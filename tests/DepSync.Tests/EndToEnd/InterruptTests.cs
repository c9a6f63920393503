using DepSync.Tests.Support;

namespace DepSync.Tests.EndToEnd;

/// <summary>A signal ends a run in order: what is staged is dropped, the live tree is old or new, exit 20.</summary>
public sealed class InterruptTests
{
    private const int Sighup = 1;

    [SshdTheory]
    [InlineData(Libc.Sigint)]
    [InlineData(Libc.Sigterm)]
    [InlineData(Sighup)]
    public async Task A_signal_while_files_are_staged_ends_with_20_and_leaves_the_worker_as_it_was(int signal)
    {
        using var box = new Sandbox();
        var target = box.AddSshWorker("ssh");
        box.Manager.Write("conf/a.xml", "old");
        (await box.SyncAsync()).Expect(0);
        var before = TreeText.Read(target.Path);
        box.Manager.Write("conf/a.xml", "new").Write("large.bin"u8, new byte[250_000_000]);
        using var run = box.Start("sync");
        await Until.TrueAsync(() => IsStaging(target), "a file in the run folder");
        run.Signal(signal);
        (await run.WaitAsync()).Expect(20);
        TreeText.AssertSame(before, TreeText.Read(target.Path));
        Assert.False(HasRunFolder(target));
        (await box.SyncAsync()).Expect(0);
        TreeText.AssertMirrored(box.Manager.Path, target.Path);
    }

    [SshdFact]
    public async Task A_second_signal_ends_at_once_even_when_the_worker_is_frozen()
    {
        // Without a second signal that counts, the run would wait for the frozen worker longer than the test does.
        using var box = new Sandbox { Ssh = "known_hosts: known_hosts, idle_timeout: 10m" };
        var target = box.AddSshWorker("ssh");
        box.Manager.Write("large.bin"u8, new byte[250_000_000]);
        using var run = box.Start("sync");
        await Until.TrueAsync(() => IsStaging(target), "a file in the run folder");
        var sessions = box.Sshd.Sessions();
        foreach (var session in sessions)
        {
            Libc.Signal(session, Libc.Sigstop);
        }
        // One that is still pending swallows the next of its kind, so it is sent until two have arrived.
        await Until.TrueAsync(() => { run.Signal(Libc.Sigint); return run.HasExited; }, "the end of the process");
        (await run.WaitAsync()).Expect(20);
        foreach (var session in sessions)
        {
            Command.Signal(session, "CONT");
        }
        (await box.SyncAsync()).Expect(0);
        TreeText.AssertMirrored(box.Manager.Path, target.Path);
        Assert.False(HasRunFolder(target));
    }

    private static bool HasRunFolder(TempTree target) =>
        Directory.GetDirectories(Path.Combine(target.Path, ".depsync")).Any(d => Path.GetFileName(d).StartsWith("run-", StringComparison.Ordinal) || d.Contains("fenced-", StringComparison.Ordinal));

    private static bool IsStaging(TempTree target)
    {
        try
        {
            return Directory.Exists(Path.Combine(target.Path, ".depsync"))
                && Directory.GetDirectories(Path.Combine(target.Path, ".depsync"), "run-*").SelectMany(r => Directory.GetFiles(Path.Combine(r, "new"))).Any(f => new FileInfo(f).Length > 1_000_000);
        }
        catch (IOException)
        {
            return false;
        }
    }
}
