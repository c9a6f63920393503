using DepSync.Tests.Support;

namespace DepSync.Tests.EndToEnd;

/// <summary>A guard refuses before the first change, with 25, names its key, and the key opens it.</summary>
public sealed class GuardTests
{
    [SshdFact]
    public async Task An_empty_source_is_refused()
    {
        using var box = new Sandbox();
        TempTree[] targets = [box.AddLocalWorker("local"), box.AddSshWorker("ssh")];
        box.Manager.Write("conf/a", "a").Write("conf/b", "b");
        (await box.SyncAsync()).Expect(0);
        box.Manager.Delete("conf"u8);
        await AssertRefusedUntilAsync(box, targets, "--allow-empty", ".");
        Assert.All(targets, t => Assert.False(t.Exists("conf/a"u8)));
    }

    [SshdFact]
    public async Task An_emptied_top_folder_is_refused()
    {
        using var box = new Sandbox();
        TempTree[] targets = [box.AddLocalWorker("local"), box.AddSshWorker("ssh")];
        box.Manager.Write("conf/a", "a").Write("webapps/b.war", "b").Write("webapps/c.war", "c");
        (await box.SyncAsync()).Expect(0);
        box.Manager.Delete("webapps/b.war"u8).Delete("webapps/c.war"u8);
        await AssertRefusedUntilAsync(box, targets, "--allow-empty", "webapps");
        Assert.All(targets, t => Assert.True(t.Exists("webapps"u8)));
    }

    [SshdFact]
    public async Task Too_many_removals_are_refused()
    {
        using var box = new Sandbox();
        TempTree[] targets = [box.AddLocalWorker("local"), box.AddSshWorker("ssh")];
        for (var i = 0; i < 30; i++)
        {
            box.Manager.Write($"conf/{i}", "x");
        }
        (await box.SyncAsync()).Expect(0);
        for (var i = 0; i < 25; i++)
        {
            box.Manager.Delete(System.Text.Encoding.ASCII.GetBytes($"conf/{i}"));
        }
        (await box.SyncAsync("-n")).Expect(25);
        (await box.SyncAsync("--max-delete", "24")).Expect(25);
        await AssertRefusedUntilAsync(box, targets, "--max-delete", "25");
    }

    [NeedsFact("find")]
    public async Task A_manager_directory_that_has_lost_its_marker_is_refused_and_one_that_never_had_it_is_not()
    {
        using var box = new Sandbox();
        var target = box.AddLocalWorker("w");
        box.Manager.Write("conf/a", "a").Write(".depsync-source", "");
        (await box.SyncAsync()).Expect(0);
        Assert.False(target.Exists(".depsync-source"u8));
        box.Manager.Delete(".depsync-source"u8).Write("conf/a", "another disk's");
        (await box.SyncAsync("-n")).Expect(25);
        await AssertRefusedUntilAsync(box, [target], "--allow-empty", ".");
        Assert.Equal("another disk's", target.Read("conf/a"));
        box.Manager.Write(".depsync-source", "");
        (await box.SyncAsync()).Expect(0);
    }

    [NeedsFact]
    public async Task A_known_local_target_that_is_bare_now_is_taken_for_an_unmounted_one()
    {
        using var box = new Sandbox();
        var target = box.AddLocalWorker("nfs");
        box.Manager.Write("conf/a", "a");
        (await box.SyncAsync()).Expect(0);
        target.Delete("conf"u8).Delete(".depsync"u8);
        await AssertRefusedUntilAsync(box, [target], "--first-contact", "nfs");
    }

    [NeedsFact]
    public async Task A_known_local_target_that_is_missing_now_is_taken_for_an_unmounted_one()
    {
        using var box = new Sandbox();
        var target = box.AddLocalWorker("nfs");
        box.Manager.Write("conf/a", "a");
        (await box.SyncAsync()).Expect(0);
        Directory.Delete(target.Path, recursive: true);
        (await box.SyncAsync()).Expect(25);
        Assert.False(Directory.Exists(target.Path));
        (await box.SyncAsync("--first-contact", "nfs")).Expect(0);
        TreeText.AssertMirrored(box.Manager.Path, target.Path);
    }

