namespace DepSync.Model;

/// <summary>What happens in a run, as a closed set of values. Raised by the work, printed by Reporting. <see cref="Worker"/> is null for the run itself.</summary>
internal abstract record RunEvent
{
    public string? Worker { get; init; }
}

internal sealed record RunStarted(string Run, string ManagerDir, IReadOnlyList<string> Workers, bool DryRun, IReadOnlyList<string> GuardKeys) : RunEvent;

/// <summary>The source was scanned. Raised once a run.</summary>
internal sealed record SourceScanned(int Entries, long Bytes, int Hashed, TimeSpan Elapsed) : RunEvent;

/// <summary>The steps of a worker, for the progress display.</summary>
internal enum WorkerPhase
{
    Connecting,
    Comparing,
    Claiming,
    Staging,
    Committing,
    Finished,
}

internal sealed record PhaseChanged(WorkerPhase Phase) : RunEvent;

/// <summary>Bytes and files staged so far on one worker; raised at most a few times a second by each worker.</summary>
internal sealed record StagingProgress(long BytesDone, long BytesTotal, int FilesDone, int FilesTotal) : RunEvent;

/// <summary>A change that is done; in a dry run, planned.</summary>
internal sealed record EntryChanged(Change Change) : RunEvent;

/// <summary>A source file that differs and is not sent now.</summary>
internal sealed record EntryDeferred(FileEntry Entry) : RunEvent;

/// <summary>One path failed; the rest goes on.</summary>
internal sealed record EntryFailed(Problem Problem) : RunEvent;

internal enum NoteLevel
{
    /// <summary>Log only.</summary>
    Detail,

    /// <summary>Log, and the console with <c>-v</c>.</summary>
    Notice,

    /// <summary>Log and stderr.</summary>
    Warning,
}

/// <summary>Something worth a log line: what a server cannot do, a leftover that was rolled forward, a target that was created.</summary>
internal sealed record Note(NoteLevel Level, string Message) : RunEvent;

internal sealed record WorkerDone(WorkerResult Result) : RunEvent;

internal sealed record RunDone(RunReport Report, int ExitCode) : RunEvent;

/// <summary>The run could not go on, or not even begin; raised instead of <see cref="RunDone"/>.</summary>
internal sealed record RunFailed(ErrorKind Kind, string Message, string? Hint, int ExitCode) : RunEvent;
