using System.Text;
using DepSync.Model;
using DepSync.Platform;
using DepSync.Tests.Support;

namespace DepSync.Tests.Platform;

public sealed class UnixDirectoryTests : IDisposable
{
    private readonly TempTree _temp = new();

    public void Dispose() => _temp.Dispose();

    [NeedsFact]
    public void Listing_has_every_name_as_bytes_with_its_kind()
    {
        using var directory = Open();
        byte[] odd = [.. "caf"u8, 0xe9, .. "\n-x"u8];
        directory.CreateFile(odd, 0x180).Dispose();
        directory.CreateSymlink("loop"u8, "loop"u8);
        Assert.True(directory.CreateDirectory(".hidden"u8, 0x1ed));
        Command.Run("mkfifo", At("pipe"));

        var entries = directory.List().ToDictionary(e => Convert.ToHexString(e.Name), e => e.Stat);

        Assert.Equal(4, entries.Count);
        Assert.Equal(EntryKind.File, entries[Convert.ToHexString(odd)].Kind);
        Assert.Equal(EntryKind.Symlink, entries[Hex("loop")].Kind);
        Assert.Equal(EntryKind.Directory, entries[Hex(".hidden")].Kind);
        Assert.Equal(EntryKind.Special, entries[Hex("pipe")].Kind);
    }

    [NeedsFact]
    public void Attributes_are_those_that_stat_prints()
    {
        _temp.Write("file", "twelve bytes");
        _temp.SetModified("file"u8, 1_709_210_096, 123_456_789).SetMode("file"u8, 0x5a0);
        using var directory = Open();
        directory.Link("file"u8, directory, "second"u8);

        var stat = Assert.NotNull(directory.Find("file"u8));

        Assert.Equal(12, stat.Size);
        Assert.Equal(0x5a0, stat.Mode);
        Assert.Equal(2, stat.LinkCount);
        Assert.Equal(1_709_210_096_123_456_789, stat.ModifiedNs);
        Assert.Equal((int)CLibrary.GetEUid(), stat.Uid);
        Assert.Equal(directory.Stat().Device, stat.Device);
        Assert.Equal(directory.Find("second"u8), stat);
        Assert.InRange(DateTimeOffset.FromUnixTimeMilliseconds(stat.ChangedNs / 1_000_000), DateTimeOffset.UtcNow.AddMinutes(-1), DateTimeOffset.UtcNow.AddMinutes(1));
        using var file = directory.OpenFile("file"u8);
        Assert.Equal(stat, UnixFile.Stat(file!));
    }

    [NeedsFact]
    public void Times_before_1970_keep_their_nanoseconds()
    {
        _temp.Write("old", "").SetModified("old"u8, -2, 750_000_000);
        using var directory = Open();
        Assert.Equal(-1_250_000_000, directory.Find("old"u8)!.Value.ModifiedNs);
    }

    [NeedsFact]
    public void Absent_and_links_are_null_where_a_file_or_folder_is_opened()
    {
        _temp.MakeDirectory("real"u8);
        _temp.Write("file", "x");
        _temp.MakeSymlink("to-folder"u8, Encoding.UTF8.GetBytes(At("real")));
        _temp.MakeSymlink("to-file"u8, Encoding.UTF8.GetBytes(At("file")));
        using var directory = Open();
        Assert.Null(directory.Find("nothing"u8));
        Assert.Null(directory.OpenFile("nothing"u8));
        Assert.Null(directory.OpenFile("to-file"u8));
        Assert.Null(directory.OpenDirectory("to-folder"u8));
        Assert.Null(directory.OpenDirectory("file"u8));
        Assert.Null(directory.ReadLink("file"u8));
        Assert.Equal(Encoding.UTF8.GetBytes(At("file")), directory.ReadLink("to-file"u8));
        Assert.Null(UnixDirectory.Open(At("nothing")));
        Assert.Null(UnixDirectory.Open(At("file")));
        using var through = UnixDirectory.Open(At("to-folder"));
        Assert.NotNull(through);
    }

    [NeedsFact]
    public void A_fifo_does_not_block_the_one_who_opens_it()
    {
        Command.Run("mkfifo", At("pipe"));
        using var directory = Open();
        using var pipe = directory.OpenFile("pipe"u8);
        Assert.Equal(EntryKind.Special, UnixFile.Stat(pipe!).Kind);
    }

    [NeedsFact]
    public void A_link_target_of_any_length_is_read_whole()
    {
        var target = Encoding.ASCII.GetBytes(new string('t', 4000));
        using var directory = Open();
        directory.CreateSymlink("long"u8, target);
        Assert.Equal(target, directory.ReadLink("long"u8));
    }

