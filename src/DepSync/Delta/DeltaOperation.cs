namespace DepSync.Delta;

internal enum DeltaKind : byte
{
    /// <summary>From the old version.</summary>
    Copy,

    /// <summary>Bytes of the new version that the old one has not.</summary>
    Data,
}

/// <summary>
/// One step of making a new version; each goes on where the one before ended. <paramref name="Offset"/> is in the old version for <see cref="DeltaKind.Copy"/>, in the new one for
/// <see cref="DeltaKind.Data"/>.
/// </summary>
internal readonly record struct DeltaOperation(DeltaKind Kind, long Offset, long Length)
{
    /// <summary>Puts this behind the others; what goes on where the last one ended is joined with it.</summary>
    public void AddTo(List<DeltaOperation> operations)
    {
        if (operations.Count > 0 && operations[^1] is var last && last.Kind == Kind && last.Offset + last.Length == Offset)
        {
            operations[^1] = last with { Length = last.Length + Length };
        }
        else if (Length > 0)
        {
            operations.Add(this);
        }
    }
}
