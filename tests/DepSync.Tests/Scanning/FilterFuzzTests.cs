using System.Text;
using CsCheck;
using DepSync.Model;
using DepSync.Scanning;
using DepSync.Tests.Support;

namespace DepSync.Tests.Scanning;

/// <summary>Whatever a pattern holds, it is read or refused as one, and answers for any path, with memory in proportion to both.</summary>
public sealed class FilterFuzzTests
{
    private static readonly Gen<byte[]> Patterns = Words.Of(
        ["*", "**", "**/", "/", "?", "[", "]", "[a-z]", "[!a]", "[^", "[[:alpha:]]", "[[:x:]]", "[z-a]", "\\", "!", "#", " ", "\t", ".", "..", "a", "b.car", "\0", "\xe9", "\n", "-"],
        [.. new[] { "*.bak", "/conf/**/x[0-9]?.xml", "!keep\\ ", "a/**/b", "**/**/**/a" }.Select(Encoding.UTF8.GetBytes)]);

    private static readonly Gen<byte[]> Paths = Words.Of(["a", "b.car", "/", "x", ".", "\xff", "\n", "aaaaaaaaaaaaaaaa"], ["conf/deep/er/x1y.xml"u8.ToArray(), "a/b/c/a/b/c/a/b/c"u8.ToArray()]);

    [Fact]
    public void A_pattern_of_any_text_is_read_or_refused_as_a_configuration_error() => Gen.Select(Patterns, Paths).Sample(
        (pattern, path) =>
        {
            var text = Encoding.Latin1.GetString(pattern);
            var entry = Path(path);
            Allocation.AssertBounded(pattern.Length + path.Length, () => Decide(text, entry));
        },
        iter: 5000);

    private static void Decide(string pattern, RelativePath entry)
    {
        try
        {
            var filters = new FilterSet([pattern], [pattern]);
            _ = filters.Decide(entry, EntryKind.File);
        }
        catch (DepSyncException e)
        {
            Assert.Equal(ErrorKind.Config, e.Kind);
        }
    }

    private static RelativePath Path(byte[] bytes)
    {
        var path = RelativePath.Root;
        foreach (var name in Encoding.Latin1.GetString(bytes).Split('/', '\0').Where(name => name is not ("" or "." or "..")))
        {
            path = path.Child(Encoding.Latin1.GetBytes(name));
        }
        return path;
    }
}
