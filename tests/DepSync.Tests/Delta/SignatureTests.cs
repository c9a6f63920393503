using DepSync.Delta;

namespace DepSync.Tests.Delta;

public sealed class SignatureTests
{
    private const int Block = BlockSignature.SmallestBlock;

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(Block)]
    [InlineData((50 * Block) + 7)]
    public void Signature_is_the_same_after_it_was_written_and_read(int length)
    {
        var signature = Sign(Bytes(1, length));
        var read = SignatureFormat.Read(SignatureFormat.Write(signature))!;
        Assert.Equal(signature.BlockSize, read.BlockSize);
        Assert.Equal(length, read.Length);
        Assert.True(signature.Lengths.SequenceEqual(read.Lengths) && signature.Weak.SequenceEqual(read.Weak) && signature.Strong.SequenceEqual(read.Strong));
    }

    [Fact]
    public void Damaged_signature_is_none_wherever_the_damage_is()
    {
        var bytes = SignatureFormat.Write(Sign(Bytes(1, 10 * Block)));
        for (var i = 0; i < bytes.Length; i++)
        {
            bytes[i] ^= 0x10;
            Assert.Null(SignatureFormat.Read(bytes));
            Assert.Null(SignatureFormat.Read(bytes.AsSpan(0, i)));
            bytes[i] ^= 0x10;
        }
        Assert.NotNull(SignatureFormat.Read(bytes));
        Assert.Null(SignatureFormat.Read([.. bytes, 0]));
    }

    [Theory]
    [InlineData(16)]
    [InlineData(31)]
    [InlineData(Block)]
    [InlineData(Block + 5)]
    public void Checksum_moved_on_by_a_byte_is_that_of_the_moved_block(int length)
    {
        var bytes = Bytes(3, 2 * length);
        var weight = RollingChecksum.Power(length);
        var sum = RollingChecksum.Of(bytes.AsSpan(0, length));
        for (var i = 0; i < length; i++)
        {
            sum = RollingChecksum.Move(sum, weight, bytes[i], bytes[i + length]);
            Assert.Equal(RollingChecksum.Of(bytes.AsSpan(i + 1, length)), sum);
        }
    }

    /// <summary>Signatures of earlier runs are on disk: the checksum is what it always was.</summary>
    [Fact]
    public void Checksum_is_the_polynomial_of_the_bytes_whatever_their_number_and_the_processor()
    {
        var bytes = Bytes(4, Block + 100);
        var expected = 0u;
        for (var length = 0; length < bytes.Length; expected = (expected * 0x9E3779B1) + bytes[length++])
        {
            Assert.Equal(expected, RollingChecksum.Of(bytes.AsSpan(0, length)));
            if (length > 0 && length % 64 == 0)
            {
                Assert.Equal(expected, RollingChecksum.OfWhole(bytes.AsSpan(0, length)));
            }
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(20 * Block)]
    [InlineData((20 * Block) + 77)]
    public void Signature_is_the_same_with_an_older_version_at_hand(int changed)
    {
        byte[] archive = [.. Bytes(1, 40 * Block), .. "PK\x03\x04"u8, .. new byte[22], 5, 0, 3, 0, .. "a.txt"u8, 1, 2, 3, .. Bytes(2, 5000)];
        var older = archive.ToArray();
        older[changed] ^= 1;
        var builder = new SignatureBuilder(archive.Length, new BlockIndex(Sign(older)));
        builder.Append(archive);
        Assert.Equal(SignatureFormat.Write(Sign(archive)), SignatureFormat.Write(builder.Finish()));
    }

    [Fact]
    public void Blocks_are_cut_at_archive_headers_and_at_the_block_size()
    {
        byte[] header = [.. "PK\x03\x04"u8, .. new byte[22], 5, 0, 3, 0, .. "a.txt"u8, 1, 2, 3];
        byte[] bytes = [.. header, .. Bytes(1, 5000), .. header, .. header, .. Bytes(2, 10), .. "PK\x03\x04 is no header"u8];
        Assert.Equal([38, Block, 5000 - Block, 38, 38, 27], Sign(bytes).Lengths.ToArray());
    }

    [Fact]
    public void File_made_of_headers_does_not_make_a_signature_as_large_as_itself()
    {
        byte[] header = [.. "PK\x03\x04"u8, .. new byte[22], 1, 0, 0, 0, (byte)'a'];
        var bytes = Enumerable.Repeat(header, 100_000).SelectMany(part => part).ToArray();
        Assert.InRange(Sign(bytes).Count, 1, (bytes.Length / 256) + 300);
    }

    [Fact]
    public void Larger_files_have_larger_blocks()
    {
        Assert.Equal(Block, BlockSignature.BlockSizeFor(0));
        Assert.Equal(Block, BlockSignature.BlockSizeFor(4L << 30));
        Assert.Equal(2 * Block, BlockSignature.BlockSizeFor(5L << 30));
        Assert.InRange((1L << 40) / BlockSignature.BlockSizeFor(1L << 40), 1, 1 << 20);
    }

    /// <summary>Counts the work, not the time: an old version of which every block has the weak checksum that every place of the new one has.</summary>
    [Fact]
    public void Blocks_of_one_weak_checksum_are_compared_a_bounded_number_of_times()
    {
        var bytes = Bytes(1, 3000 * 64);
        var strong = Enumerable.Range(0, 3000).Select(i => BlockSignature.StrongHash(bytes.AsSpan(i * 64, 64))).ToArray();
        var weak = RollingChecksum.Of(new byte[Block]);
        var index = new BlockIndex(new BlockSignature(Block, [.. Enumerable.Repeat(Block, strong.Length)], [.. Enumerable.Repeat(weak, strong.Length)], strong));
        var builder = new DeltaBuilder(index);
        builder.Append(new byte[2_000_000]);
        builder.Finish();
        Assert.Equal(2_000_000, builder.Delta.DataBytes);
        Assert.InRange(builder.FalseHits, 1, 1024 + (2_000_000 / 256) + 1);
    }

    private static BlockSignature Sign(byte[] bytes)
    {
        var builder = new SignatureBuilder(bytes.Length);
        builder.Append(bytes);
        return builder.Finish();
    }

    private static byte[] Bytes(int seed, int length)
    {
        var bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }
}
