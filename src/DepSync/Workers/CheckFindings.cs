using System.Globalization;
using DepSync.Model;

namespace DepSync.Workers;

/// <summary>What <c>depsync check</c> says of facts that were found. Pure.</summary>
internal static class CheckFindings
{
    private const ulong LowSpace = 100 << 20;

    /// <summary>One result for each thing that the server cannot do and a sync would miss; one "ok" when there is none.</summary>
    public static IEnumerable<CheckResult> Capabilities(WorkerAddress worker, WorkerCapabilities capabilities)
    {
        var missing = new List<CheckResult>();
        if (!capabilities.AtomicReplace)
        {
            missing.Add(new("extensions", CheckOutcome.Warning, "not atomic on this server: it has no posix-rename, so a file that is replaced is missing for a moment"));
        }
        if (!capabilities.DurableFlush)
        {
            missing.Add(new("extensions", CheckOutcome.Warning, "the server has no fsync: a generation may not survive a power cut"));
        }
        if (!capabilities.HardLinks)
        {
            missing.Add(new("extensions", CheckOutcome.Warning, "the server has no hard links: old versions of replaced files are not kept for rollback"));
        }
        if (!capabilities.LinkTimes)
        {
            missing.Add(new("extensions", CheckOutcome.Warning, "the server has no lsetstat: times of symlinks are not set"));
        }
        return missing.Count > 0 || worker.IsLocal ? missing : [new("extensions", CheckOutcome.Ok, string.Join(", ", capabilities.Extensions.Select(name => name.Split('@')[0])))];
    }

    public static CheckResult Space(FreeSpace? space) => space switch
    {
        null => new("free space", CheckOutcome.Ok, "the server does not tell"),
        { ReadOnly: true } => new("free space", CheckOutcome.Failure, "the filesystem is mounted read-only", "Mount it read-write on the worker."),
        { Bytes: 0 } => new("free space", CheckOutcome.Failure, "none for this login", "Make room on the worker."),
        { Bytes: < LowSpace } known => new("free space", CheckOutcome.Warning, $"only {Size(known.Bytes)}", "Make room on the worker."),
        { } known => new("free space", CheckOutcome.Ok, Size(known.Bytes)),
    };

    /// <summary>No failure either way: without it contents are read back and files flushed one by one, which takes longer and checks as much.</summary>
    public static CheckResult Exec(string? refusal) => new(
        "exec", CheckOutcome.Ok, refusal is null ? "usable: sha256sum and sync run on the worker" : $"not used, contents are read back: {refusal}");

    /// <summary><paramref name="seconds"/> is the mtime of a file that was created just now; whole seconds, so one of them is no difference.</summary>
    public static CheckResult Clock(long seconds, DateTimeOffset now, TimeSpan tolerance)
    {
        var difference = TimeSpan.FromSeconds(seconds - now.ToUnixTimeSeconds());
        var text = difference.Duration() <= TimeSpan.FromSeconds(1)
            ? "in step with this machine"
            : string.Create(CultureInfo.InvariantCulture, $"{difference.Duration().TotalSeconds:0} s {(difference > TimeSpan.Zero ? "ahead of" : "behind")} this machine");
        return difference.Duration() <= tolerance ? new("clock", CheckOutcome.Ok, text) : new("clock", CheckOutcome.Warning, text, "Let both machines take their time from NTP.");
    }

    private static string Size(ulong bytes) =>
        bytes >= 1 << 30
            ? string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1 << 30):0.0} GiB")
            : string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1 << 20):0.0} MiB");
}
