using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace DepSync.Delta;

/// <summary>
/// The weak checksum of a block: a polynomial of its bytes modulo 2^32, which can be moved on by a byte in constant time. It only tells where it is worth to look closer. Pure.
/// </summary>
internal static class RollingChecksum
{
    /// <summary>Odd, so that no byte's weight becomes zero, and with bits everywhere, so that a byte reaches the upper half at once.</summary>
    private const uint Base = 0x9E3779B1;

    /// <summary>Bytes that are taken in one step: each lane takes every so many-th, so that no multiplication waits for another one.</summary>
    private const int Step = 64;

    /// <summary>The weights of the lanes at the end, in the order of their bytes.</summary>
    private static readonly uint[] LaneWeights = [.. Enumerable.Range(0, Step).Select(lane => Power(Step - 1 - lane))];

    public static uint Of(ReadOnlySpan<byte> block)
    {
        var whole = block.Length - (block.Length % Step);
        var sum = whole == 0 ? 0 : Avx2.IsSupported ? OfWholeByAvx2(block[..whole]) : OfWhole(block[..whole]);
        foreach (var last in block[whole..])
        {
            sum = (sum * Base) + last;
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

    /// <summary>As <see cref="Of"/> for a whole number of steps, on any processor.</summary>
    internal static uint OfWhole(ReadOnlySpan<byte> block)
    {
        Span<Vector128<uint>> lanes = stackalloc Vector128<uint>[Step / 4];
        lanes.Clear();
        var step = Vector128.Create(Power(Step));
        for (; !block.IsEmpty; block = block[Step..])
        {
            for (var i = 0; i < lanes.Length; i += 4)
            {
                var (lower, upper) = Vector128.Widen(Vector128.Create(block.Slice(4 * i, Vector128<byte>.Count)));
                var (first, second) = Vector128.Widen(lower);
                var (third, fourth) = Vector128.Widen(upper);
                lanes[i] = (lanes[i] * step) + first;
                lanes[i + 1] = (lanes[i + 1] * step) + second;
                lanes[i + 2] = (lanes[i + 2] * step) + third;
                lanes[i + 3] = (lanes[i + 3] * step) + fourth;
            }
        }
        return Total(MemoryMarshal.Cast<Vector128<uint>, uint>(lanes));
    }

    private static uint OfWholeByAvx2(ReadOnlySpan<byte> block)
    {
        Vector256<int> a = default, b = default, c = default, d = default, e = default, f = default, g = default, h = default;
        var step = Vector256.Create((int)Power(Step));
        ref var bytes = ref MemoryMarshal.GetReference(block);
        for (nuint i = 0; i < (nuint)block.Length; i += Step)
        {
            a = Avx2.Add(Avx2.MultiplyLow(a, step), Eight(ref bytes, i));
            b = Avx2.Add(Avx2.MultiplyLow(b, step), Eight(ref bytes, i + 8));
            c = Avx2.Add(Avx2.MultiplyLow(c, step), Eight(ref bytes, i + 16));
            d = Avx2.Add(Avx2.MultiplyLow(d, step), Eight(ref bytes, i + 24));
            e = Avx2.Add(Avx2.MultiplyLow(e, step), Eight(ref bytes, i + 32));
            f = Avx2.Add(Avx2.MultiplyLow(f, step), Eight(ref bytes, i + 40));
            g = Avx2.Add(Avx2.MultiplyLow(g, step), Eight(ref bytes, i + 48));
            h = Avx2.Add(Avx2.MultiplyLow(h, step), Eight(ref bytes, i + 56));
        }
        ReadOnlySpan<Vector256<int>> lanes = [a, b, c, d, e, f, g, h];
        return Total(MemoryMarshal.Cast<Vector256<int>, uint>(lanes));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Eight(ref byte bytes, nuint offset) =>
        Avx2.ConvertToVector256Int32(Vector128.CreateScalarUnsafe(Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref bytes, offset))).AsByte());

    private static uint Total(ReadOnlySpan<uint> lanes)
    {
        var sum = 0u;
        for (var i = 0; i < lanes.Length; i++)
        {
            sum += lanes[i] * LaneWeights[i];
        }
        return sum;
    }
}
