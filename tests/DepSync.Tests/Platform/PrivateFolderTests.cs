using DepSync.Model;
using DepSync.Platform;
using DepSync.Tests.Support;

namespace DepSync.Tests.Platform;

public sealed class PrivateFolderTests : IDisposable
{
    private readonly TempTree _temp = new();

    public void Dispose() => _temp.Dispose();

    [NeedsFact]
    public void Missing_folders_are_created_for_the_owner_alone()
    {
        var folder = PrivateFolder.Prepare(Path.Combine(_temp.Path, "a/b"));
        Assert.Equal(0x1c0, Mode(folder));
        Assert.Equal(0x1c0, Mode(Path.GetDirectoryName(folder)!));
    }

    [NeedsFact]
    public void A_folder_that_exists_keeps_its_mode()
    {
        _temp.MakeDirectory("a"u8).SetMode("a"u8, 0x1ed);
        Assert.Equal(0x1ed, Mode(PrivateFolder.Prepare(At("a") + "/")));
    }

    [NeedsFact]
    public void A_folder_in_which_everybody_may_write_is_refused_unless_it_is_sticky()
    {
        _temp.MakeDirectory("a"u8).SetMode("a"u8, 0x1ff);
        var refusal = Assert.Throws<DepSyncException>(() => PrivateFolder.Prepare(At("a")));
        Assert.Equal(ErrorKind.LocalFiles, refusal.Kind);
        Assert.Contains("everybody may write there (mode 777)", refusal.Message, StringComparison.Ordinal);
        _temp.SetMode("a"u8, 0x3ff);
        PrivateFolder.Prepare(At("a"));
    }

    [NeedsFact(Requirement.Root)]
    public void A_folder_in_which_another_group_may_write_is_refused()
    {
        _temp.MakeDirectory("a"u8).SetMode("a"u8, 0x1fd);
        PrivateFolder.Prepare(At("a"));
        Libc.ChangeOwner(_temp.Absolute("a"u8), 0, 4711);
        var refusal = Assert.Throws<DepSyncException>(() => PrivateFolder.Prepare(At("a")));
        Assert.Contains("the group with gid 4711 may write there", refusal.Message, StringComparison.Ordinal);
    }

    [NeedsFact(Requirement.Root)]
    public void A_link_of_another_user_is_refused_and_one_of_ours_is_fine()
    {
        _temp.MakeDirectory("a"u8).MakeSymlink("link"u8, "a"u8);
        PrivateFolder.Prepare(At("link"));
        Libc.ChangeOwner(_temp.Absolute("link"u8), 4711, 4711);
        var refusal = Assert.Throws<DepSyncException>(() => PrivateFolder.Prepare(At("link")));
        Assert.Contains("it is a link that belongs to another user (uid 4711)", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_in_its_place_is_refused()
    {
        File.WriteAllText(At("a"), "x");
        Assert.Equal(ErrorKind.LocalFiles, Assert.Throws<DepSyncException>(() => PrivateFolder.Prepare(At("a"))).Kind);
    }

    [Fact]
    public void A_missing_folder_passes_the_check_and_is_not_created()
    {
        PrivateFolder.Check(At("missing/below"));
        Assert.Empty(Directory.GetFileSystemEntries(_temp.Path));
    }

    private string At(string name) => Path.Combine(_temp.Path, name);

    private static int Mode(string folder)
    {
        using var directory = UnixDirectory.Open(folder)!;
        return directory.Stat().Mode;
    }
}
