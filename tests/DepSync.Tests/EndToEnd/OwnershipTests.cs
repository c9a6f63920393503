using DepSync.Tests.Support;

namespace DepSync.Tests.EndToEnd;

/// <summary>As root, with trees that belong to another user: replaced and new files have the owner and group that rsync leaves.</summary>
public sealed class OwnershipTests
{
    private const int User = 65534;
    private const int Group = 4242;

    [NeedsTheory(Requirement.Root, "sshd", "rsync")]
    [InlineData(0x1ED)]
    [InlineData(0x5FD)]
    public async Task Owner_and_group_of_replaced_and_new_entries_are_what_rsync_leaves(int folderMode)
    {
        using var box = new Sandbox();
        var oracle = box.AddTree("oracle");
        TempTree[] targets = [box.AddLocalWorker("local"), box.AddSshWorker("ssh")];
        foreach (var tree in (TempTree[])[box.Manager, oracle, .. targets])
        {
            tree.Write("conf/replaced.xml", "old").Write("conf/kept.xml", "kept").Write("conf/becomes-folder", "x").MakeSymlink("conf/link"u8, "kept.xml"u8);
            foreach (var path in (string[])["conf/kept.xml", "conf/replaced.xml", "conf/becomes-folder"])
            {
                tree.SetModified(System.Text.Encoding.ASCII.GetBytes(path), 1_500_000_000);
            }
            Own(tree, folderMode);
        }
        (await box.SyncAsync()).Expect(0);
        await RsyncOracle.RunAsync(box.Manager, oracle);
        AssertAsRsync(oracle, targets);

        box.Manager.Write("conf/replaced.xml", "replaced").Write("conf/new.xml", "new").Write("conf/folder/deep/new.xml", "new").Write("top.xml", "top").MakeSymlink("conf/new-link"u8, "new.xml"u8);
        box.Manager.Delete("conf/becomes-folder"u8).Write("conf/becomes-folder/x", "x");
        Own(box.Manager, folderMode);
        (await box.SyncAsync()).Expect(0);
        await RsyncOracle.RunAsync(box.Manager, oracle);
        AssertAsRsync(oracle, targets);
        Assert.All(targets, t => TreeText.AssertMirrored(box.Manager.Path, t.Path));
    }

    [NeedsFact(Requirement.Root)]
    public async Task The_folder_of_DepSync_has_the_group_of_a_setgid_target_and_mode_0700()
    {
        using var box = new Sandbox();
        var target = box.AddLocalWorker("local");
        Own(target, 0x5FD);
        box.Manager.Write("a", "a");
        (await box.SyncAsync()).Expect(0);
        var folder = TreeText.List(target.Path, withDepSync: true).Single(e => System.Text.Encoding.UTF8.GetString(e.Path) == ".depsync");
        Assert.EndsWith($":{Group}", folder.Owner, StringComparison.Ordinal);
        Assert.Equal(0x1C0, folder.Mode & 0x1FF);
    }

    private static void Own(TempTree tree, int folderMode)
    {
        foreach (var entry in TreeText.List(tree.Path, withDepSync: false))
        {
            Libc.ChangeOwner(tree.Absolute(entry.Path), User, Group);
            if (entry.Kind == 'd')
            {
                tree.SetMode(entry.Path, folderMode);
            }
        }
    }

    private static void AssertAsRsync(TempTree oracle, TempTree[] targets) =>
        Assert.All(targets, t => TreeText.AssertSame(TreeText.ReadOwners(oracle.Path), TreeText.ReadOwners(t.Path), t.Path));
}
