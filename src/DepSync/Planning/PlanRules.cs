namespace DepSync.Planning;

/// <summary>What one worker can hold and how it is compared. Immutable.</summary>
internal sealed record PlanRules
{
    /// <summary><c>--checksum</c>: contents are compared whatever the times say.</summary>
    public bool Checksum { get; init; }

    /// <summary>The worker keeps permission bits; otherwise modes are neither compared nor shown.</summary>
    public bool UnixModes { get; init; } = true;

    /// <summary>The worker keeps the times of links; otherwise only their targets are compared.</summary>
    public bool LinkTimes { get; init; } = true;

    /// <summary>The worker can hold links; otherwise each one is a problem of its path.</summary>
    public bool Symlinks { get; init; } = true;

    /// <summary>What the source does not have stays on the worker; what would leave are held deletes of the plan.</summary>
    public bool KeepsExtras { get; init; }

    /// <summary>This run has just created the target: its root counts as new although it exists by now.</summary>
    public bool TargetCreated { get; init; }
}
