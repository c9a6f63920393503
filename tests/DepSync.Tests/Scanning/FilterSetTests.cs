using DepSync.Model;
using DepSync.Scanning;

namespace DepSync.Tests.Scanning;

public sealed class FilterSetTests
{
    [Theory]
    [InlineData(".depsync", "Directory", "Excluded")]
    [InlineData(".depsync", "File", "Excluded")]
    [InlineData(".depsync", "Symlink", "Excluded")]
    [InlineData(".depsync/manifest", "File", "Excluded")]
    [InlineData("webapps/.depsync", "Directory", "Include")]
    [InlineData(".depsyncx", "File", "Include")]
    [InlineData("lost+found", "Directory", "Excluded")]
    [InlineData("lost+found", "File", "Include")]
    [InlineData("a/lost+found/x", "File", "Excluded")]
    [InlineData("a/.nfs0001", "File", "Excluded")]
    [InlineData("a/.snapshot/hourly.0/x", "File", "Excluded")]
    [InlineData("axis2services/servicemetafiles", "Directory", "Protected")]
    [InlineData("axis2services/servicemetafiles/deep/x.xml", "File", "Protected")]
    [InlineData("axis2services/servicemetafiles", "File", "Include")]
    [InlineData("modulemetafiles/x", "File", "Protected")]
    [InlineData("carbonapps/a.car", "File", "Include")]
    [InlineData("", "Directory", "Include")]
    public void Built_in_patterns_decide_without_any_of_the_users(string path, string kind, string verdict) => AssertVerdict(new FilterSet([], []), path, kind, verdict);

    [Fact]
    public void User_may_take_back_a_built_in_exclude()
    {
        var filters = new FilterSet(["!.nfs*", "!lost+found/"], []);
        AssertVerdict(filters, "a/.nfs1", "File", "Include");
        AssertVerdict(filters, "lost+found", "Directory", "Include");
    }

    [Theory]
    [InlineData("!.depsync/")]
    [InlineData("!/.depsync")]
    [InlineData("!*")]
    [InlineData("!**")]
    public void No_pattern_includes_the_own_folder(string pattern)
    {
        var filters = new FilterSet([pattern], []);
        foreach (var kind in Enum.GetNames<EntryKind>())
        {
            AssertVerdict(filters, ".depsync", kind, "Excluded");
        }
    }

    [Fact]
    public void Excluding_beats_protecting()
    {
        var filters = new FilterSet(["*.bak"], ["*.bak", "keep/"]);
        AssertVerdict(filters, "x.bak", "File", "Excluded");
        AssertVerdict(filters, "keep/x.bak", "File", "Excluded");
        AssertVerdict(filters, "keep/x.xml", "File", "Protected");
    }

    [Fact]
    public void What_lies_below_a_protected_directory_cannot_be_taken_back()
    {
        var filters = new FilterSet([], ["keep/", "!keep/loose.xml", "*.cfg", "!a.cfg"]);
        AssertVerdict(filters, "keep/loose.xml", "File", "Protected");
        AssertVerdict(filters, "b.cfg", "File", "Protected");
        AssertVerdict(filters, "a.cfg", "File", "Include");
    }

    [Fact]
    public void Deciding_allocates_nothing()
    {
        var filters = new FilterSet(["*.bak", "/a/**/b[0-9]?x*y", "logs/"], ["x*z*/"]);
        var path = RelativePath.Parse("a/some/longer/folder/b1cxzzzyx/file.xml");
        filters.Decide(path, EntryKind.File);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++)
        {
            filters.Decide(path, EntryKind.File);
        }
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    private static void AssertVerdict(FilterSet filters, string path, string kind, string verdict) =>
        Assert.Equal(verdict, filters.Decide(RelativePath.Parse(path), Enum.Parse<EntryKind>(kind)).ToString());
}
