using DepSync.Model;
using DepSync.Platform;
using DepSync.Tests.Support;

namespace DepSync.Tests.Platform;

public sealed class AtomicFileTests : IDisposable
{
    private readonly TempTree _temp = new();

    public void Dispose() => _temp.Dispose();

    [Fact]
    public void The_file_is_written_whole_and_nothing_else_stays()
    {
        AtomicFile.Write(At("file"), "one"u8);
        AtomicFile.Write(At("file"), "two"u8);
        Assert.Equal("two", File.ReadAllText(At("file")));
        Assert.Single(Directory.GetFileSystemEntries(_temp.Path));
    }

    [NeedsFact]
    public void Only_the_owner_may_read_it_and_a_link_in_its_place_is_replaced()
    {
        _temp.Write("other", "untouched").MakeSymlink("file"u8, "other"u8);
        AtomicFile.Write(At("file"), "new"u8);
        Assert.Equal("untouched", _temp.Read("other"));
        using var folder = UnixDirectory.Open(_temp.Path)!;
        var stat = folder.Find("file"u8)!.Value;
        Assert.Equal((EntryKind.File, 0x180), (stat.Kind, stat.Mode));
    }

    [Fact]
    public void A_failure_is_one_of_this_machines_files_and_leaves_nothing()
    {
        Directory.CreateDirectory(At("file/below"));
        Assert.Equal(ErrorKind.LocalFiles, Assert.Throws<DepSyncException>(() => AtomicFile.Write(At("file"), "x"u8)).Kind);
        Assert.Single(Directory.GetFileSystemEntries(_temp.Path));
        Assert.Equal(ErrorKind.LocalFiles, Assert.Throws<DepSyncException>(() => AtomicFile.Write(At("missing/file"), "x"u8)).Kind);
    }

    [Fact]
    public void What_a_killed_process_left_is_removed_and_what_is_being_written_stays()
    {
        foreach (var (name, minutes) in new[] { (".depsync-00ff.tmp", 11), (".depsync-11ff.tmp", 1), (".other.tmp", 11) })
        {
            File.WriteAllText(At(name), "x");
            File.SetLastWriteTimeUtc(At(name), DateTime.UtcNow.AddMinutes(-minutes));
        }
        AtomicFile.Write(At("file"), "x"u8);
        Assert.Equal([".depsync-11ff.tmp", ".other.tmp", "file"], Directory.GetFiles(_temp.Path).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    private string At(string name) => Path.Combine(_temp.Path, name);
}
