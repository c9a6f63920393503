namespace DepSync.Release;

/// <summary>Who claims. <see cref="Takes"/>: a takeover, so the worker may be another manager's up to this run.</summary>
internal sealed record Claimant
{
    public required ManagerIdentity Manager { get; init; }

    public required string Run { get; init; }

    public required string Worker { get; init; }

    public required bool Takes { get; init; }

    public required FlushMode Flush { get; init; }

    public required TimeProvider Clock { get; init; }

    public required RunSiblings Siblings { get; init; }

    public required NumberRecorder RecordNumber { get; init; }

    /// <summary>Told of a higher epoch that is met here, and when: then nothing is pushed anywhere any more.</summary>
    public required Action<OwnerRecord, DateTimeOffset> NoteNewerEpoch { get; init; }
}

/// <summary>Stores the number that a run is about to use on a worker. Called before the MKDIR that uses it up.</summary>
internal delegate void NumberRecorder(long number);
