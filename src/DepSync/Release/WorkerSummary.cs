using DepSync.Model;

namespace DepSync.Release;

/// <summary>Counts changes into a worker's result. Pure.</summary>
internal static class WorkerSummary
{
    /// <summary>A result with problems is a failed one, whatever else was done.</summary>
    public static WorkerResult Of(string worker, WorkerStatus status, IReadOnlyList<Change> changes, IReadOnlyList<Problem> problems) => new()
    {
        Worker = worker,
        Status = problems.Count > 0 ? WorkerStatus.Failed : status == WorkerStatus.Synced && changes.Count == 0 ? WorkerStatus.Unchanged : status,
        Created = changes.Count(change => change.Action == ChangeAction.Create),
        Updated = changes.Count(change => change.Action is ChangeAction.Update or ChangeAction.Retype),
        Deleted = changes.Count(change => change.Action == ChangeAction.Delete),
        Attributes = changes.Count(change => change.Action == ChangeAction.Attributes),
        BytesTotal = changes.Where(change => change.Action is ChangeAction.Create or ChangeAction.Update or ChangeAction.Retype).Sum(change => change.Source?.Size ?? 0),
        Problems = problems,
        Error = problems.Count == 0 ? null : new WorkerError(ErrorKind.Entries, $"{problems.Count} {(problems.Count == 1 ? "entry" : "entries")} could not be brought in line", null),
    };
}
