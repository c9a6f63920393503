using DepSync.Tests.Support;

namespace DepSync.Tests.EndToEnd;

/// <summary>A new manager with older files is brought up to what a worker holds, takes over, and has nothing to send.</summary>
public sealed class AdoptTests
{
    private static readonly string[] Second = ["--manager-dir", "second", "--state-dir", "second-state", "--log-dir", "second-logs"];

    [SshdTheory]
    [InlineData("local")]
    [InlineData("ssh")]
    public async Task A_new_manager_adopts_takes_over_and_has_nothing_to_send(string from)
    {
        using var box = new Sandbox();
        TempTree[] targets = [box.AddLocalWorker("local"), box.AddSshWorker("ssh")];
        var second = Fill(box);
        (await box.SyncAsync()).Expect(0);
        var before = targets.Select(t => TreeText.ReadUntouched(t.Path)).ToArray();

        var done = (await box.RunAsync(["adopt", "--from", from, "--delete", .. Second])).Expect(0);
        Assert.Contains($"next: depsync takeover ({from} still belongs to", done.Output, StringComparison.Ordinal);
        TreeText.AssertMirrored(box.Manager.Path, second.Path);
        for (var i = 0; i < targets.Length; i++)
        {
            TreeText.AssertSame(before[i], TreeText.ReadUntouched(targets[i].Path), "a worker was changed");
        }
        (await box.SyncAsync(Second)).Expect(41);
        var takeover = (await box.RunAsync(["takeover", "--yes", "--json", .. Second])).Expect(0);
        Assert.DoesNotContain(Sandbox.Json(takeover), e => e.GetProperty("type").GetString() == "change");
        (await box.SyncAsync(Second)).Expect(0).ExpectSilence();
    }

    [NeedsFact]
    public async Task A_dry_run_changes_nothing_and_names_what_the_real_one_does()
    {
        using var box = new Sandbox();
        box.AddLocalWorker("w");
        var second = Fill(box);
        (await box.SyncAsync()).Expect(0);
        var before = TreeText.ReadUntouched(second.Path);
        var planned = (await box.RunAsync(["adopt", "--from", "w", "--delete", "-n", .. Second])).Expect(0);
        TreeText.AssertSame(before, TreeText.ReadUntouched(second.Path), "after a dry run");
        Assert.False(Directory.Exists(Path.Combine(box.Folder, "second-state")));
        Assert.False(Directory.Exists(Path.Combine(box.Folder, "second-logs")));
        Assert.Contains("dry run, nothing was changed.", planned.Output, StringComparison.Ordinal);

        var done = (await box.RunAsync(["adopt", "--from", "w", "--delete", "--itemize", .. Second])).Expect(0);
        Assert.Equal(Itemized(planned), Itemized(done));
        Assert.Contains("*deleting   conf/only-second.xml", Itemized(done));
    }

    [NeedsFact]
    public async Task Without_delete_nothing_leaves_and_that_is_said()
    {
        using var box = new Sandbox();
        box.AddLocalWorker("w");
        var second = Fill(box).Write("folder/a", "content").Write("folder/b", "content");
        box.Manager.Write("folder", "a file where the second has a folder");
        (await box.SyncAsync()).Expect(0);
        var done = (await box.RunAsync(["adopt", "--from", "w", .. Second])).Expect(23);
        Assert.Contains("--delete removes what only the manager directory has", done.Errors, StringComparison.Ordinal);
        Assert.Contains("A folder with content stands here in the manager directory; --delete replaces it", done.Errors, StringComparison.Ordinal);
        Assert.Equal("mine", second.Read("conf/only-second.xml"));
        Assert.Equal("content", second.Read("folder/a"));
        Assert.Equal("of the first", second.Read("conf/a.xml"));
        Assert.Equal(1, Directory.GetFiles(Path.Combine(second.Path, ".depsync/generations"), "*", SearchOption.AllDirectories).Count(f => File.ReadAllText(f) == "old"));

        (await box.RunAsync(["adopt", "--from", "w", "--delete", .. Second])).Expect(0);
        TreeText.AssertMirrored(box.Manager.Path, second.Path);
        Assert.Equal(["generations"], Directory.GetFileSystemEntries(Path.Combine(second.Path, ".depsync")).Select(Path.GetFileName));
    }

    [NeedsFact]
    public async Task What_somebody_changed_on_the_worker_is_told_as_drift_and_adopted()
    {
        using var box = new Sandbox();
        var worker = box.AddLocalWorker("w");
        var second = Fill(box);
        (await box.SyncAsync()).Expect(0);
        var touched = File.GetLastWriteTimeUtc(Path.Combine(worker.Path, "conf/b.xml"));
        // As long as before and with its old time: only its content tells.
        worker.Write("conf/b.xml", "x");
        File.SetLastWriteTimeUtc(Path.Combine(worker.Path, "conf/b.xml"), touched);
        worker.Write("conf/added.xml", "on the worker");
        var done = (await box.RunAsync(["adopt", "--from", "w", "--json", .. Second])).Expect(0);
        var reasons = Sandbox.Json(done).Where(e => e.GetProperty("type").GetString() == "change").ToDictionary(e => e.GetProperty("path").GetString()!, e => e.GetProperty("reason").GetString());
        Assert.Equal(("drift", "drift", "source"), (reasons["conf/b.xml"], reasons["conf/added.xml"], reasons["conf/a.xml"]));
        Assert.Equal(("x", "on the worker"), (second.Read("conf/b.xml"), second.Read("conf/added.xml")));
    }

