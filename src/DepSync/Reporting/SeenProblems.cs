using DepSync.Model;

namespace DepSync.Reporting;

/// <summary>
/// The problems of a run, each once: one that was raised when it happened comes again in its worker's result. Not safe for concurrent calls.
/// </summary>
internal sealed class SeenProblems
{
    private readonly HashSet<(string? Worker, Problem Problem)> _seen = [];

    /// <summary>False when this worker's problem (null: the source's) was seen before.</summary>
    public bool Add(string? worker, Problem problem) => _seen.Add((worker, problem));
}
