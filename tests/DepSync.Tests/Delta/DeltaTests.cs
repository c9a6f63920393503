using System.IO.Compression;
using DepSync.Delta;

namespace DepSync.Tests.Delta;

/// <summary>Whatever the two versions are, the old one patched with the delta is the new one; and what is equal is found where it went.</summary>
public sealed class DeltaTests
{
    private const int Block = BlockSignature.SmallestBlock;

    private enum Edit
    {
        Overwrite,
        Insert,
        Remove,
        Move,
        Repeat,
    }

    public static TheoryData<int> Seeds => [.. Enumerable.Range(1, 60)];

    [Theory, MemberData(nameof(Seeds))]
    public void Old_version_patched_with_the_delta_is_the_new_one(int seed)
    {
        var random = new Random(seed);
        var old = Bytes(random, random.Next(0, 40 * Block), random.Next(4) == 0 ? 2 : 256);
        var edited = old;
        for (var edits = random.Next(0, 6); edits > 0; edits--)
        {
            edited = Edited(edited, (Edit)random.Next(5), random);
        }
        AssertPatches(old, edited, random);
        AssertPatches(edited, old, random);
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(0, 1)]
    [InlineData(1, 0)]
    [InlineData(1, 1)]
    [InlineData(Block - 1, Block)]
    [InlineData(Block, Block + 1)]
    [InlineData(Block + 1, Block)]
    [InlineData((2 * Block) + 29, (2 * Block) + 31)]
    public void Lengths_around_a_block_are_patched(int oldLength, int newLength)
    {
        var random = new Random(oldLength);
        AssertPatches(Bytes(random, oldLength), Bytes(new Random(oldLength), newLength), random);
    }

    [Fact]
    public void Equal_version_is_one_copy()
    {
        var old = Bytes(new Random(1), 300_000);
        Assert.Equal([new DeltaOperation(DeltaKind.Copy, 0, old.Length)], Delta(old, old).Operations);
    }

    [Fact]
    public void Blocks_that_are_all_equal_are_one_copy_and_as_many_again_as_are_new()
    {
        var delta = AssertPatches(new byte[100 * Block], new byte[250 * Block], new Random(1));
        Assert.Equal(0, DataBytes(delta));
        Assert.InRange(delta.Operations.Count, 1, 3);
    }

    [Fact]
    public void Only_changed_blocks_are_sent_where_they_were_changed_in_place()
    {
        var old = Bytes(new Random(1), 200 * Block);
        var edited = (byte[])old.Clone();
        foreach (var block in new[] { 3, 4, 77, 199 })
        {
            edited[(block * Block) + 17] ^= 1;
        }
        Assert.Equal(4 * Block, DataBytes(AssertPatches(old, edited, new Random(1))));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(100)]
    [InlineData(65_537)]
    public void What_lies_behind_an_insertion_is_found_again(int length)
    {
        var old = Bytes(new Random(1), 100 * Block);
        Assert.Equal(length, DataBytes(AssertPatches(old, [.. Bytes(new Random(2), length), .. old], new Random(1))));
    }

    [Fact]
    public void What_lies_behind_a_removal_costs_the_rest_of_a_block()
    {
        var old = Bytes(new Random(1), 100 * Block);
        Assert.InRange(DataBytes(AssertPatches(old, old[1000..], new Random(1))), 1, Block);
    }

    [Fact]
    public void Halves_that_change_places_are_found()
    {
        var old = Bytes(new Random(1), 100 * Block);
        var half = (50 * Block) + 123;
        Assert.InRange(DataBytes(AssertPatches(old, [.. old[half..], .. old[..half]], new Random(1))), 0, 2 * Block);
    }

    [Fact]
    public void Archive_with_new_times_sends_its_headers_alone()
    {
        var entries = Entries(200);
        var (old, rebuilt) = (Zip(entries, 0), Zip(entries, 1));
        var delta = AssertPatches(old, rebuilt, new Random(1));
        Assert.InRange(DataBytes(delta), 1, 200 * 170);
    }

    [Fact]
    public void Archive_in_another_order_sends_no_entry_again()
    {
        var entries = Entries(200);
        var delta = AssertPatches(Zip(entries, 0), Zip([.. entries.Reverse()], 0), new Random(1));
        Assert.InRange(DataBytes(delta), 1, 200 * 170);
    }

    [Fact]
    public void Archive_of_which_an_entry_changed_sends_that_entry()
    {
        var entries = Entries(200);
        var old = Zip(entries, 0);
        entries[100] = Bytes(new Random(-1), 20_000);
        Assert.InRange(DataBytes(AssertPatches(old, Zip(entries, 0), new Random(1))), 20_000, 20_000 + (200 * 80));
    }