    [NeedsFact]
    public void Attributes_of_a_link_are_set_on_itself()
    {
        _temp.Write("file", "x");
        _temp.MakeSymlink("link"u8, "file"u8);
        using var directory = Open();
        var before = directory.Find("file"u8);
        Assert.True(directory.SetTimes("link"u8, 1_000_000_000));
        Assert.True(directory.SetOwner("link"u8, (int)CLibrary.GetEUid(), before!.Value.Gid));
        Assert.Equal(1_000_000_000_000_000_000, directory.Find("link"u8)!.Value.ModifiedNs);
        Assert.Equal(before, directory.Find("file"u8));
    }

    [NeedsFact]
    public void Mode_is_set_on_the_entry_and_on_the_folder_itself_and_never_through_a_link()
    {
        _temp.Write("file", "x");
        _temp.MakeSymlink("link"u8, "file"u8);
        using var directory = Open();
        Assert.True(directory.SetMode("file"u8, 0x100));
        Assert.True(directory.SetMode(UnixPath.Self, 0x1e8));
        Assert.False(directory.SetMode("nothing"u8, 0x1e8));
        Assert.ThrowsAny<Exception>(() => Assert.True(directory.SetMode("link"u8, 0x1ff)));
        Assert.Equal(0x100, directory.Find("file"u8)!.Value.Mode);
        Assert.Equal(0x1e8, directory.Stat().Mode);
    }

    [NeedsFact]
    public void Creating_what_exists_is_refused()
    {
        _temp.MakeSymlink("dangling"u8, "nowhere"u8);
        using var directory = Open();
        Assert.Equal(UnixError.Exists, Assert.Throws<UnixException>(() => directory.CreateFile("dangling"u8, 0x180)).Errno);
        Assert.False(directory.CreateDirectory("dangling"u8, 0x1c0));
        Assert.Equal(UnixError.Exists, Assert.Throws<UnixException>(() => directory.CreateSymlink("dangling"u8, "x"u8)).Errno);
        Assert.False(File.Exists(At("nowhere")));
    }

    [NeedsFact]
    public void Removing_and_renaming_what_is_absent_is_false_and_what_cannot_be_done_is_an_error()
    {
        _temp.Write("folder/file", "x");
        _temp.Write("file", "y");
        using var directory = Open();
        Assert.False(directory.RemoveFile("nothing"u8));
        Assert.False(directory.RemoveDirectory("nothing"u8));
        Assert.False(directory.Rename("nothing"u8, directory, "other"u8));
        Assert.Equal(UnixError.NotEmpty, Assert.Throws<UnixException>(() => directory.RemoveDirectory("folder"u8)).Errno);
        Assert.Throws<UnixException>(() => directory.RemoveFile("folder"u8));
        Assert.Throws<UnixException>(() => directory.Rename("folder"u8, directory, "file"u8));
        Assert.True(directory.Rename("file"u8, directory, "renamed"u8));
        Assert.Equal("y", File.ReadAllText(At("renamed")));
    }

    [NeedsFact]
    public void Bytes_are_written_and_read_at_offsets()
    {
        using var directory = Open();
        using var file = directory.CreateFile("file"u8, 0x180);
        UnixFile.Write(file, 4, "5678"u8);
        UnixFile.Write(file, 0, "1234"u8);
        UnixFile.Flush(file);
        directory.Flush();
        var buffer = new byte[16];
        Assert.Equal(6, UnixFile.Read(file, 2, buffer));
        Assert.Equal("345678"u8, buffer.AsSpan(0, 6));
        Assert.Equal(0, UnixFile.Read(file, 8, buffer));
        UnixFile.Truncate(file, 3);
        Assert.Equal(3, UnixFile.Stat(file).Size);
    }

    [NeedsFact]
    public void Names_of_more_than_one_component_never_reach_the_system()
    {
        using var directory = Open();
        Assert.Throws<ArgumentException>(() => directory.Find("../etc"u8));
        Assert.Throws<ArgumentException>(() => directory.Find(".."u8));
        Assert.Throws<ArgumentException>(() => directory.Find(""u8));
        Assert.Throws<ArgumentException>(() => directory.Find("a\0b"u8));
    }

    [NeedsFact]
    public void Free_space_is_told()
    {
        using var directory = Open();
        var space = directory.FreeSpace();
        Assert.True(space.Bytes > 0);
        Assert.False(space.IsReadOnly);
    }

    [NeedsFact]
    public void A_mounted_folder_is_known_by_its_device()
    {
        using var root = UnixDirectory.Open("/");
        var mounted = Assert.NotNull(root!.Find(OperatingSystem.IsMacOS() ? "dev"u8 : "proc"u8));
        Assert.NotEqual(root.Stat().Device, mounted.Device);
        Assert.True(OperatingSystem.IsMacOS() || mounted.IsMountRoot);
    }

    private UnixDirectory Open() => UnixDirectory.Open(_temp.Path)!;

    private static string Hex(string name) => Convert.ToHexString(Encoding.UTF8.GetBytes(name));

    private string At(string name) => Path.Combine(_temp.Path, name);
}