    [NeedsFact("find")]
    public async Task Beside_a_deferred_file_nothing_is_removed_until_it_is_whole_and_elsewhere_all_goes()
    {
        using var box = new Sandbox();
        var target = box.AddLocalWorker("w");
        box.Manager.Write("carbonapps/kept.car/a", "a").Write("carbonapps/old.xml", "x").Write("conf/old.xml", "x").Write("conf/stays.xml", "x");
        (await box.SyncAsync()).Expect(0);
        box.Manager.Write("carbonapps/new.car", "PK half an archive").Delete("carbonapps/old.xml"u8).Delete("conf/old.xml"u8);
        var run = (await box.SyncAsync("--settle", "1ms")).Expect(24);
        Assert.Contains("deferred: w: carbonapps/new.car: ", run.Errors, StringComparison.Ordinal);
        Assert.Contains("hint: the workers keep their old version of it; the next run tries again (exit 24)", run.Errors, StringComparison.Ordinal);
        Assert.Contains("held: w: 1 delete not made, because files in the same top folders are deferred", run.Errors, StringComparison.Ordinal);
        Assert.True(target.Exists("carbonapps/old.xml"u8));
        Assert.False(target.Exists("conf/old.xml"u8) || target.Exists("carbonapps/new.car"u8));
        (await box.SyncAsync("--settle", "0")).Expect(0);
        TreeText.AssertMirrored(box.Manager.Path, target.Path);
    }

    [NeedsTheory]
    [InlineData("./manager/server")]
    [InlineData("./manager")]
    [InlineData(".")]
    [InlineData("/")]
    [InlineData("/srv")]
    public async Task A_target_that_is_no_place_for_a_mirror_is_refused(string target)
    {
        using var box = new Sandbox();
        box.Manager.Write("conf/a", "a");
        box.AddLine($"{target} name=bad");
        var before = TreeText.ReadUntouched(box.Manager.Path);
        (await box.SyncAsync()).Expect(25);
        TreeText.AssertSame(before, TreeText.ReadUntouched(box.Manager.Path));
    }

    /// <summary>SFTP tells no inode, so the manager's own machine has to be known by its address.</summary>
    [SshdTheory]
    [InlineData("manager/server", "lies inside the manager directory")]
    [InlineData("manager/conf", "lies inside the manager directory")]
    [InlineData("", "lies inside the target")]
    public async Task A_target_of_this_machine_that_is_reached_over_ssh_is_no_better_place(string target, string what)
    {
        using var box = new Sandbox();
        box.Manager.Write("conf/a", "a");
        box.AddLine($"{box.Sshd.User}@localhost:{box.Folder}/{target} name=bad port={box.Sshd.Port} identity={box.Sshd.ClientKey}");
        box.Ssh = "host_key: insecure";
        var before = TreeText.ReadUntouched(box.Manager.Path);
        foreach (var options in (string[][])[["-n"], []])
        {
            Assert.Contains(what, (await box.SyncAsync(options)).Expect(25).Errors, StringComparison.Ordinal);
        }
        Assert.Contains(what, (await box.RunAsync("check")).Expect(23).Output, StringComparison.Ordinal);
        TreeText.AssertSame(before, TreeText.ReadUntouched(box.Manager.Path));
    }

    [SshdFact]
    public async Task The_login_directory_is_no_place_for_a_mirror()
    {
        using var box = new Sandbox();
        box.Manager.Write("conf/a", "a");
        box.AddLine($"{box.Sshd.User}@127.0.0.1:. name=bad port={box.Sshd.Port} identity={box.Sshd.ClientKey}");
        (await box.SyncAsync()).Expect(25);
    }

    private static async Task AssertRefusedUntilAsync(Sandbox box, TempTree[] targets, string key, string value)
    {
        var before = targets.Select(t => TreeText.ReadUntouched(t.Path)).ToArray();
        var refused = (await box.SyncAsync()).Expect(25);
        Assert.Contains(key, refused.Errors, StringComparison.Ordinal);
        for (var i = 0; i < targets.Length; i++)
        {
            TreeText.AssertSame(before[i], TreeText.ReadUntouched(targets[i].Path), "after a refusal");
        }
        (await box.SyncAsync(key, value)).Expect(0);
        (await box.SyncAsync()).Expect(0).ExpectSilence();
        Assert.Contains(key, box.LogText, StringComparison.Ordinal);
    }
}
