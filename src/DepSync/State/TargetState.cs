using DepSync.Model;

namespace DepSync.State;

/// <summary>What this manager remembers of one target, whatever the worker is called. Immutable; stored by <see cref="StateStore"/>.</summary>
internal sealed record TargetState
{
    public const int CurrentSchema = 1;

    public required int Schema { get; init; }

    /// <summary>The key under which it is stored.</summary>
    public required string Target { get; init; }

    /// <summary>The highest run number used: raised and stored before the run folder is made.</summary>
    public long Number { get; init; }

    /// <summary>The generation that the target showed last; null when it never showed one.</summary>
    public long? Generation { get; init; }

    public RunStamp? LastRun { get; init; }

    public WorkerStatus? LastStatus { get; init; }

    /// <summary>The last run after which the target equalled the source.</summary>
    public RunStamp? LastGood { get; init; }

    /// <summary>Where it was the last time that it was reached over a network, byte for byte: advice. Null when it was not.</summary>
    public string? CanonicalPath { get; init; }

    /// <summary>How long an answer took then: advice.</summary>
    public long? RoundTripMs { get; init; }

    /// <summary>Whether it was pushed to successfully once: its absence is then no first contact.</summary>
    public bool Known { get; init; }

    /// <summary>The state of a target that was never contacted.</summary>
    public static TargetState Create(string target) => new() { Schema = CurrentSchema, Target = target };
}