    [Fact]
    public void Different_bytes_are_told_as_such()
    {
        var delta = AssertPatches(Bytes(new Random(1), 100 * Block), Bytes(new Random(2), 100 * Block), new Random(1));
        Assert.Equal([new DeltaOperation(DeltaKind.Data, 0, 100 * Block)], delta.Operations);
    }

    [Fact]
    public void A_copy_that_is_not_worth_a_request_is_sent()
    {
        var delta = Ended([
            new DeltaOperation(DeltaKind.Copy, 0, 1000), new DeltaOperation(DeltaKind.Data, 1000, 10), new DeltaOperation(DeltaKind.Copy, 5000, 100),
            new DeltaOperation(DeltaKind.Copy, 5100, 100), new DeltaOperation(DeltaKind.Data, 1210, 0), new DeltaOperation(DeltaKind.Data, 1210, 5)]);
        Assert.Equal([new DeltaOperation(DeltaKind.Copy, 0, 1000), new DeltaOperation(DeltaKind.Data, 1000, 215)], delta.Operations);
        Assert.Equal(215, DataBytes(delta));
    }

    /// <summary>Checks that patch(old, delta) is the new version, with the bytes given in pieces of any size.</summary>
    private static FileDelta AssertPatches(byte[] old, byte[] edited, Random random)
    {
        var delta = Delta(old, edited, random);
        Assert.True(Patched(old, edited, delta).AsSpan().SequenceEqual(edited));
        Assert.Equal(edited.Length, delta.Operations.Sum(step => step.Length));
        Assert.All(delta.Operations.Zip(delta.Operations.Skip(1)), pair => Assert.False(pair.First.Kind == pair.Second.Kind && pair.First.Offset + pair.First.Length == pair.Second.Offset));
        return delta;
    }

    private static byte[] Patched(byte[] old, byte[] edited, FileDelta delta) =>
        [.. delta.Operations.SelectMany(step => (step.Kind == DeltaKind.Copy ? old : edited).Skip((int)step.Offset).Take((int)step.Length))];

    internal static FileDelta Delta(byte[] old, byte[] edited, Random? random = null)
    {
        var signature = new SignatureBuilder(old.Length);
        InPieces(old, random, signature.Append);
        var builder = new DeltaBuilder(new BlockIndex(signature.Finish()));
        InPieces(edited, random, builder.Append);
        builder.Finish();
        builder.Delta.End(holds: true);
        return builder.Delta;
    }

    internal static long DataBytes(FileDelta delta) => delta.Operations.Where(step => step.Kind == DeltaKind.Data).Sum(step => step.Length);

    private static FileDelta Ended(IEnumerable<DeltaOperation> operations)
    {
        var delta = new FileDelta();
        foreach (var operation in operations)
        {
            delta.Add(operation);
        }
        delta.End(holds: true);
        return delta;
    }

    private static void InPieces(byte[] bytes, Random? random, Action<ReadOnlySpan<byte>> append)
    {
        for (var from = 0; from < bytes.Length;)
        {
            var length = Math.Min(random?.Next(1, 300_000) ?? bytes.Length, bytes.Length - from);
            append(bytes.AsSpan(from, length));
            from += length;
        }
    }

    private static byte[] Edited(byte[] bytes, Edit edit, Random random)
    {
        var at = random.Next(bytes.Length + 1);
        var length = random.Next(Math.Min(3 * Block, bytes.Length - at) + 1);
        var (before, part, after) = (bytes[..at], bytes[at..(at + length)], bytes[(at + length)..]);
        return edit switch
        {
            Edit.Overwrite => [.. before, .. Bytes(random, length), .. after],
            Edit.Insert => [.. before, .. Bytes(random, random.Next(2 * Block)), .. part, .. after],
            Edit.Remove => [.. before, .. after],
            Edit.Move => [.. part, .. before, .. after],
            _ => [.. before, .. part, .. part, .. after],
        };
    }

    private static byte[] Bytes(Random random, int length, int values = 256)
    {
        var bytes = new byte[length];
        random.NextBytes(bytes);
        if (values < 256)
        {
            for (var i = 0; i < length; i++)
            {
                bytes[i] = (byte)(bytes[i] % values);
            }
        }
        return bytes;
    }

    private static byte[][] Entries(int count) => [.. Enumerable.Range(0, count).Select(i => Bytes(new Random(i), 1000 + (i * 97 % 12_000), 16))];

    private static byte[] Zip(byte[][] entries, int minutes)
    {
        using var memory = new MemoryStream();
        using (var archive = new ZipArchive(memory, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var bytes in entries)
            {
                var entry = archive.CreateEntry($"classes/org/example/C{bytes.Length}.class", CompressionLevel.Fastest);
                entry.LastWriteTime = new DateTimeOffset(2024, 1, 2, 3, 4, 6, TimeSpan.Zero).AddMinutes(minutes);
                using var stream = entry.Open();
                stream.Write(bytes);
            }
        }
        return memory.ToArray();
    }
}
