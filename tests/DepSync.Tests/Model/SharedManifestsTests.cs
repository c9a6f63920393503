using DepSync.Model;
using DepSync.Tests.Support;

namespace DepSync.Tests.Model;

public sealed class SharedManifestsTests
{
    private readonly SharedManifests _shared = new();

    private Manifest Parse(string source, long number)
    {
        Assert.True(ManifestFormat.TryParse(SnapshotText.Parse(source).Records.Write(number, number).Span, _shared, out var manifest));
        return manifest;
    }

    [Fact]
    public void Manifests_that_list_the_same_hold_the_same_entries_whatever_their_numbers()
    {
        var (one, other) = (Parse("a/b = 1\nd = 2", 3), Parse("a/b = 1\nd = 2", 4));
        Assert.Same(one.Entries, other.Entries);
        Assert.Equal((3L, 4L), (one.Number, other.Number));
    }

    [Fact]
    public void Manifests_that_differ_share_nothing()
    {
        var (one, other) = (Parse("a/b = 1\nd = 2", 3), Parse("a/b = 1\nd = 3", 3));
        Assert.NotEqual(one.Entries[RelativePath.Parse("d")], other.Entries[RelativePath.Parse("d")]);
    }

    [Fact]
    public void A_count_that_is_not_that_of_the_entries_is_refused_beside_one_that_is()
    {
        var text = System.Text.Encoding.UTF8.GetString(SnapshotText.Parse("d = 2").Records.Write(3, 3).Span);
        var kept = Parse("d = 2", 3);
        Assert.False(ManifestFormat.TryParse(System.Text.Encoding.UTF8.GetBytes(text.Replace("# end 2 ", "# end 3 ", StringComparison.Ordinal)), _shared, out _));
        Assert.Equal(2, kept.Entries.Count);
    }
}
