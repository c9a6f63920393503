using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace DepSync.Delta;

/// <summary>
/// The weak checksum of a block: a polynomial of its bytes modulo 2^32, which can be moved on by a byte in constant time. It only tells where it is worth to look closer. Pure.
/// </summary>
internal static class RollingChecksum
{
    /// <summary>Odd, so that no byte's weight becomes zero, and with bits everywhere, so that a byte reaches the upper half at once.</summary>
    private const uint Base = 0x9E3779B1;

    private static readonly uint StepBase = Power(Vector128<byte>.Count);

    private static readonly Vector128<uint>[] LaneWeights = [Weights(0), Weights(4), Weights(8), Weights(12)];

    public static uint Of(ReadOnlySpan<byte> block)
    {
        Vector128<uint> a = default, b = default, c = default, d = default;
        ref var bytes = ref MemoryMarshal.GetReference(block);
        var whole = block.Length & -Vector128<byte>.Count;
        for (var i = 0; i < whole; i += Vector128<byte>.Count)
        {
            var (lower, upper) = Vector128.Widen(Vector128.LoadUnsafe(ref bytes, (nuint)i));
            var (first, second) = Vector128.Widen(lower);
            var (third, fourth) = Vector128.Widen(upper);
            a = (a * StepBase) + first;
            b = (b * StepBase) + second;
            c = (c * StepBase) + third;
            d = (d * StepBase) + fourth;
        }
        var sum = Vector128.Sum((a * LaneWeights[0]) + (b * LaneWeights[1]) + (c * LaneWeights[2]) + (d * LaneWeights[3]));
        for (var i = whole; i < block.Length; i++)
        {
            sum = (sum * Base) + block[i];
        }
        return sum;
    }

    /// <summary>The checksum of the block one byte further. <paramref name="weight"/>: <see cref="Power"/> of the block's length.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Move(uint sum, uint weight, byte leaving, byte entering) => (sum * Base) + (entering - (leaving * weight));

    /// <summary>The weight of a byte so many places before the end of a block.</summary>
    public static uint Power(int exponent)
    {
        var power = 1u;
        for (var i = 0; i < exponent; i++)
        {
            power *= Base;
        }
        return power;
    }

    private static Vector128<uint> Weights(int lane)
    {
        var last = Vector128<byte>.Count - 1 - lane;
        return Vector128.Create(Power(last), Power(last - 1), Power(last - 2), Power(last - 3));
    }
}
