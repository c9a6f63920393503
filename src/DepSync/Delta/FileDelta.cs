namespace DepSync.Delta;

/// <summary>How a new version of a file is made from an old one. Immutable.</summary>
internal sealed class FileDelta
{
    /// <summary>
    /// A copy of fewer bytes is sent as data: the request, its check and the second write that it makes necessary take about 110 bytes, and the server's time of some KB.
    /// </summary>
    private const int ShortestCopy = 512;

    /// <summary>The operations are taken as they are, apart from neighbours that are joined and copies that are not worth a request.</summary>
    public FileDelta(IEnumerable<DeltaOperation> operations)
    {
        var position = 0L;
        var steps = new List<DeltaOperation>();
        foreach (var operation in Joined(operations))
        {
            var isShort = operation is { Kind: DeltaKind.Copy, Length: < ShortestCopy };
            (isShort ? new DeltaOperation(DeltaKind.Data, position, operation.Length) : operation).AddTo(steps);
            position += operation.Length;
        }
        Operations = steps;
        Length = position;
        DataBytes = steps.Where(step => step.Kind == DeltaKind.Data).Sum(step => step.Length);
    }

    public IReadOnlyList<DeltaOperation> Operations { get; }

    /// <summary>Of the new version.</summary>
    public long Length { get; }

    /// <summary>Bytes that must be sent.</summary>
    public long DataBytes { get; }

    /// <summary>The whole of a file that is there under another name.</summary>
    public static FileDelta WholeCopy(long length) => new([new DeltaOperation(DeltaKind.Copy, 0, length)]);

    private static List<DeltaOperation> Joined(IEnumerable<DeltaOperation> operations)
    {
        var joined = new List<DeltaOperation>();
        foreach (var operation in operations)
        {
            operation.AddTo(joined);
        }
        return joined;
    }
}
