using DepSync.Model;

namespace DepSync.Release;

/// <summary>What a commit did. Every change of the plan is in exactly one of <see cref="Done"/>, <see cref="Held"/> or, by its path, <see cref="Failed"/>.</summary>
internal sealed record CommitOutcome
{
    public required IReadOnlyList<Change> Done { get; init; }

    /// <summary>Removals that were left out because something that was to arrive in the same top folder did not.</summary>
    public required IReadOnlyList<Change> Held { get; init; }

    public required IReadOnlySet<RelativePath> Failed { get; init; }

    public required IReadOnlyList<Problem> Problems { get; init; }

    /// <summary>Mtimes of directories that belong to somebody else, as they are on the worker now.</summary>
    public required IReadOnlyDictionary<RelativePath, long> LeftSeconds { get; init; }

    /// <summary>Whether something that was replaced or removed lies in <c>old/</c> now for certain; what was done and called a failure may lie there too.</summary>
    public bool HasKept { get; init; }

    /// <summary>From the first rename in the live tree to the last.</summary>
    public required TimeSpan LiveTime { get; init; }
}
