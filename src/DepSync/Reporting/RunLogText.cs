using System.Globalization;
using DepSync.Model;

namespace DepSync.Reporting;

/// <summary>How serious a line of the log is.</summary>
internal enum LogLevel
{
    Debug,
    Info,
    Warn,
    Error,
}

/// <summary>One line of the log before it is written. <paramref name="Text"/> is escaped already.</summary>
internal sealed record LogLine(DateTimeOffset Time, LogLevel Level, string? Worker, string Text);

/// <summary>The words of the log. Every value is one line, escaped. Pure.</summary>
internal static class RunLogText
{
    /// <summary>Time with offset, level, run, worker, text; <c>-</c> where there is no run or worker.</summary>
    public static string Format(LogLine line, string? run) => string.Create(
        CultureInfo.InvariantCulture,
        $"{line.Time:yyyy-MM-dd HH:mm:ss.fff zzz} {Padded(line.Level)} {Wording.Line(run ?? "-")} {(line.Worker is { } worker ? Wording.Name(worker) : "-")} {line.Text}");

    public static string Started(RunStarted started, RunOrigin origin) => $"run started: {Subject(started, origin)}";

    /// <summary>The only line of a run that found everything in order.</summary>
    public static string Unchanged(RunStarted started, RunOrigin origin, RunReport report)
    {
        var generations = report.Workers.Where(static result => result.Generation is not null).Select(static result => result.Generation!.Value).Distinct().Order().ToArray();
        var generation = generations.Length == 0 ? "" : $", generation {string.Join('/', generations)}";
        return $"unchanged: {Wording.Count(report.Workers.Count, "worker")} in {Seconds(report.Elapsed)}{generation}; {Subject(started, origin)}";
    }

    public static string Scanned(SourceScanned scanned) =>
        $"source scanned: {scanned.Entries} entries, {scanned.Bytes} bytes, {scanned.Hashed} hashed, {Seconds(scanned.Elapsed)}";

    public static string Changed(Change change)
    {
        var size = change is { Kind: EntryKind.File, Action: not ChangeAction.Delete, Source: { } source } ? $", {source.Size} bytes" : "";
        var link = change is { Kind: EntryKind.Symlink, Source.LinkTarget: { } target } ? $" -> {DisplayText.Escape(target)}" : "";
        return $"{Wording.Snake(change.Action)} {Wording.Snake(change.Kind)} {DisplayText.Escape(change.Path)}{link} ({Wording.Snake(change.Reason)}{size})";
    }

    public static string Deferred(FileEntry entry) => $"deferred {DisplayText.Escape(entry.Path)}: {Wording.Reason(entry.Deferral)}";

    public static string Failed(Problem problem) => $"problem {DisplayText.Escape(problem.Path)}: {Wording.Line(problem.Message)}";

    public static string Done(WorkerResult result)
    {
        var held = result.DeletesHeld > 0 ? $", {result.DeletesHeld} deletes held" : "";
        var generation = result.Generation is { } number ? $", generation {number}" : "";
        var commit = result.CommitTime > TimeSpan.Zero ? $", commit {(long)result.CommitTime.TotalMilliseconds} ms" : "";
        var error = result.Error is { } reason ? $"; {Error(reason.Kind, reason.Message, reason.Hint)}" : "";
        return $"{Wording.Snake(result.Status)}: {result.Created} created, {result.Updated} updated, {result.Deleted} deleted, {result.Attributes} attributes, "
            + $"{result.Deferred} deferred{held}, {result.Problems.Count} problems, {result.BytesSent} of {result.BytesTotal} bytes sent, {Seconds(result.Elapsed)}{commit}{generation}{error}";
    }

    public static string Finished(RunReport report, int exitCode)
    {
        var fine = report.Workers.Count(Outcome.IsFine);
        var ended = report.Ended is { } kind ? $"; {TroubleText.EndOf(kind)}" : "";
        return $"run done: exit {exitCode}, {fine} of {Wording.Count(report.Workers.Count, "worker")} fine, {Seconds(report.Elapsed)}{ended}";
    }

    public static string Error(ErrorKind kind, string message, string? hint) =>
        $"kind {Wording.Snake(kind)}: {Wording.Line(message)}{(hint is null ? "" : $"; hint: {Wording.Line(hint)}")}";

    private static string Padded(LogLevel level) => level switch
    {
        LogLevel.Debug => "DEBUG",
        LogLevel.Info => "INFO ",
        LogLevel.Warn => "WARN ",
        _ => "ERROR",
    };

    private static string Subject(RunStarted started, RunOrigin origin)
    {
        var sudo = origin.SudoUser is { } user ? $", SUDO_USER {Wording.Line(user)}" : "";
        var keys = started.GuardKeys.Count == 0 ? "none" : string.Join(' ', started.GuardKeys.Select(Wording.Line));
        return $"manager_dir {Wording.Line(started.ManagerDir)}, workers {string.Join(' ', started.Workers.Select(Wording.Name))}, "
            + $"user {Wording.Line(origin.User)}{sudo}, {(origin.Terminal ? "terminal" : "no terminal")}, version {Wording.Line(origin.Version)}, keys {keys}";
    }

    private static string Seconds(TimeSpan time) => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.000} s");
}
