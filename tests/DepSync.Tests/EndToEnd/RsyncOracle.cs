using System.Text.RegularExpressions;
using DepSync.Tests.Support;

namespace DepSync.Tests.EndToEnd;

/// <summary>rsync as the judge of a mirror: <c>rsync -a --delete -i</c> to a "remote" (a shell of this machine in place of ssh, so that its lines have the marks of a push).</summary>
internal static partial class RsyncOracle
{
    private const string Shell = "sh -c 'shift; exec sh -c \"$*\"' rsh";

    /// <summary>Mirrors, or with <c>-n</c> only tells; the itemized lines, sorted.</summary>
    public static async Task<string[]> RunAsync(TempTree manager, TempTree target, params string[] options)
    {
        var outcome = await DepSyncProcess.RunOtherAsync(
            manager.Path, "rsync", ["-a", "--delete", "-i", "-e", Shell, .. options, "--exclude=/.depsync/", manager.Path + "/", $"worker:{target.Path}/"]);
        return ItemizedLines(outcome.Expect(0));
    }

    public static string[] ItemizedLines(ProcessOutcome outcome) => [.. outcome.OutputLines.Where(l => Itemized().IsMatch(l)).Order(StringComparer.Ordinal)];

    /// <summary>Fails with the lines that only one has.</summary>
    public static void AssertSameLines(string[] rsync, string[] depsync, string context)
    {
        var onlyRsync = rsync.Except(depsync).Select(l => "rsync only:   " + l);
        var onlyDepSync = depsync.Except(rsync).Select(l => "depsync only: " + l);
        var difference = string.Join('\n', onlyRsync.Concat(onlyDepSync).Order(StringComparer.Ordinal));
        Assert.True(difference.Length == 0, $"itemized lines differ {context}\n{difference}");
        Assert.Equal(rsync.Length, depsync.Length);
    }

    [GeneratedRegex(@"^(?:[<>ch.][fdLDS][.+cstTpoguax? ]{9} |\*deleting   )")]
    private static partial Regex Itemized();
}
