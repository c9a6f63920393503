using DepSync.Model;

namespace DepSync.Reporting;

/// <summary>Where one worker is. <see cref="StagingSince"/> is a timestamp of the run's clock.</summary>
internal sealed record ProgressRow(string Worker)
{
    /// <summary>Null while it waits for its turn.</summary>
    public WorkerPhase? Phase { get; init; }

    public StagingProgress? Staged { get; init; }

    public long StagingSince { get; init; }

    public WorkerResult? Ended { get; init; }

    public bool IsActive => Phase is not null && Ended is null;

    /// <summary>The row after an event of its worker.</summary>
    public ProgressRow After(RunEvent runEvent, long timestamp) => runEvent switch
    {
        PhaseChanged(var phase) => this with { Phase = phase, StagingSince = phase == WorkerPhase.Staging ? timestamp : StagingSince },
        StagingProgress staged => this with { Staged = staged },
        WorkerDone(var result) => this with { Ended = result },
        _ => this,
    };
}
