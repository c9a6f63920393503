using System.Diagnostics;
using System.Text;
using DepSync.Model;
using DepSync.Scanning;
using DepSync.Tests.Support;

namespace DepSync.Tests.Scanning;

/// <summary>Random patterns on random trees: what git ignores, and nothing else, is excluded.</summary>
public sealed class GitIgnoreOracleTests : IDisposable
{
    private static readonly string[] Names = ["a", "b", "c", "ab", "abc", "a b", "b ", "*", "[a]", "a-", ".a", "#a", "!b"];

    private static readonly string[] Pieces =
        ["a", "b", "c", "ab", "*", "*", "?", "/", "/", "/**/", "**/", "/**", "[ab]", "[!a]", "[a-c]", "[]a-]", "[[:alpha:]]", "\\*", "\\[a]", " ", "\\ ", ".", "-", "#", "!"];

    private readonly string _folder = Directory.CreateTempSubdirectory("depsync-glob-").FullName;

    [NeedsFact("git")]
    public void Random_patterns_exclude_what_git_ignores()
    {
        Git(["init", "-q", "."], "");
        var compared = 0;
        for (var seed = 0; seed < 60; seed++)
        {
            var random = new Random(seed);
            var tree = Path.Combine(_folder, $"t{seed}");
            var entries = MakeTree(tree, random);
            var patterns = Enumerable.Range(0, random.Next(1, 6)).Select(_ => RandomPattern(random)).Where(IsValid).ToList();
            File.WriteAllText(Path.Combine(tree, ".gitignore"), string.Join('\n', patterns) + "\n");

            var ignored = Git(
                ["-C", tree, "-c", "core.ignorecase=false", "-c", "core.excludesfile=", "check-ignore", "--no-index", "-z", "--stdin"],
                string.Join('\0', entries.Keys)).Split('\0', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal);

            var filters = new FilterSet(patterns, []);
            var excluded = entries.Where(e => filters.Decide(RelativePath.Parse(e.Key), e.Value) == FilterVerdict.Excluded).Select(e => e.Key).Order(StringComparer.Ordinal);
            compared += excluded.Count();
            Assert.True(
                ignored.SequenceEqual(excluded),
                $"seed {seed}, patterns {string.Join(" | ", patterns)}: git alone {string.Join(", ", ignored.Except(excluded))}; we alone {string.Join(", ", excluded.Except(ignored))}");
        }
        Assert.True(compared > 300, $"Only {compared} entries were ignored: the patterns test too little.");
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static string RandomPattern(Random random)
    {
        var pattern = string.Concat(Enumerable.Range(0, random.Next(1, 6)).Select(_ => Pieces[random.Next(Pieces.Length)]));
        return (random.Next(4) == 0 ? "!" : "") + pattern + (random.Next(4) == 0 ? "/" : "");
    }

    /// <summary>git reads <c>x**/</c> behind a literal as if <c>**</c> stood alone, against its own documentation; such patterns are left out.</summary>
    private static bool IsValid(string pattern)
    {
        for (var at = pattern.IndexOf("**", StringComparison.Ordinal); at >= 0; at = pattern.IndexOf("**", at + 1, StringComparison.Ordinal))
        {
            if (at > 0 && pattern[at - 1] is not ('/' or '*'))
            {
                return false;
            }
        }
        try
        {
            return GlobPattern.Parse(pattern) is not null;
        }
        catch (DepSyncException)
        {
            return false;
        }
    }

    private static SortedDictionary<string, EntryKind> MakeTree(string root, Random random)
    {
        var entries = new SortedDictionary<string, EntryKind>(StringComparer.Ordinal);
        Directory.CreateDirectory(root);
        for (var i = 0; i < 60; i++)
        {
            var path = string.Join('/', Enumerable.Range(0, random.Next(1, 5)).Select(_ => Names[random.Next(Names.Length)]));
            var parents = Enumerable.Range(1, path.Count(c => c == '/')).Select(depth => string.Join('/', path.Split('/').Take(depth))).ToList();
            if (entries.ContainsKey(path) || parents.Any(parent => entries.TryGetValue(parent, out var kind) && kind != EntryKind.Directory))
            {
                continue;
            }
            foreach (var parent in parents)
            {
                entries[parent] = EntryKind.Directory;
                Directory.CreateDirectory(Path.Combine(root, parent));
            }
            entries[path] = random.Next(4) == 0 ? EntryKind.Directory : EntryKind.File;
            if (entries[path] == EntryKind.Directory)
            {
                Directory.CreateDirectory(Path.Combine(root, path));
            }
            else
            {
                File.WriteAllText(Path.Combine(root, path), "");
            }
        }
        return entries;
    }

    private string Git(string[] arguments, string input)
    {
        var start = new ProcessStartInfo("git", arguments)
        {
            WorkingDirectory = _folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            StandardInputEncoding = new UTF8Encoding(false),
            StandardOutputEncoding = Encoding.UTF8,
        };
        start.Environment["GIT_CONFIG_NOSYSTEM"] = "1";
        using var git = Process.Start(start)!;
        git.StandardInput.Write(input);
        git.StandardInput.Close();
        var output = git.StandardOutput.ReadToEnd();
        git.WaitForExit();
        Assert.InRange(git.ExitCode, 0, 1);
        return output;
    }
}
