using System.Runtime.CompilerServices;
using DepSync.Cli;

namespace DepSync.Tests.Cli;

/// <summary>The help as users see it lies in Golden/; to approve a change, run with DEPSYNC_APPROVE=1 and read the diff.</summary>
public sealed class HelpTextTests
{
    public static TheoryData<string> Texts => ["help", .. RootCommandFactory.Verbs.Select(v => $"help-{v.Name}")];

    [Theory, MemberData(nameof(Texts))]
    public void The_help_is_the_approved_one(string name)
    {
        var verb = RootCommandFactory.Verbs.FirstOrDefault(v => name == $"help-{v.Name}");
        var text = verb is null ? HelpText.ForProgram(RootCommandFactory.Verbs, "0.1.0") : HelpText.ForVerb(verb);
        var file = Path.Combine(Path.GetDirectoryName(Here())!, "..", "Golden", name + ".txt");
        if (Environment.GetEnvironmentVariable("DEPSYNC_APPROVE") == "1")
        {
            File.WriteAllText(file, text);
        }
        Assert.Equal(File.ReadAllText(file).ReplaceLineEndings("\n"), text);
        Assert.All(text.Split('\n'), line => Assert.True(line.Length <= 100 && line.TrimEnd() == line, line));
    }

    private static string Here([CallerFilePath] string path = "") => path;
}
