using BenchmarkDotNet.Attributes;
using DepSync.Delta;

namespace DepSync.Benchmarks;

/// <summary>What a delta costs on the manager: 64 MiB signed, compared where little changed, and searched at every place where nothing is found.</summary>
[InProcess, MemoryDiagnoser]
public class DeltaBenchmarks
{
    private const int Length = 64 << 20;
    private const int Piece = 256 * 1024;

    private readonly byte[] _old = new byte[Length];
    private readonly byte[] _scattered = new byte[Length];
    private readonly byte[] _foreign = new byte[Length];
    private BlockIndex? _index;
    private BlockIndex? _colliding;
    private byte[] _stored = [];

    [GlobalSetup]
    public void Setup()
    {
        var random = new Random(1);
        random.NextBytes(_old);
        random.NextBytes(_foreign);
        _old.CopyTo(_scattered, 0);
        for (var i = 0; i < Length / BlockSignature.SmallestBlock / 100; i++)
        {
            random.NextBytes(_scattered.AsSpan(random.Next(Length / BlockSignature.SmallestBlock) * BlockSignature.SmallestBlock, BlockSignature.SmallestBlock));
        }
        var signature = Signed();
        _index = new BlockIndex(signature);
        _stored = SignatureFormat.Write(signature);
        var weak = RollingChecksum.Of(new byte[BlockSignature.SmallestBlock]);
        _colliding = new BlockIndex(new BlockSignature(
            BlockSignature.SmallestBlock, signature.Lengths.ToArray(), [.. Enumerable.Repeat(weak, signature.Count)], signature.Strong.ToArray()));
    }

    [Benchmark]
    public int Sign() => Signed().Count;

    [Benchmark]
    public long CompareInSequence() => Delta(_index!, _scattered);

    [Benchmark]
    public long SearchAndFindNothing() => Delta(_index!, _foreign);

    /// <summary>Zeros against an old version of which every block has the checksum of zeros.</summary>
    [Benchmark]
    public long SearchAmongCollidingChecksums() => Delta(_colliding!, new byte[Length]);

    [Benchmark]
    public bool ReadStored() => SignatureFormat.Read(_stored) is not null;

    private BlockSignature Signed()
    {
        var builder = new SignatureBuilder(Length);
        InPieces(_old, builder.Append);
        return builder.Finish();
    }

    private static long Delta(BlockIndex index, byte[] bytes)
    {
        var builder = new DeltaBuilder(index);
        InPieces(bytes, builder.Append);
        builder.Finish();
        return builder.Delta.DataBytes;
    }

    private static void InPieces(byte[] bytes, Action<ReadOnlySpan<byte>> append)
    {
        for (var from = 0; from < bytes.Length; from += Piece)
        {
            append(bytes.AsSpan(from, Piece));
        }
    }
}
