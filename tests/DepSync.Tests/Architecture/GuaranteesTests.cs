using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;

namespace DepSync.Tests.Architecture;

/// <summary>docs/guarantees.md names only tests that exist, and has an answer for every fault.</summary>
public sealed class GuaranteesTests
{
    private static readonly string Text = File.ReadAllText(Path.GetFullPath(Path.Combine(Path.GetDirectoryName(Here())!, "../../../docs/guarantees.md")));

    [Fact]
    public void Every_test_that_is_named_exists()
    {
        var known = typeof(GuaranteesTests).Assembly.GetTypes()
            .SelectMany(type => type.GetMethods())
            .Where(method => method.GetCustomAttributes(typeof(FactAttribute), inherit: true).Length > 0)
            .Select(method => method.Name)
            .ToHashSet();
        var named = Regex.Matches(Text, "`([A-Z][A-Za-z0-9]*(?:_[A-Za-z0-9]+){2,})`").Select(match => match.Groups[1].Value).ToHashSet();
        Assert.True(named.Count > 80, $"{named.Count} tests are named");
        Assert.Empty(named.Except(known));
    }

    [Fact]
    public void Every_fault_has_a_row() =>
        Assert.Equal(Enumerable.Range(1, 46), Regex.Matches(Text, @"^\| F(\d+) \|", RegexOptions.Multiline).Select(match => int.Parse(match.Groups[1].ValueSpan)));

    private static string Here([CallerFilePath] string path = "") => path;
}
