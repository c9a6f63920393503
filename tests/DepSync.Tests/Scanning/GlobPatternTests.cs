using System.Diagnostics;
using System.Text;
using DepSync.Model;
using DepSync.Scanning;

namespace DepSync.Tests.Scanning;

public sealed class GlobPatternTests
{
    [Theory]
    [InlineData("*.bak", "a/b/x.bak", true)]
    [InlineData("*.bak", "x.bakk", false)]
    [InlineData("/x", "x", true)]
    [InlineData("/x", "a/x", false)]
    [InlineData("a/x", "a/x", true)]
    [InlineData("a/x", "b/a/x", false)]
    [InlineData("logs/", "logs", false)]
    [InlineData("a/*", "a/b", true)]
    [InlineData("a/*", "a/b/c", false)]
    [InlineData("a/**", "a", false)]
    [InlineData("a/**", "a/b/c", true)]
    [InlineData("**/x", "x", true)]
    [InlineData("**/x", "a/b/x", true)]
    [InlineData("a/**/b", "a/b", true)]
    [InlineData("a/**/b", "a/x/y/b", true)]
    [InlineData("a/**/b", "ab", false)]
    [InlineData("a/**/b/**/c", "a/b/b/x/c", true)]
    [InlineData("a**b", "axxb", true)]
    [InlineData("x/a**b", "x/a/b", false)]
    [InlineData("a?c", "abc", true)]
    [InlineData("x/a?c", "x/a/c", false)]
    [InlineData("[ab]x", "bx", true)]
    [InlineData("[!ab]x", "bx", false)]
    [InlineData("[^ab]x", "cx", true)]
    [InlineData("[a-c]x", "bx", true)]
    [InlineData("[]a]x", "]x", true)]
    [InlineData("[a-]x", "-x", true)]
    [InlineData("[\\]]x", "]x", true)]
    [InlineData("[[:digit:]]x", "7x", true)]
    [InlineData("[[:digit:]]x", "ax", false)]
    [InlineData("[[:d]x", ":x", true)]
    [InlineData("\\*", "*", true)]
    [InlineData("\\*", "a", false)]
    [InlineData("\\#x", "#x", true)]
    [InlineData("\\!x", "!x", true)]
    [InlineData("x  ", "x", true)]
    [InlineData("x\\ ", "x ", true)]
    [InlineData("x\\  ", "x ", true)]
    [InlineData("a\\/b", "a/b", true)]
    [InlineData("*", "anything", true)]
    [InlineData("é*t", "été", false)]
    [InlineData("é??", "été", false)]
    [InlineData("é???", "été", true)]
    public void Pattern_matches_a_file(string pattern, string path, bool matches) =>
        Assert.Equal(matches, GlobPattern.Parse(pattern)!.Matches(Encoding.UTF8.GetBytes(path), EntryKind.File));

    [Theory]
    [InlineData("Directory", true)]
    [InlineData("File", false)]
    [InlineData("Symlink", false)]
    [InlineData("Special", false)]
    public void Trailing_slash_asks_for_a_directory(string kind, bool matches) =>
        Assert.Equal(matches, GlobPattern.Parse("logs/")!.Matches("a/logs"u8, Enum.Parse<EntryKind>(kind)));

    [Theory]
    [InlineData("")]
    [InlineData("   ")]
    [InlineData("# a comment")]
    public void Comment_and_blank_line_are_no_patterns(string line) => Assert.Null(GlobPattern.Parse(line));

    [Theory]
    [InlineData("[abc")]
    [InlineData("[a-")]
    [InlineData("[]")]
    [InlineData("[[:nope:]]")]
    [InlineData("x\\")]
    [InlineData("/")]
    [InlineData("!")]
    [InlineData("./x")]
    [InlineData("../x")]
    [InlineData("a//b")]
    [InlineData("a/./b")]
    [InlineData("x\0")]
    public void Pattern_that_can_never_match_is_refused(string pattern)
    {
        var refusal = Assert.Throws<DepSyncException>(() => GlobPattern.Parse(pattern));
        Assert.Equal(ErrorKind.Config, refusal.Kind);
        Assert.Contains(pattern, refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Name_that_is_not_utf8_is_matched_by_its_bytes() => Assert.True(GlobPattern.Parse("a?c")!.Matches([(byte)'a', 0xff, (byte)'c'], EntryKind.File));

    [Fact]
    public void Many_stars_cost_no_more_than_the_product_of_the_lengths()
    {
        var pattern = GlobPattern.Parse("x/**/" + string.Concat(Enumerable.Repeat("*a", 100)) + "*b")!;
        var path = Encoding.UTF8.GetBytes("x/" + string.Concat(Enumerable.Repeat(new string('a', 250) + "/", 15)) + "c");
        var clock = Stopwatch.StartNew();
        Assert.False(pattern.Matches(path, EntryKind.File));
        // Backtracking over a hundred stars would not end in the age of the universe.
        Assert.True(clock.Elapsed < TimeSpan.FromMinutes(1), $"{clock.Elapsed}");
    }
}
