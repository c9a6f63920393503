namespace DepSync.Delta;

/// <summary>
/// Finds the blocks of an old version in the bytes of a new one, which are given in order and in pieces of any size. The block that followed the last one found is tried first; then the
/// one that a cut makes here; then, in what is left, every place. Takes time in proportion to the bytes, whatever they are. Not safe for concurrent use.
/// </summary>
internal sealed class DeltaBuilder
{
    /// <summary>
    /// Places whose weak checksum is a block's and whose bytes are not: chance makes one in millions. More than this, and one in 256 bytes, were made on purpose, and each costs the hash
    /// of a block, so no more places are tried; what is at a cut or follows a block is still found.
    /// </summary>
    private const int FreeFalseHits = 1024;

    private const int BytesPerFalseHit = 256;

    private readonly BlockIndex _index;
    private readonly SlidingBytes _window;
    private readonly int _blockSize;
    private readonly uint _weight;
    private long _position;

    /// <summary>The old block that would come next if nothing had changed.</summary>
    private int _expected;

    public DeltaBuilder(BlockIndex index)
    {
        _index = index;
        _blockSize = index.Signature.BlockSize;
        _weight = RollingChecksum.Power(_blockSize);
        _window = new SlidingBytes(Math.Max(256 * 1024, 8 * _blockSize));
    }

    /// <summary>What was found; nothing is given out but by who appends, who also ends it.</summary>
    public FileDelta Delta { get; } = new();

    /// <summary>How often a block was hashed in vain.</summary>
    public int FalseHits { get; private set; }

    private bool HasTooManyFalseHits => FalseHits > FreeFalseHits + (_position / BytesPerFalseHit);

    public void Append(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            _window.Take(ref bytes);
            Match((2 * _blockSize) + BlockCutter.Lookahead);
        }
    }

    /// <summary>There are no more bytes.</summary>
    public void Finish() => Match(1);

    private void Match(int needed)
    {
        while (_window.Seen is var seen && seen.Length >= needed)
        {
            if (IsExpected(seen))
            {
                Copy(_expected);
                continue;
            }
            var cut = BlockCutter.Cut(seen, _blockSize);
            if (_index.Find(seen[..cut]) is var aligned and >= 0)
            {
                Copy(aligned);
                continue;
            }
            var found = Search(seen, cut, out var skipped);
            Skip(skipped);
            if (found >= 0)
            {
                Copy(found);
            }
            else if (_expected < _index.Signature.Count && _index.Signature.Lengths[_expected] == cut)
            {
                // Most likely it was changed in place.
                _expected++;
            }
        }
    }

    private bool IsExpected(ReadOnlySpan<byte> seen) =>
        _expected < _index.Signature.Count
        && _index.Signature.Lengths[_expected] is var length && length <= seen.Length
        && _index.Signature.Strong[_expected] == BlockSignature.StrongHash(seen[..length]);

    /// <summary>The first block that begins within the next <paramref name="cut"/> bytes, or -1; <paramref name="skipped"/>: what lies before it.</summary>
    private int Search(ReadOnlySpan<byte> seen, int cut, out int skipped)
    {
        var last = Math.Min(cut - 1, seen.Length - _blockSize);
        skipped = cut;
        if (last < 1 || HasTooManyFalseHits)
        {
            return -1;
        }
        var weak = RollingChecksum.Of(seen[.._blockSize]);
        var leaving = seen[..last];
        var entering = seen.Slice(_blockSize, last);
        for (var i = 0; i < leaving.Length; i++)
        {
            weak = RollingChecksum.Move(weak, _weight, leaving[i], entering[i]);
            if (!_index.MayHave(weak))
            {
                continue;
            }
            var block = _index.Find(seen.Slice(i + 1, _blockSize), weak, out var compared);
            if (block >= 0)
            {
                skipped = i + 1;
                return block;
            }
            FalseHits += compared ? 1 : 0;
            if (compared && HasTooManyFalseHits)
            {
                break;
            }
        }
        return -1;
    }

    private void Copy(int block)
    {
        var length = _index.Signature.Lengths[block];
        Add(new DeltaOperation(DeltaKind.Copy, _index.OffsetOf(block), length));
        _expected = block + 1;
    }

    private void Skip(int length)
    {
        Add(new DeltaOperation(DeltaKind.Data, _position, length));
    }

    private void Add(DeltaOperation operation)
    {
        Delta.Add(operation);
        _position += operation.Length;
        _window.Skip((int)operation.Length);
    }
}
