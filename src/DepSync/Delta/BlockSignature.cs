using System.IO.Hashing;
using System.Numerics;

namespace DepSync.Delta;

/// <summary>
/// What is known of one version of a file without its bytes: the blocks that it is cut into, each with its length, a weak checksum to search by and a strong 128-bit hash. 24 bytes a block,
/// 0.6 % of the file. The strong hash (XxHash128) is quick, not cryptographic: two blocks that were made to collide give a wrong file, which the SHA-256 of the whole, checked before
/// anything is committed, finds out; so a collision costs a resend. Immutable.
/// </summary>
internal sealed class BlockSignature
{
    /// <summary>
    /// Measured with 1 % of the pages of 512 MiB changed: 4 KiB blocks send 5.5 MB, content-defined ones of 8 KiB on average 24.7 MB. Smaller blocks would send less and remember more.
    /// </summary>
    public const int SmallestBlock = 4096;

    /// <summary>Larger files get larger blocks, so that a signature takes at most 24 MiB or so.</summary>
    private const int MostBlocks = 1 << 20;

    private readonly int[] _lengths;
    private readonly uint[] _weak;
    private readonly UInt128[] _strong;

    /// <exception cref="ArgumentException">The lists differ in length, or a length is not between 1 and <paramref name="blockSize"/>.</exception>
    public BlockSignature(int blockSize, int[] lengths, uint[] weak, UInt128[] strong)
    {
        if (lengths.Length != weak.Length || lengths.Length != strong.Length || Array.Exists(lengths, length => length < 1 || length > blockSize))
        {
            throw new ArgumentException("These are no blocks of a file.", nameof(lengths));
        }
        BlockSize = blockSize;
        (_lengths, _weak, _strong) = (lengths, weak, strong);
        Length = lengths.Sum(length => (long)length);
    }

    /// <summary>The longest block; only those of this length are searched for at any place.</summary>
    public int BlockSize { get; }

    public int Count => _lengths.Length;

    /// <summary>Of the file.</summary>
    public long Length { get; }

    public ReadOnlySpan<int> Lengths => _lengths;

    /// <summary>0 for a block that is shorter than <see cref="BlockSize"/>.</summary>
    public ReadOnlySpan<uint> Weak => _weak;

    public ReadOnlySpan<UInt128> Strong => _strong;

    public static int BlockSizeFor(long fileLength) => (int)Math.Max(SmallestBlock, Math.Min(1 << 30, (long)BitOperations.RoundUpToPowerOf2((ulong)(fileLength / MostBlocks))));

    public static UInt128 StrongHash(ReadOnlySpan<byte> block) => XxHash128.HashToUInt128(block);
}
