namespace DepSync.Delta;

/// <summary>Makes the signature of a file of known length from its bytes, in order and in pieces of any size. Not safe for concurrent use.</summary>
/// <remarks>The weak checksum takes longer than all the rest together, so that of a block that an older version has too is taken from <c>known</c>.</remarks>
internal sealed class SignatureBuilder
{
    /// <summary>A file that consists of headers would be cut to crumbs; from here on there are blocks of full size only, and the signature stays below a tenth of the file.</summary>
    private const int AverageBlock = 256;

    private const int FreeBlocks = 256;

    private readonly int _blockSize;
    private readonly BlockIndex? _known;
    private readonly SlidingBytes _window;
    private readonly List<int> _lengths;
    private readonly List<uint> _weak;
    private readonly List<UInt128> _strong;
    private long _position;

    public SignatureBuilder(long fileLength, BlockIndex? known = null)
    {
        _blockSize = BlockSignature.BlockSizeFor(fileLength);
        _known = known;
        _window = new SlidingBytes(Math.Max(128 * 1024, 4 * _blockSize));
        var blocks = (int)Math.Min(fileLength / _blockSize, 1 << 20) + 1;
        (_lengths, _weak, _strong) = (new List<int>(blocks), new List<uint>(blocks), new List<UInt128>(blocks));
    }

    public void Append(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            _window.Take(ref bytes);
            Cut(_blockSize + BlockCutter.Lookahead);
        }
    }

    public BlockSignature Finish()
    {
        Cut(1);
        return new BlockSignature(_blockSize, [.. _lengths], [.. _weak], [.. _strong]);
    }

    private void Cut(int needed)
    {
        while (_window.Seen.Length >= needed)
        {
            var seen = _window.Seen;
            var mayCut = (_lengths.Count - FreeBlocks) * (long)AverageBlock <= _position;
            var block = seen[..(mayCut ? BlockCutter.Cut(seen, _blockSize) : Math.Min(_blockSize, seen.Length))];
            var strong = BlockSignature.StrongHash(block);
            _lengths.Add(block.Length);
            _weak.Add(block.Length == _blockSize ? _known?.WeakOf(strong, block.Length) ?? RollingChecksum.Of(block) : 0);
            _strong.Add(strong);
            _position += block.Length;
            _window.Skip(block.Length);
        }
    }
}
