using System.Numerics;

namespace DepSync.Delta;

/// <summary>
/// Finds the blocks of a signature by their content. Every look-up takes constant time whatever the blocks are: equal ones are held once, and what does not find a place
/// within a few steps (many blocks of one checksum) is left out, which costs bytes alone. Immutable; safe for concurrent use.
/// </summary>
internal sealed class BlockIndex
{
    /// <summary>Half full at most, so chance hardly ever makes a chain this long.</summary>
    private const int Steps = 16;

    /// <summary>With so many bits for each block a place that matches nothing goes on to the table one time in 16.</summary>
    private const int FilterBitsPerBlock = 16;

    private readonly BlockSignature _signature;
    private readonly long[] _offsets;
    private readonly int[] _byStrong;
    private readonly int[] _byWeak;
    private readonly ulong[] _filter;
    private readonly int _filterShift;

    public BlockIndex(BlockSignature signature)
    {
        _signature = signature;
        var slots = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(16, 2 * signature.Count));
        var bits = BitOperations.Log2((uint)slots) + BitOperations.Log2(FilterBitsPerBlock / 2);
        _offsets = new long[signature.Count];
        (_byStrong, _byWeak, _filter) = (new int[slots], new int[slots], new ulong[1 << (bits - 6)]);
        _filterShift = 32 - bits;
        var offset = 0L;
        for (var i = 0; i < signature.Count; i++)
        {
            _offsets[i] = offset;
            offset += signature.Lengths[i];
            Add(i);
        }
    }

    public BlockSignature Signature => _signature;

    /// <summary>Where the block begins in its file.</summary>
    public long OffsetOf(int block) => _offsets[block];

    /// <summary>A block of exactly this content, or -1.</summary>
    public int Find(ReadOnlySpan<byte> bytes) => Find(BlockSignature.StrongHash(bytes), bytes.Length);

    /// <summary>The weak checksum of a block of full size with this hash, if there is one.</summary>
    public uint? WeakOf(UInt128 strong, int length) => length == _signature.BlockSize && Find(strong, length) is var block and >= 0 ? _signature.Weak[block] : null;

    /// <summary>False: no block of full size has this weak checksum.</summary>
    public bool MayHave(uint weak)
    {
        var bit = Mix(weak) >> _filterShift;
        return (_filter[bit >> 6] >> (int)(bit & 63) & 1) != 0;
    }

    /// <summary>As <see cref="Find(ReadOnlySpan{byte})"/> for bytes of full size whose weak checksum is known. <paramref name="compared"/>: the strong hash had to be computed.</summary>
    public int Find(ReadOnlySpan<byte> bytes, uint weak, out bool compared)
    {
        UInt128 strong = default;
        compared = false;
        for (var step = 0; step < Steps; step++)
        {
            var block = _byWeak[Slot(Mix(weak), step)] - 1;
            if (block < 0)
            {
                return -1;
            }
            if (_signature.Weak[block] == weak)
            {
                strong = compared ? strong : BlockSignature.StrongHash(bytes);
                compared = true;
                if (Is(block, strong, bytes.Length))
                {
                    return block;
                }
            }
        }
        return -1;
    }

    private int Find(UInt128 strong, int length)
    {
        for (var step = 0; step < Steps; step++)
        {
            var block = _byStrong[Slot((uint)strong, step)] - 1;
            if (block < 0 || Is(block, strong, length))
            {
                return block;
            }
        }
        return -1;
    }

    private void Add(int block)
    {
        var strong = _signature.Strong[block];
        for (var step = 0; step < Steps; step++)
        {
            ref var slot = ref _byStrong[Slot((uint)strong, step)];
            if (slot != 0 && Is(slot - 1, strong, _signature.Lengths[block]))
            {
                return;
            }
            if (slot == 0)
            {
                slot = block + 1;
                AddWeak(block);
                return;
            }
        }
    }

    private void AddWeak(int block)
    {
        if (_signature.Lengths[block] != _signature.BlockSize)
        {
            return;
        }
        var weak = Mix(_signature.Weak[block]);
        for (var step = 0; step < Steps; step++)
        {
            ref var slot = ref _byWeak[Slot(weak, step)];
            if (slot == 0)
            {
                slot = block + 1;
                var bit = weak >> _filterShift;
                _filter[bit >> 6] |= 1ul << (int)(bit & 63);
                return;
            }
        }
    }

    private bool Is(int block, UInt128 strong, int length) => _signature.Strong[block] == strong && _signature.Lengths[block] == length;

    private int Slot(uint hash, int step) => (int)((hash + (uint)step) & (uint)(_byStrong.Length - 1));

    /// <summary>The polynomial's low bits are weak; a multiplication takes the high ones along.</summary>
    private static uint Mix(uint weak) => (weak ^ (weak >> 15)) * 0x85EBCA6B;
}
