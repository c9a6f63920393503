using DepSync.Tests.Support;

namespace DepSync.Tests.EndToEnd;

/// <summary>What goes wrong on the manager's own machine is told with its reason, before a worker is touched where that can be known then.</summary>
public sealed class LocalFaultTests
{
    [MountFact]
    public async Task A_full_disk_below_the_state_is_11_and_no_worker_is_touched()
    {
        using var box = Filled(out var target);
        var run = (await OnTinyDiskAsync(box, "state", full: true)).Expect(11);
        Assert.Contains("No space left on device", run.Errors, StringComparison.Ordinal);
        AssertTold(run);
        Assert.Empty(Directory.GetFileSystemEntries(target.Path));
        (await box.SyncAsync()).Expect(0);
    }

    [MountFact]
    public async Task A_full_disk_below_the_log_is_11_and_no_worker_is_touched()
    {
        using var box = Filled(out var target);
        var run = (await OnTinyDiskAsync(box, "logs", full: true)).Expect(11);
        AssertTold(run);
        Assert.Empty(Directory.GetFileSystemEntries(target.Path));
    }

    [MountFact]
    public async Task A_log_that_fills_its_disk_meanwhile_is_told_and_the_push_is_done()
    {
        using var box = Filled(out var target);
        for (var i = 0; i < 1200; i++)
        {
            box.Manager.Write($"conf/{i:0000}-{new string('n', 120)}.xml", "x");
        }
        var run = (await OnTinyDiskAsync(box, "logs", full: false)).Expect(11);
        AssertTold(run);
        TreeText.AssertMirrored(box.Manager.Path, target.Path);
    }

    [NeedsFact]
    public async Task Few_descriptors_are_enough()
    {
        using var box = Filled(out var target);
        for (var i = 0; i < 400; i++)
        {
            box.Manager.Write($"conf/{i / 20}/{i}.xml", new string('x', i));
        }
        // The runtime of an unpublished program alone holds some sixty.
        var descriptors = Environment.GetEnvironmentVariable("DEPSYNC_BINARY") is { Length: > 0 } ? 64 : 96;
        AssertTold((await ShellAsync(box, $"ulimit -n {descriptors}; exec \"$@\"")).Expect(0));
        TreeText.AssertMirrored(box.Manager.Path, target.Path);
    }

    [NeedsFact]
    public async Task Settings_that_everybody_may_write_are_refused_until_they_are_closed()
    {
        using var box = Filled(out var target);
        (await box.SyncAsync("-n")).Expect(0);
        var config = Path.Combine(box.Folder, "depsync.yaml");
        var list = Path.Combine(box.Folder, "workers-list.txt");
        foreach (var file in (string[])[config, list])
        {
            SetMode(file, 0x1b6);
            var refused = (await ShellAsync(box, "exec \"$@\"")).Expect(1);
            Assert.Contains($"{file}: not used, because everybody may write it (mode 666)", refused.Errors, StringComparison.Ordinal);
            Assert.Contains("chmod go-w", refused.Errors, StringComparison.Ordinal);
            Assert.Empty(Directory.GetFileSystemEntries(target.Path));
            SetMode(file, 0x1b4);
        }
        (await ShellAsync(box, "exec \"$@\"")).Expect(0);
    }

    [SshdFact]
    public async Task A_passphrase_is_in_no_output_log_or_state()
    {
        const string Secret = "correct-horse-battery-staple";
        using var box = new Sandbox();
        var target = box.AddTree("ssh");
        box.Manager.Write("conf/a.xml", "a");
        var key = Path.Combine(box.Folder, "key");
        File.Copy(box.Sshd.ClientKey, key);
        SetMode(key, 0x180);
        (await DepSyncProcess.RunOtherAsync(box.Folder, "ssh-keygen", "-q", "-p", "-P", "", "-N", Secret, "-f", key)).Expect(0);
        box.AddLine($"{box.Sshd.User}@127.0.0.1:{target.Path} name=ssh port={box.Sshd.Port} identity={key}");
        var phrase = Path.Combine(box.Folder, "phrase");
        box.Environment["DEPSYNC_PASSPHRASE_FILE"] = phrase;
        foreach (var (text, code) in ((string, int)[])[(Secret, 0), (Secret + "-wrong", 45)])
        {
            File.WriteAllText(phrase, text + "\n");
            SetMode(phrase, 0x180);
            foreach (var options in (string[][])[["-v", "--itemize"], ["-v", "--json"]])
            {
                var run = (await box.SyncAsync(options)).Expect(code);
                Assert.DoesNotContain(Secret, run.Output + run.Errors, StringComparison.Ordinal);
            }
        }
        Assert.True(target.Exists("conf/a.xml"u8));
        var files = Directory.EnumerateFiles(box.StateFolder, "*", SearchOption.AllDirectories).Concat(Directory.EnumerateFiles(box.LogFolder)).ToList();
        Assert.NotEmpty(files);
        Assert.All(files, file => Assert.DoesNotContain(Secret, File.ReadAllText(file), StringComparison.Ordinal));
    }

