using System.Text;
using DepSync.Model;
using DepSync.Planning;

namespace DepSync.Tests.Planning;

/// <summary>What filesystems that fold names take for one has one form, and nothing else has.</summary>
public sealed class NameFormsTests
{
    [Theory]
    [InlineData("a.car", "A.CAR")]
    [InlineData("caf\u00e9", "cafe\u0301")]
    [InlineData("CAF\u00c9", "cafe\u0301")]
    [InlineData("\u1ebf", "e\u0302\u0301")]
    [InlineData("\u1ec7", "e\u0302\u0323")]
    [InlineData("\u1ec7", "e\u0323\u0302")]
    [InlineData("\u1f04", "\u03b1\u0313\u0301")]
    [InlineData("\u0419", "\u0438\u0306")]
    [InlineData("\u30ac", "\u30ab\u3099")]
    [InlineData("\ud55c", "\u1112\u1161\u11ab")]
    [InlineData("stra\u00dfe", "STRASSE")]
    [InlineData("\ufb01le", "FILE")]
    [InlineData("\u03c2", "\u03a3")]
    [InlineData("\uac00", "\u1100\u1161")]
    public void Forms_of_one_name_are_equal(string one, string other)
    {
        Assert.Equal(Fold(one), Fold(other));
        Assert.Equal(RelativePath.Parse($"d/{one}"), RelativePath.Parse($"d/{other}"), FoldedPaths.Comparer);
        Assert.Equal(Hash($"d/{one}"), Hash($"d/{other}"));
        Assert.NotEqual(RelativePath.Parse($"d/{one}"), RelativePath.Parse($"D/{other}"), FoldedPaths.Comparer);
    }

    [Theory]
    [InlineData("a", "b")]
    [InlineData("e", "\u00e9")]
    [InlineData("\u00e8", "\u00e9")]
    [InlineData("a[", "a{")]
    [InlineData("\u4e2d", "\u4e2e")]
    public void Names_of_their_own_differ(string one, string other) => Assert.NotEqual(Fold(one), Fold(other));

    [Fact]
    public void Bytes_that_are_no_text_are_folded_in_their_ASCII_letters_alone()
    {
        Assert.Equal(NameForms.Fold([0xff, (byte)'A']), NameForms.Fold([0xff, (byte)'a']));
        Assert.NotEqual(NameForms.Fold([0xc9]), NameForms.Fold([0xe9]));
    }

    private static string Fold(string name) => NameForms.Fold(Encoding.UTF8.GetBytes(name));

    private static int Hash(string path) => FoldedPaths.Comparer.GetHashCode(RelativePath.Parse(path));
}
