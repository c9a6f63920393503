using DepSync.Model;

namespace DepSync.Release;

/// <summary>
/// The manifest that run <paramref name="Number"/> leaves when the worker holds exactly the source behind it, written before that is known. It may be published only where
/// <see cref="Holds"/>. Immutable; pure.
/// </summary>
internal sealed record ManifestAhead(long Number, long Generation, ReadOnlyMemory<byte> Bytes, Digest Digest)
{
    /// <summary>What the worker had; its identity counts.</summary>
    private Manifest? Previous { get; init; }

    /// <summary>Likewise.</summary>
    private Snapshot? Source { get; init; }

    /// <summary>Null where the source alone does not tell what will be recorded.</summary>
    public static ManifestAhead? Of(Snapshot source, Manifest? previous, long number)
    {
        if (!ManifestBuilder.IsReadWhole(source))
        {
            return null;
        }
        var generation = ManifestBuilder.TellsTheSame(previous, source.Records) ? previous!.Generation : number;
        var bytes = source.Records.Write(number, generation);
        return new ManifestAhead(number, generation, bytes, Digest.Of(bytes.Span)) { Previous = previous, Source = source };
    }

    /// <summary>Whether it was written for that run, and for a worker that had that manifest.</summary>
    public bool IsFor(long number, Manifest? previous) => number == Number && ReferenceEquals(previous, Previous);

    /// <summary>Whether it is byte for byte what is to be recorded of a push that ended so; nothing else may be published.</summary>
    public bool Holds(long number, ManifestCase ended) => IsFor(number, ended.Previous) && ReferenceEquals(ended.Source, Source) && ManifestBuilder.LeavesSource(ended);
}