    [MountFact]
    public async Task A_worker_whose_disk_is_full_keeps_its_old_tree_and_is_told()
    {
        // Bytes that cannot fit are seen before the first is written; files that take a page each fill the disk in the middle.
        var unfit = await OnWorkerDiskAsync("size=300k", "head -c 1000000 /dev/zero > manager/conf/big");
        Assert.Contains("bytes are to be staged, but the target's filesystem has", unfit.Errors, StringComparison.Ordinal);
        var full = await OnWorkerDiskAsync("size=300k", "for i in $(seq 200); do echo $i > manager/conf/$i; done");
        Assert.Contains("writing failed", full.Errors, StringComparison.Ordinal);
        Assert.Contains("but the target's filesystem has ", full.Errors, StringComparison.Ordinal);
    }

    [MountFact]
    public async Task A_worker_that_is_out_of_inodes_keeps_its_old_tree_and_is_told()
    {
        var run = await OnWorkerDiskAsync("size=10m,nr_inodes=40", "for i in $(seq 200); do echo $i > manager/conf/$i; done");
        Assert.Contains("is out of inodes", run.Errors, StringComparison.Ordinal);
    }

    [MountFact]
    public async Task A_worker_that_is_mounted_read_only_is_told_as_that()
    {
        var run = await OnWorkerDiskAsync("size=10m", "mount -o remount,ro w");
        Assert.Contains("ead-only", run.Errors, StringComparison.Ordinal);
    }

    /// <summary>Pushes once, makes the fault, changes a file, pushes again: 23, the old file is as it was, and nothing staged is left.</summary>
    private static async Task<ProcessOutcome> OnWorkerDiskAsync(string options, string fault)
    {
        using var box = Filled(out _);
        const string Look = "code=$?; echo; echo \"content: $(cat w/conf/a.xml)\"; echo \"names: $(ls w/.depsync | tr '\\n' ' ')\"; exit $code";
        var run = await ShellAsync(box, $"mount -t tmpfs -o {options} none w || exit 99; \"$@\" || exit 98; {fault}; echo changed > manager/conf/a.xml; \"$@\"; {Look}", "unshare", "-m");
        AssertTold(run.Expect(23));
        Assert.Contains("content: a\n", run.Output, StringComparison.Ordinal);
        Assert.Contains("names: manifest owner.json \n", run.Output, StringComparison.Ordinal);
        Assert.Contains("w: ", run.Errors, StringComparison.Ordinal);
        return run;
    }

    private static Sandbox Filled(out TempTree target)
    {
        var box = new Sandbox();
        target = box.AddLocalWorker("w");
        box.Manager.Write("conf/a.xml", "a");
        return box;
    }

    /// <summary>The program's own words, and never the runtime's.</summary>
    private static void AssertTold(ProcessOutcome run)
    {
        Assert.DoesNotContain("internal error", run.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", run.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("Unhandled", run.Errors, StringComparison.Ordinal);
    }

    /// <summary>With a tmpfs of 128 KiB over a folder of the sandbox, in a mount namespace of the run.</summary>
    private static Task<ProcessOutcome> OnTinyDiskAsync(Sandbox box, string folder, bool full)
    {
        box.AddTree(folder);
        var fill = full ? $"cat /dev/zero > {folder}/filler 2>/dev/null;" : "";
        return ShellAsync(box, $"mount -t tmpfs -o size=128k,mode=700 none {folder} || exit 99; {fill} exec \"$@\"", "unshare", "-m");
    }

    private static void SetMode(string file, int mode) => Libc.ChangeMode([.. System.Text.Encoding.UTF8.GetBytes(file), 0], mode);

    private static Task<ProcessOutcome> ShellAsync(Sandbox box, string script, params string[] before) =>
        DepSyncProcess.RunOtherAsync(box.Folder, before.FirstOrDefault() ?? "sh", [.. before.Skip(1), .. before.Length > 0 ? ["sh"] : Array.Empty<string>(), "-c", script, "sh", .. box.Command("sync")]);
}
