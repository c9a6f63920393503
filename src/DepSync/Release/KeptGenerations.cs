using DepSync.Model;
using DepSync.Workers;

namespace DepSync.Release;

/// <summary>The generations that a worker keeps, and the drift repairs below them. Immutable.</summary>
internal sealed record KeptGenerations(IReadOnlyList<long> Generations, IReadOnlyList<(long Generation, long Number)> Repairs)
{
    public KeptGenerations With(KeptGenerations added) => new([.. Generations.Union(added.Generations)], [.. Repairs.Union(added.Repairs)]);

    /// <summary>What is there besides the newest <paramref name="keep"/> generations and as many of the newest repairs; repairs first, because they may lie in a generation that goes too.</summary>
    public IEnumerable<RelativePath> Beyond(int keep) =>
        Repairs.OrderByDescending(repair => repair.Number).Skip(keep).Select(repair => WorkerLayout.DriftRepair(repair.Generation, repair.Number))
            .Concat(Generations.OrderDescending().Skip(keep).Select(WorkerLayout.Generation));
}
