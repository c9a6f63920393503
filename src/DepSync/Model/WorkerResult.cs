namespace DepSync.Model;

/// <summary>How a worker ended. The names are those of the JSON output.</summary>
internal enum WorkerStatus : byte
{
    Unchanged,
    Synced,

    /// <summary>Dry run: a plan was made.</summary>
    Planned,
    Failed,
    Refused,
    Skipped,
}

/// <summary>The one error that a worker's result tells; further ones are problems of single paths.</summary>
internal sealed record WorkerError(ErrorKind Kind, string Message, string? Hint);

/// <summary>The outcome of one worker, once a run. Counters count entries, directories included. Immutable.</summary>
internal sealed record WorkerResult
{
    public required string Worker { get; init; }

    public required WorkerStatus Status { get; init; }

    public int Created { get; init; }

    /// <summary>Retyped entries too.</summary>
    public int Updated { get; init; }

    public int Deleted { get; init; }

    public int Attributes { get; init; }

    public int Deferred { get; init; }

    public int DeletesHeld { get; init; }

    /// <summary>File content that was put on the wire.</summary>
    public long BytesSent { get; init; }

    /// <summary>Size of what was created or updated.</summary>
    public long BytesTotal { get; init; }

    public TimeSpan Elapsed { get; init; }

    /// <summary>From the first rename in the live tree to the last; zero when nothing was committed.</summary>
    public TimeSpan CommitTime { get; init; }

    /// <summary>The generation that the worker shows now; null when it shows none.</summary>
    public long? Generation { get; init; }

    public WorkerError? Error { get; init; }

    /// <summary>Single paths that failed.</summary>
    public IReadOnlyList<Problem> Problems { get; init; } = [];

    /// <summary>Whether source and worker differ (dry run) or differed.</summary>
    public bool HasDifferences => Created + Updated + Deleted + Attributes + Deferred + DeletesHeld > 0;
}

/// <summary>The outcome of a run: one result a worker, in the order of the list.</summary>
internal sealed record RunReport
{
    public required IReadOnlyList<WorkerResult> Workers { get; init; }

    public required TimeSpan Elapsed { get; init; }

    /// <summary>What ended the run as a whole (interrupted, max_time), apart from its workers.</summary>
    public ErrorKind? Ended { get; init; }

    /// <summary>Source entries that could not be read: the run is at least 23.</summary>
    public IReadOnlyList<Problem> SourceProblems { get; init; } = [];
}
