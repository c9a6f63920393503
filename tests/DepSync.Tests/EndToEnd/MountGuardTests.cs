using DepSync.Tests.Support;

namespace DepSync.Tests.EndToEnd;

/// <summary>One folder of the manager that is a mount of its own, and what is left of it when it is not mounted. Each refusal names its key; mounted again it goes through.</summary>
public sealed class MountGuardTests
{
    private const string Run = "run() { want=$1; shift; got=0; $program \"$@\" || got=$?; [ $got = $want ] || { echo \"got $got, not $want\" >&2; exit 97; }; }";
    private const string Gone = "The folder data was a mount point at the last good run and is none now: is its filesystem not mounted?";
    private const string Key = "If that is intended, run once with --allow-empty data";

    [MountTheory]
    [InlineData("umount manager/data")]
    [InlineData("umount manager/data; mkdir manager/data/lost+found; echo x > manager/data/.nfs0001")]
    [InlineData("umount manager/data; echo other > manager/data/other.xml")]
    [InlineData("umount manager/data; rmdir manager/data; ln -s ../store manager/data")]
    [InlineData("umount manager/data; rmdir manager/data")]
    public async Task A_folder_that_is_not_mounted_is_refused_with_its_key_and_goes_through_when_it_is_mounted_again(string fault)
    {
        using var box = Filled(out var target);
        var run = await InNamespaceAsync(box, $"{fault}; run 25; run 25 -n; rm -rf manager/data; mkdir manager/data; mount --bind store manager/data; run 0");
        Assert.Equal(2, run.Errors.Split(Gone).Length - 1);
        Assert.Equal(2, run.Errors.Split(Key).Length - 1);
        Assert.True(target.Exists("data/a.xml"u8) && target.Exists("data/b.xml"u8) && target.Exists("conf/c.xml"u8));
    }

    [MountFact]
    public async Task With_its_key_the_folder_may_stay_unmounted()
    {
        using var box = Filled(out var target);
        await InNamespaceAsync(box, "umount manager/data; run 0 --allow-empty data; run 0");
        Assert.False(target.Exists("data/a.xml"u8));
        Assert.True(target.Exists("conf/c.xml"u8));
    }

    [MountFact]
    public async Task A_mount_that_was_emptied_is_refused_as_emptied_and_its_own_entries_do_not_count()
    {
        using var box = Filled(out var target);
        var run = await InNamespaceAsync(box, "rm store/*; mkdir store/lost+found; echo x > store/.nfs0001; run 25; run 0 --allow-empty data");
        Assert.Contains("The folder data held 2 files at the last push and holds none now.", run.Errors, StringComparison.Ordinal);
        Assert.Contains(Key, run.Errors, StringComparison.Ordinal);
        Assert.False(target.Exists("data/a.xml"u8) || target.Exists("data/lost+found"u8));
    }

    [MountFact]
    public async Task A_manager_directory_that_is_not_mounted_is_refused_whatever_lies_below_it()
    {
        using var box = Filled(out var target);
        var program = string.Join(' ', box.Command("sync"));
        box.AddTree("disk").Write("conf/c.xml", "c").Write("conf/d.xml", "d");
        var script = $"program='{program}'; {Run}; mount --bind disk manager || exit 99; run 0; umount manager; run 25; run 25 -n; mount --bind disk manager; run 0; umount manager; run 0 --allow-empty .; run 0";
        var run = (await DepSyncProcess.RunOtherAsync(box.Folder, "unshare", "-m", "sh", "-c", script)).Expect(0);
        Assert.Contains("The manager directory was a mount point at the last good run and is none now: is its filesystem not mounted?", run.Errors, StringComparison.Ordinal);
        Assert.Contains("run once with --allow-empty .", run.Errors, StringComparison.Ordinal);
        Assert.False(target.Exists("conf/d.xml"u8));
    }

    [MountFact]
    public async Task A_local_target_that_is_not_mounted_is_refused_with_its_key_and_goes_through_when_it_is_mounted_again()
    {
        using var box = Filled(out var target);
        var program = string.Join(' ', box.Command("sync"));
        box.AddTree("disk");
        const string Steps = "run 0; umount w; run 25; run 25 -n; mount --bind disk w; run 0; [ -e w/conf/c.xml ]; umount w; [ ! -e w/.depsync ]; run 0 --first-contact w; [ -e w/conf/c.xml ]";
        var script = $"program='{program}'; {Run}; mount --bind disk w || exit 99; {Steps}";
        var run = (await DepSyncProcess.RunOtherAsync(box.Folder, "unshare", "-m", "sh", "-ec", script)).Expect(0);
        Assert.Contains($"The target {target.Path} was pushed to before and is empty now: is its filesystem not mounted?", run.Errors, StringComparison.Ordinal);
        Assert.Contains("If it is a new one, run once with --first-contact w", run.Errors, StringComparison.Ordinal);
    }

    private static Sandbox Filled(out TempTree target)
    {
        var box = new Sandbox();
        target = box.AddLocalWorker("w");
        box.Manager.Write("conf/c.xml", "c").MakeDirectory("data"u8);
        box.AddTree("store").Write("a.xml", "a").Write("b.xml", "b");
        return box;
    }

    /// <summary>Mounts <c>store</c> on the manager's folder, pushes, and then runs the steps, in which <c>run CODE OPTIONS</c> is a push that must end so.</summary>
    private static async Task<ProcessOutcome> InNamespaceAsync(Sandbox box, string steps)
    {
        var program = string.Join(' ', box.Command("sync"));
        var script = $"program='{program}'; {Run}; mount --bind store manager/data || exit 99; run 0; {steps}; exit 0";
        return (await DepSyncProcess.RunOtherAsync(box.Folder, "unshare", "-m", "sh", "-c", script)).Expect(0);
    }

}
