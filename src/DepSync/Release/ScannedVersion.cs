using DepSync.Delta;
using DepSync.Model;
using DepSync.Scanning;

namespace DepSync.Release;

/// <summary>
/// Signs a version of a file while the scan hashes it, and compares it with the one that was there at the scan before: most likely that is the one the workers hold, and then the difference is known as
/// soon as it is known that there is one. Nothing is kept of a version that was not read to its end. Not safe for concurrent use.
/// </summary>
internal sealed class ScannedVersion : IContentObservation
{
    private readonly SourceDeltas _deltas;
    private readonly long _size;
    private readonly Digest? _before;
    private readonly DeltaBuilder? _builder;
    private readonly SignatureBuilder _signature;

    /// <param name="deltas">Gets what was found out.</param>
    /// <param name="size">Of the file, in bytes.</param>
    /// <param name="before">The old version and its signature; null when there is nothing to compare with.</param>
    public ScannedVersion(SourceDeltas deltas, long size, (Digest Version, BlockSignature Signature)? before)
    {
        var index = before is { } known ? new BlockIndex(known.Signature) : null;
        (_deltas, _size, _before) = (deltas, size, before?.Version);
        _builder = index is null ? null : new DeltaBuilder(index);
        _signature = new SignatureBuilder(size, index);
    }

    private bool IsCompared => _builder is not null && SourceDeltas.IsWorthIt(_builder.Delta.DataBytes, _size);

    public void Append(ReadOnlySpan<byte> bytes)
    {
        _signature.Append(bytes);
        if (IsCompared)
        {
            _builder!.Append(bytes);
        }
    }

    public void Finish(Digest digest)
    {
        _deltas.Save(digest, _signature.Finish());
        if (_before is not { } before || before == digest)
        {
            return;
        }
        if (IsCompared)
        {
            _builder!.Finish();
        }
        _deltas.Add(before, digest, IsCompared ? _builder!.Delta : null);
    }
}
