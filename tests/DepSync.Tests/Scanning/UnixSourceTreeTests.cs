using DepSync.Model;
using DepSync.Scanning;
using DepSync.Tests.Support;

namespace DepSync.Tests.Scanning;

/// <summary>Files are opened in a folder that is kept open from one to the next.</summary>
public sealed class UnixSourceTreeTests : IDisposable
{
    private readonly TempTree _temp = new();

    public void Dispose() => _temp.Dispose();

    [NeedsFact]
    public void What_another_folder_of_the_same_path_has_is_found()
    {
        _temp.Write("a/x", "old").Write("next/x", "new").Write("next/y", "new");
        using var tree = SourceTree.Open(_temp.Path);
        Assert.Equal("old", Read(tree, "a/x"));
        _temp.Rename("a"u8, "before"u8).Rename("next"u8, "a"u8);
        Assert.Equal("new", Read(tree, "a/y"));
        Assert.Equal("new", Read(tree, "a/x"));
    }

    [NeedsTheory]
    [InlineData("link")]
    [InlineData("gone")]
    public void Folder_that_became_a_link_or_is_gone_has_nothing_any_more(string now)
    {
        _temp.Write("a/x", "inside").Write("a/y", "inside").Write("outside/z", "outside");
        using var tree = SourceTree.Open(_temp.Path);
        Assert.Equal("inside", Read(tree, "a/x"));
        _temp.Delete("a/x"u8).Delete("a/y"u8).Delete("a"u8);
        if (now == "link")
        {
            _temp.MakeSymlink("a"u8, "outside"u8);
        }
        Assert.Null(tree.OpenFile(RelativePath.Parse("a/y")));
        Assert.Null(tree.OpenFile(RelativePath.Parse("a/z")));
    }

    [NeedsFact]
    public void Links_are_not_followed_in_a_folder_that_is_kept()
    {
        _temp.Write("a/x", "inside").Write("outside", "outside");
        _temp.MakeSymlink("a/link"u8, "../outside"u8);
        using var tree = SourceTree.Open(_temp.Path);
        Assert.Equal("inside", Read(tree, "a/x"));
        Assert.Null(tree.OpenFile(RelativePath.Parse("a/link")));
    }

    [NeedsFact]
    public void Folder_that_took_the_place_of_a_kept_one_is_read_once_that_is_forgotten()
    {
        _temp.Write("app/x", "old").Write("app.new/x", "new");
        using var tree = SourceTree.Open(_temp.Path);
        Assert.Equal("old", Read(tree, "app/x"));
        Directory.Move(Path.Combine(_temp.Path, "app"), Path.Combine(_temp.Path, "app.old"));
        Directory.Move(Path.Combine(_temp.Path, "app.new"), Path.Combine(_temp.Path, "app"));
        tree.Forget();
        Assert.Equal("new", Read(tree, "app/x"));
    }

    [NeedsFact]
    public async Task Many_threads_open_files_of_the_same_folders()
    {
        var files = Enumerable.Range(0, 200).Select(i => $"folder-{i % 7}/{i}").ToList();
        files.ForEach(file => _temp.Write(file, file));
        using var tree = SourceTree.Open(_temp.Path);
        await Parallel.ForEachAsync(Enumerable.Range(0, 20), (_, _) =>
        {
            foreach (var file in files)
            {
                Assert.Equal(file, Read(tree, file));
            }
            return ValueTask.CompletedTask;
        });
    }

    private static string Read(SourceTree tree, string path)
    {
        using var file = tree.OpenFile(RelativePath.Parse(path));
        var buffer = new byte[100];
        return System.Text.Encoding.UTF8.GetString(buffer, 0, file!.ReadAt(0, buffer));
    }
}
