namespace DepSync.Model;

/// <summary>Which names of the source a worker's filesystem takes for others, because it ignores case or stores accents in one form. Immutable; empty on most workers.</summary>
internal sealed record WorkerNames
{
    public static WorkerNames AsWritten { get; } = new();

    /// <summary>Names of the source that cannot be on the worker beside the one they are mapped to, which has their place.</summary>
    public IReadOnlyDictionary<RelativePath, RelativePath> Taken { get; init; } = new Dictionary<RelativePath, RelativePath>();

    /// <summary>Names of the source that stand on the worker in the other form that they are mapped to; the snapshot has them as the source writes them.</summary>
    public IReadOnlyDictionary<RelativePath, RelativePath> Variants { get; init; } = new Dictionary<RelativePath, RelativePath>();

    /// <summary>Whether the name, or that of a folder above it, is taken.</summary>
    public bool IsTaken(RelativePath path)
    {
        for (var folder = path; Taken.Count > 0 && !folder.IsRoot; folder = folder.Parent)
        {
            if (Taken.ContainsKey(folder))
            {
                return true;
            }
        }
        return false;
    }
}
