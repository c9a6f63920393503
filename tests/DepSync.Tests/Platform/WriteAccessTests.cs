using DepSync.Config;
using DepSync.Model;
using DepSync.Platform;
using DepSync.Tests.Support;
using DepSync.Workers;

namespace DepSync.Tests.Platform;

/// <summary>Files that decide what a run does, beside the ways in which others might change them. Each refusal has the legitimate case next to it.</summary>
public sealed class WriteAccessTests : IDisposable
{
    private readonly TempTree _temp = new();

    public WriteAccessTests() => _temp.Write("folder/file", "content");

    private string File => Path.Combine(_temp.Path, "folder/file");

    public void Dispose() => _temp.Dispose();

    [NeedsTheory]
    [InlineData("600", null)]
    [InlineData("644", null)]
    [InlineData("664", null)]
    [InlineData("444", null)]
    [InlineData("646", "everybody may write it (mode 646)")]
    [InlineData("666", "everybody may write it (mode 666)")]
    public void The_rights_of_the_file_decide(string mode, string? objection)
    {
        _temp.SetMode("folder/file"u8, Convert.ToInt32(mode, 8));
        Assert.Equal(objection, Objection(File));
    }

    [NeedsTheory]
    [InlineData("755", null)]
    [InlineData("775", null)]
    [InlineData("1777", null)]
    [InlineData("777", "everybody may replace it in its folder")]
    public void The_rights_of_its_folder_decide(string mode, string? objection)
    {
        _temp.SetMode("folder"u8, Convert.ToInt32(mode, 8));
        AssertStarts(objection, Objection(File));
    }

    [NeedsTheory(Requirement.Root)]
    [InlineData(0, 0, null)]
    [InlineData(4711, 4711, null)]
    [InlineData(4711, 0, null)]
    [InlineData(0, 4711, "the group with gid 4711 may write it (mode 664)")]
    [InlineData(4712, 4711, "the group with gid 4711 may write it (mode 664)")]
    public void A_group_is_another_one_unless_it_is_ours_or_the_owners_own(int uid, int gid, string? objection)
    {
        _temp.SetMode("folder/file"u8, 0x1b4);
        Libc.ChangeOwner(_temp.Absolute("folder/file"u8), uid, gid);
        Assert.Equal(objection, Objection(File));
    }

    [NeedsFact(Requirement.Root)]
    public void A_link_is_followed_unless_it_is_a_strangers()
    {
        _temp.MakeSymlink("link"u8, "folder/file"u8);
        var link = Path.Combine(_temp.Path, "link");
        Assert.Null(Objection(link));
        Libc.ChangeOwner(_temp.Absolute("link"u8), 4711, 4711);
        Assert.Equal("it is a link that belongs to another user (uid 4711)", Objection(link));
        Libc.ChangeOwner(_temp.Absolute("link"u8), 0, 0);
        _temp.SetMode("folder"u8, 0x1ff);
        AssertStarts("everybody may replace it in its folder", Objection(link));
    }

    [NeedsFact]
    public void What_is_no_file_was_handed_over() => Assert.Null(Objection("/dev/null"));

    [NeedsFact]
    public void Settings_and_list_that_everybody_may_write_are_a_configuration_error()
    {
        Assert.Equal("content"u8.ToArray(), TextFile.Read(File, ErrorKind.Source));
        _temp.SetMode("folder/file"u8, 0x1b6);
        var refusal = Assert.Throws<DepSyncException>(() => TextFile.Read(File, ErrorKind.Source));
        Assert.Equal(ErrorKind.Config, refusal.Kind);
        Assert.EndsWith("folder/file: not used, because everybody may write it (mode 666): chmod go-w it, or its folder", refusal.Message, StringComparison.Ordinal);
    }

    [NeedsFact]
    public void Host_keys_that_everybody_may_write_are_not_used()
    {
        var store = new KnownHostsStore(File, null);
        store.Read();
        _temp.SetMode("folder/file"u8, 0x1b6);
        var refusal = Assert.Throws<WorkerLostException>(() => store.Read());
        Assert.Equal(ErrorKind.HostKey, refusal.Kind);
        Assert.Contains("everybody may write it (mode 666)", refusal.Message, StringComparison.Ordinal);
    }

    private static void AssertStarts(string? objection, string? actual)
    {
        Assert.Equal(objection is null, actual is null);
        Assert.StartsWith(objection ?? "", actual ?? "", StringComparison.Ordinal);
    }

    private static string? Objection(string path)
    {
        using var file = System.IO.File.OpenHandle(path);
        return WriteAccess.Objection(path, file);
    }
}