    [NeedsFact]
    public async Task An_empty_worker_and_a_mass_deletion_are_refused_with_their_keys()
    {
        using var box = new Sandbox();
        var worker = box.AddLocalWorker("w");
        for (var i = 0; i < 30; i++)
        {
            box.Manager.Write($"conf/{i}.xml", "x");
        }
        (await box.RunAsync("adopt", "--from", "w")).Expect(25);
        var empty = (await box.RunAsync("adopt", "--from", "w", "-n")).Expect(25);
        Assert.Contains("The worker holds no file, the manager directory holds 30.", empty.Errors, StringComparison.Ordinal);
        Assert.Contains("--allow-empty .", empty.Errors, StringComparison.Ordinal);

        worker.Write("conf/0.xml", "x");
        var many = (await box.RunAsync("adopt", "--from", "w", "--delete")).Expect(25);
        Assert.Contains("29 of the manager directory's 31 entries would be removed", many.Errors, StringComparison.Ordinal);
        Assert.Equal(30, Directory.GetFiles(Path.Combine(box.Manager.Path, "conf")).Length);
        (await box.RunAsync("adopt", "--from", "w", "--delete", "--max-delete", "29")).Expect(0);
        TreeText.AssertMirrored(worker.Path, box.Manager.Path);
    }

    [NeedsFact]
    public async Task Devices_and_FIFOs_of_a_worker_are_no_reason_to_refuse_and_are_not_adopted()
    {
        using var box = new Sandbox();
        var worker = box.AddLocalWorker("w").Write("conf/a.xml", "a").Write("secret/b.xml", "b").MakeSymlink("link"u8, "conf"u8);
        Assert.Equal(0, (await DepSyncProcess.RunOtherAsync(worker.Path, "mkfifo", "conf/fifo")).ExitCode);
        (await box.RunAsync("adopt", "--from", "w")).Expect(0);
        Assert.Equal("b", box.Manager.Read("secret/b.xml"));
        Assert.False(box.Manager.Exists("conf/fifo"u8));
    }

    [NeedsFact]
    public async Task The_server_s_unpacked_webapps_are_not_adopted()
    {
        using var box = new Sandbox();
        var worker = box.AddLocalWorker("w").Write("webapps/shop.war", "not a zip").Write("webapps/shop/index.jsp", "unpacked").Write("webapps/plain/index.jsp", "deployed so");
        box.Manager.Write("webapps/old.war", "stays").Write("webapps/old/index.jsp", "unpacked here").Write("lost+found/x", "x").Write("webapps/servicemetafiles/y", "y");
        (await box.RunAsync("adopt", "--from", "w", "--delete")).Expect(0);
        Assert.False(box.Manager.Exists("webapps/shop"u8));
        Assert.False(box.Manager.Exists("webapps/old"u8));
        Assert.True(box.Manager.Exists("webapps/plain/index.jsp"u8) && box.Manager.Exists("lost+found/x"u8) && box.Manager.Exists("webapps/servicemetafiles/y"u8));
        Assert.True(worker.Exists("webapps/shop/index.jsp"u8));
    }

    [NeedsFact]
    public async Task A_worker_that_is_named_wrongly_or_not_at_all_is_told()
    {
        using var box = new Sandbox();
        box.AddLocalWorker("node-1");
        Assert.Contains("--from NAME is missing", (await box.RunAsync("adopt")).Expect(1).Errors, StringComparison.Ordinal);
        Assert.Contains("did you mean 'node-1'?", (await box.RunAsync("adopt", "--from", "nod-1")).Expect(1).Errors, StringComparison.Ordinal);
    }

    /// <summary>The first manager's files, and an older second folder with one of its own.</summary>
    private static TempTree Fill(Sandbox box)
    {
        box.Manager.Write("conf/a.xml", "of the first").Write("conf/b.xml", "b").Write("lib/deep/er/c.jar", new string('c', 700_000)).MakeSymlink("conf/link"u8, "a.xml"u8).SetMode("conf/b.xml"u8, 0x180);
        return box.AddTree("second").Write("conf/a.xml", "old").Write("conf/only-second.xml", "mine");
    }

    private static string[] Itemized(ProcessOutcome outcome) =>
        [.. outcome.OutputLines.Where(l => l.Length > 12 && (l[0] is '<' or '.' or 'c' && l[11] == ' ' || l.StartsWith("*deleting", StringComparison.Ordinal))).Order(StringComparer.Ordinal)];
}
