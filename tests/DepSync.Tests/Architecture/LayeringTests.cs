using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;

namespace DepSync.Tests.Architecture;

/// <summary>The two tables below are the architecture. Changing one is a design decision, so it shows up in review.</summary>
public sealed class LayeringTests
{
    /// <summary>Folder → the folders its code may name. Rows run from the bottom layer to the top.</summary>
    private static readonly Dictionary<string, string[]> MayName = new()
    {
        ["Model"] = [],
        ["Sftp"] = [],
        ["Delta"] = [],
        ["Planning"] = ["Model"],
        ["Platform"] = ["Model"],
        ["State"] = ["Model", "Delta", "Platform"],
        ["Config"] = ["Model", "Platform"],
        ["Reporting"] = ["Model", "Platform", "State"],
        ["Workers"] = ["Model", "Sftp", "Platform", "Config"],
        ["Scanning"] = ["Model", "Platform", "State", "Workers"],
        ["Release"] = ["Model", "Delta", "Planning", "Platform", "State", "Config", "Workers", "Scanning"],
        ["Watch"] = ["Model", "Platform", "Config", "Scanning", "Release"],
        ["Schedule"] = ["Model", "Platform", "Config"],
        ["Cli"] = ["Model", "Delta", "Planning", "Platform", "State", "Config", "Reporting", "Workers", "Scanning", "Release", "Watch", "Schedule"],
    };

    /// <summary>A sensitive word → the only files or folders that may use it.</summary>
    private static readonly Dictionary<string, string[]> Reserved = new()
    {
        [@"\bConsole\."] = ["Cli/", "Reporting/"],
        [@"\bDateTime(Offset)?\.(Utc)?Now\b"] = [],
        // The wall clock stamps, compares with times of files and tells how long ago an earlier run was; whatever a run waits for is counted by timestamps, which never go back.
        [@"\bGet(Utc|Local)Now\("] =
        [
            "Cli/RunId.cs", "Platform/RunLock.cs", "Release/Claim.Records.cs", "Release/Claim.cs", "Release/FleetRelease.cs", "Release/LoginKeeper.cs", "Release/OwnershipGuard.cs", "Release/WorkerRelease.cs",
            "Reporting/", "Scanning/UploadGate.cs", "State/HashCache.cs", "State/SignatureStore.cs", "Workers/HostKeyChecks.cs", "Workers/WorkerCheck.cs",
        ],
        [@"\bTask\.Run\(|\bParallel\.|new SemaphoreSlim|Channel\.Create|new Thread\("] = ["Release/FleetRelease.cs", "Release/Stager.cs", "Scanning/", "Sftp/SftpSession.cs", "Watch/", "Workers/LoginGate.cs", "Workers/ShellRunner.cs", "Workers/SshNetTransport.cs"],
        [@"\bnew Process\b|Process\.Start"] = ["Platform/ProcessRunner.cs"],
        [@"\.Result\b|\.Wait\(\)|Thread\.Sleep"] = [],
    };

    private static readonly string Source = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(Here())!, "../../../src/DepSync"));

    public static TheoryData<string> Folders => [.. MayName.Keys];

    public static TheoryData<string> ReservedWords => [.. Reserved.Keys];

    [Theory, MemberData(nameof(Folders))]
    public void Folder_names_only_the_folders_on_its_row(string folder)
    {
        var forbidden = string.Join('|', MayName.Keys.Except(MayName[folder]).Where(f => f != folder));
        AssertAbsent($@"using (static )?DepSync\.({forbidden})\b|(?<![.\w""])({forbidden})\.[A-Z]", path => path.StartsWith(folder + "/", StringComparison.Ordinal));
    }

    [Theory, MemberData(nameof(ReservedWords))]
    public void Reserved_word_stays_in_its_files(string pattern) =>
        AssertAbsent(pattern, path => !Reserved[pattern].Any(home => path.StartsWith(home, StringComparison.Ordinal)));

    [Fact]
    public void Every_folder_has_a_row() =>
        Assert.Empty(Directory.GetDirectories(Source).Select(Path.GetFileName).Except([.. MayName.Keys, "bin", "obj"]));

    [Fact]
    public void No_file_is_longer_than_400_lines()
    {
        var tests = Path.GetFullPath(Path.Combine(Source, "../../tests"));
        var offences =
            from root in new[] { Source, tests }
            from file in Directory.EnumerateFiles(root, "*.cs", SearchOption.AllDirectories)
            where !file.Contains("/obj/", StringComparison.Ordinal) && !file.Contains("\\obj\\", StringComparison.Ordinal)
            let lines = File.ReadLines(file).Count()
            where lines > 400
            select $"{file}: {lines} lines";
        Assert.True(!offences.Any(), string.Join('\n', offences));
    }

    private static void AssertAbsent(string pattern, Func<string, bool> covers)
    {
        var regex = new Regex(pattern);
        var offences =
            from file in Directory.EnumerateFiles(Source, "*.cs", SearchOption.AllDirectories)
            let path = Path.GetRelativePath(Source, file).Replace('\\', '/')
            where !path.StartsWith("obj/", StringComparison.Ordinal) && !path.StartsWith("bin/", StringComparison.Ordinal) && covers(path)
            from line in File.ReadLines(file).Select((text, i) => (text, number: i + 1))
            where !line.text.TrimStart().StartsWith("//", StringComparison.Ordinal) && regex.IsMatch(line.text)
            select $"{path}:{line.number}: {line.text.Trim()}";
        Assert.True(!offences.Any(), string.Join('\n', offences));
    }

    private static string Here([CallerFilePath] string path = "") => path;
}
