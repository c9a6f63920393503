using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;

namespace DepSync.Tests.Architecture;

/// <summary>What README.md says of the repository is there.</summary>
public sealed class ReadmeTests
{
    private static readonly string Root = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(Here())!, "../../.."));
    private static readonly string Text = File.ReadAllText(Path.Combine(Root, "README.md"));

    [Fact]
    public void Names_every_folder_of_the_source()
    {
        var folders = Directory.GetDirectories(Path.Combine(Root, "src/DepSync")).Select(Path.GetFileName).Except(["bin", "obj"]);
        Assert.All(folders, f => Assert.Contains($"`src/DepSync/{f}`", Text, StringComparison.Ordinal));
    }

    [Fact]
    public void Links_only_to_what_exists()
    {
        var links = Regex.Matches(Text, @"\]\((?!https?:|#)([^)]+)\)").Select(m => m.Groups[1].Value);
        Assert.All(links, l => Assert.True(Path.Exists(Path.Combine(Root, l)), l));
    }

    private static string Here([CallerFilePath] string path = "") => path;
}
