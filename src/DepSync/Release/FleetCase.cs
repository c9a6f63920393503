using DepSync.Config;
using DepSync.Model;
using DepSync.Planning;
using DepSync.Scanning;
using DepSync.State;
using DepSync.Workers;

namespace DepSync.Release;

/// <summary>What all workers of a run share. Immutable apart from <see cref="Identity"/>, which guards itself.</summary>
internal sealed record FleetCase
{
    public required RunConfig Config { get; init; }

    public required RunContext Context { get; init; }

    public required SourceTree Tree { get; init; }

    public required FilterSet Filters { get; init; }

    /// <summary>The source, scanned once a run while the first workers are being connected.</summary>
    public required Task<Snapshot> Source { get; init; }

    public required StateStore Store { get; init; }

    public required IdentityKeeper Identity { get; init; }

    public required ConnectWorkerAhead ConnectAsync { get; init; }

    public required RunSiblings Siblings { get; init; }

    /// <summary>Null: every file is sent whole.</summary>
    public required SourceDeltas? Deltas { get; init; }

    /// <summary>Why a cancelled token was cancelled: Interrupted or MaxTime.</summary>
    public required Func<ErrorKind> StopReason { get; init; }

    public FlushMode Flush => Config.Durable ? FlushMode.Durable : FlushMode.Never;

    /// <summary>Why a plan must not be carried out; null when it may.</summary>
    public Refusal? Guard(SyncPlan plan, Snapshot source, Snapshot worker, Manifest? manifest) => SafetyRules.Check(new SafetyCase
    {
        Plan = plan,
        Source = source,
        Worker = worker,
        Manifest = manifest,
        Limits = new SafetyLimits(Config.MaxDelete, Config.AllowEmpty),
        PreviousMountPoints = Identity.MountPoints,
        HadMarker = Identity.HadMarker,
    });

    public void Tell(string worker, NoteLevel level, string message) => Context.Observer.On(new Note(level, message) { Worker = worker });
}
