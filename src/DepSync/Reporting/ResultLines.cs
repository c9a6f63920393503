using System.Globalization;
using DepSync.Model;

namespace DepSync.Reporting;

/// <summary>How the workers ended, in words: a line each, failures last, and a line for all. Pure.</summary>
internal static class ResultLines
{
    /// <summary>In the order of the list; what needs a person stands last, where the eye rests.</summary>
    public static IReadOnlyList<WorkerResult> Sort(IReadOnlyList<WorkerResult> results) => [.. results.OrderBy(static result => !Outcome.IsFine(result))];

    public static IEnumerable<string> Workers(IReadOnlyList<WorkerResult> results, Ink ink)
    {
        var name = results.Max(static result => SpectreText.WidthOf(Wording.Name(result.Worker)));
        var status = results.Max(static result => StatusOf(result).Length);
        return Sort(results).Select(result =>
            $"{SpectreText.Pad(Wording.Name(result.Worker), name)}  {ink.Paint(ShadeOf(result), StatusOf(result).PadRight(status))}  {Describe(result)}");
    }

    public static string Total(RunReport report, int exitCode)
    {
        var parts = report.Workers
            .GroupBy(StatusOf)
            .OrderBy(static group => group.Any(static result => !Outcome.IsFine(result)))
            .Select(static group => string.Create(CultureInfo.InvariantCulture, $"{group.Count()} {group.Key}"));
        var exit = exitCode == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $" (exit {exitCode})");
        return $"{Wording.Count(report.Workers.Count, "worker")}: {string.Join(", ", parts)}, in {Wording.Time(report.Elapsed)}{exit}";
    }

    public static string StatusOf(WorkerResult result) => result switch
    {
        { Status: WorkerStatus.Synced, Problems.Count: > 0 } => "incomplete",
        { Status: WorkerStatus.Planned, HasDifferences: false } => "unchanged",
        _ => Wording.Words(result.Status),
    };

    public static Shade ShadeOf(WorkerResult result) => result.Status switch
    {
        _ when !Outcome.IsFine(result) => Shade.Bad,
        WorkerStatus.Skipped => Shade.Caution,
        WorkerStatus.Unchanged => Shade.Faint,
        _ => result.Deferred + result.DeletesHeld > 0 ? Shade.Caution : Shade.Good,
    };

    private static string Describe(WorkerResult result)
    {
        var parts = new List<string>();
        if (result.Error is { } error && error.Kind != ErrorKind.Entries)
        {
            parts.Add(Wording.Words(error.Kind));
        }
        if (result.HasDifferences || result.Status == WorkerStatus.Synced)
        {
            parts.AddRange(Counts(result));
        }
        else if (result.Status is WorkerStatus.Unchanged or WorkerStatus.Planned)
        {
            parts.Add("no differences");
        }
        if (result.Problems.Count > 0)
        {
            parts.Add(Wording.Count(result.Problems.Count, "problem"));
        }
        var generation = result.Generation is { } number ? string.Create(CultureInfo.InvariantCulture, $" (generation {number})") : "";
        return $"{string.Join(", ", parts)}{(parts.Count > 0 ? " " : "")}in {Wording.Time(result.Elapsed)}{generation}";
    }

    private static IEnumerable<string> Counts(WorkerResult result)
    {
        var planned = result.Status == WorkerStatus.Planned;
        yield return $"{result.Created} {(planned ? "to create" : "created")}";
        yield return $"{result.Updated} {(planned ? "to update" : "updated")}";
        yield return $"{result.Deleted} {(planned ? "to delete" : "deleted")}";
        if (result.Attributes > 0)
        {
            yield return $"{result.Attributes} attributes";
        }
        if (result.Deferred > 0)
        {
            yield return $"{result.Deferred} deferred";
        }
        if (result.DeletesHeld > 0)
        {
            yield return $"{Wording.Count(result.DeletesHeld, "delete")} held";
        }
        yield return planned ? $"{Wording.Bytes(result.BytesTotal)} to send" : Wording.Bytes(result.BytesSent);
    }
}
