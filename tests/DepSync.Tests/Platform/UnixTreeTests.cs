using System.Text;
using DepSync.Model;
using DepSync.Platform;
using DepSync.Tests.Support;

namespace DepSync.Tests.Platform;

public sealed class UnixTreeTests : IDisposable
{
    private readonly TempTree _temp = new();

    public void Dispose() => _temp.Dispose();

    public static TheoryData<bool> BothWays => [false, true];

    [NeedsTheory, MemberData(nameof(BothWays))]
    public void A_folder_is_opened_by_its_path(bool componentwise)
    {
        _temp.Write("a/b/c/file", "x");
        using var tree = Tree(componentwise);
        using var folder = tree.OpenDirectory(RelativePath.Parse("a/b/c"));
        Assert.Equal(["file"], Names(folder!));
        using var root = tree.OpenDirectory(RelativePath.Root);
        Assert.Equal(["a"], Names(root!));
        using var parent = tree.OpenParent(RelativePath.Parse("a/b/c/file"));
        Assert.NotNull(parent!.Find("file"u8));
    }

    [NeedsTheory, MemberData(nameof(BothWays))]
    public void Absent_folders_files_and_links_in_any_component_are_null(bool componentwise)
    {
        _temp.Write("a/file", "x");
        _temp.MakeDirectory("outside/below"u8);
        _temp.MakeSymlink("a/link"u8, "../outside"u8);
        _temp.MakeSymlink("up"u8, ".."u8);
        using var tree = Tree(componentwise);
        foreach (var path in new[] { "nothing", "nothing/below", "a/file", "a/file/below", "a/link", "a/link/below", "up", "up/tmp" })
        {
            Assert.Null(tree.OpenDirectory(RelativePath.Parse(path)));
        }
        Assert.Null(tree.OpenParent(RelativePath.Parse("a/link/below")));
        using var parent = tree.OpenParent(RelativePath.Parse("a/link"));
        Assert.Equal(EntryKind.Symlink, parent!.Find("link"u8)!.Value.Kind);
    }

    [NeedsTheory, MemberData(nameof(BothWays))]
    public void Paths_longer_than_the_system_takes_are_walked(bool componentwise)
    {
        using var tree = Tree(componentwise);
        var path = RelativePath.Root;
        var name = Encoding.ASCII.GetBytes(new string('n', 200));
        for (var depth = 0; depth < 300; depth++)
        {
            using var parent = tree.OpenDirectory(path);
            Assert.True(parent!.CreateDirectory(name, 0x1ed));
            path = path.Child(name);
        }
        using var deepest = tree.OpenDirectory(path);
        deepest!.CreateFile("file"u8, 0x180).Dispose();
        using var again = tree.OpenParent(path.Child("file"));
        Assert.NotNull(again!.Find("file"u8));
    }

    [NeedsTheory, MemberData(nameof(BothWays))]
    public void Names_that_are_too_long_fail_and_do_not_crash(bool componentwise)
    {
        using var tree = Tree(componentwise);
        foreach (var length in new[] { 256, 3999, 4000, 4001, 9000 })
        {
            var path = RelativePath.Parse(new string('n', length) + "/below/it");
            Assert.Equal(UnixError.NameTooLong, Assert.Throws<UnixException>(() => tree.OpenDirectory(path)).Errno);
        }
    }

    [NeedsTheory, MemberData(nameof(BothWays))]
    public void A_folder_without_read_permission_can_be_passed_through(bool componentwise)
    {
        _temp.Write("closed/open/file", "x");
        _temp.SetMode("closed"u8, 0x40);
        using var tree = Tree(componentwise);
        using var folder = tree.OpenDirectory(RelativePath.Parse("closed/open"));
        Assert.Equal(["file"], Names(folder!));

    }

    private UnixTree Tree(bool componentwise)
    {
        var root = UnixDirectory.Open(_temp.Path)!;
        return componentwise ? UnixTree.Componentwise(root) : new UnixTree(root);
    }

    private static IEnumerable<string> Names(UnixDirectory directory) => directory.ListNames().Select(Encoding.UTF8.GetString);
}
