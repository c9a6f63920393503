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
    /// <summary>False when <paramref name="next"/> does not go on where this ends; nothing goes on where nothing is.</summary>
    public bool TryJoin(DeltaOperation next, out DeltaOperation joined)
    {
        joined = this with { Length = Length + next.Length };
        return Length > 0 && next.Kind == Kind && next.Offset == Offset + Length;
    }
}
