using System.Buffers.Binary;
using System.IO.Compression;
using DepSync.Scanning;
using DepSync.State;

namespace DepSync.Tests.Scanning;

public sealed class ZipEndTests
{
    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 0)]
    [InlineData(5, 1_000)]
    [InlineData(300, 60_000)]
    public void Whole_archive_is_whole_and_every_cut_of_it_is_broken(int entries, int comment)
    {
        var zip = Zip(entries, comment);
        Assert.Equal(ArchiveEnd.Whole, Check(zip));
        for (var length = 0; length < zip.Length; length += Math.Max(1, zip.Length / 500))
        {
            Assert.Equal(ArchiveEnd.Broken, Check(zip[..length]));
        }
        Assert.Equal(ArchiveEnd.Broken, Check(zip[..^1]));
    }

    [Fact]
    public void File_that_is_no_archive_is_broken()
    {
        Assert.Equal(ArchiveEnd.Broken, Check([]));
        Assert.Equal(ArchiveEnd.Broken, Check(new byte[200_000]));
        Assert.Equal(ArchiveEnd.Broken, Check("an error page that was saved as a .war"u8.ToArray()));
    }

    [Fact]
    public void Copy_that_was_given_its_full_size_first_is_broken()
    {
        var zip = Zip(50, 0);
        zip.AsSpan(zip.Length / 2).Clear();
        Assert.Equal(ArchiveEnd.Broken, Check(zip));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    public void Archive_cut_behind_one_that_it_stores_is_broken(int innerEntries)
    {
        var inner = Zip(innerEntries, 0);
        using var stream = new MemoryStream();
        using (var zip = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            using (var stored = zip.CreateEntry("lib/inner.jar", CompressionLevel.NoCompression).Open())
            {
                stored.Write(inner);
            }
            using var more = zip.CreateEntry("more").Open();
            more.Write(new byte[1_000]);
        }
        var outer = stream.ToArray();
        Assert.Equal(ArchiveEnd.Whole, Check(outer));
        var end = outer.AsSpan().IndexOf(inner) + inner.Length;
        for (var length = end; length < outer.Length; length++)
        {
            Assert.Equal(ArchiveEnd.Broken, Check(outer[..length]));
        }
    }

    [Fact]
    public void Signature_inside_of_the_comment_does_not_hide_the_end()
    {
        var zip = Zip(3, 40);
        "PK\x05\x06"u8.CopyTo(zip.AsSpan(zip.Length - 30));
        Assert.Equal(ArchiveEnd.Whole, Check(zip));
    }

    [Fact]
    public void Bytes_behind_the_end_do_no_harm() => Assert.Equal(ArchiveEnd.Whole, Check([.. Zip(3, 0), .. new byte[100]]));

    [Theory]
    [InlineData(16, 1u)]
    [InlineData(16, 0xFFFFFFFFu)]
    [InlineData(16, 0xFFFFFFFEu)]
    [InlineData(12, 0xFFFFFFFEu)]
    [InlineData(12, 100_000u)]
    public void Central_directory_that_does_not_fit_is_broken(int field, uint value)
    {
        var zip = Zip(3, 0);
        BinaryPrimitives.WriteUInt32LittleEndian(zip.AsSpan(zip.Length - 22 + field), value);
        Assert.Equal(ArchiveEnd.Broken, Check(zip));
    }

    [Fact]
    public void Archive_with_zip64_records_is_understood()
    {
        var zip = Zip64();
        Assert.Equal(ArchiveEnd.Whole, Check(zip));
        var record = zip.AsSpan().IndexOf("PK\x06\x06"u8);
        foreach (var at in new[] { record, record + 20 + 36 /* the locator */, record + 48 /* the directory's offset */ })
        {
            var damaged = zip.ToArray();
            damaged[at] ^= 0xff;
            Assert.Equal(ArchiveEnd.Broken, Check(damaged));
        }
        var farAway = zip.ToArray();
        farAway.AsSpan(record + 56 + 8, 8).Fill(0xff);
        Assert.Equal(ArchiveEnd.Broken, Check(farAway));
    }

    [Fact]
    public void Random_bytes_are_broken_and_harm_nobody()
    {
        var random = new Random(1);
        for (var i = 0; i < 2_000; i++)
        {
            var bytes = new byte[random.Next(22, 300)];
            random.NextBytes(bytes);
            "PK\x05\x06"u8.CopyTo(bytes.AsSpan(random.Next(bytes.Length - 21)));
            bytes[^random.Next(1, 20)] = 0xff;
            Check(bytes);
        }
    }

    internal static byte[] Zip(int entries, int comment)
    {
        using var stream = new MemoryStream();
        using (var zip = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            zip.Comment = new string('c', comment);
            for (var i = 0; i < entries; i++)
            {
                using var content = zip.CreateEntry($"entry-{i}.xml").Open();
                content.Write("<definitions/>"u8);
            }
        }
        return stream.ToArray();
    }

    /// <summary>The same archive as a writer makes it that always uses the 64 bit records.</summary>
    private static byte[] Zip64()
    {
        var zip = Zip(3, 0);
        var end = zip.Length - 22;
        var (size, offset) = (BinaryPrimitives.ReadUInt32LittleEndian(zip.AsSpan(end + 12)), BinaryPrimitives.ReadUInt32LittleEndian(zip.AsSpan(end + 16)));
        var record = new byte[56];
        "PK\x06\x06"u8.CopyTo(record);
        BinaryPrimitives.WriteUInt64LittleEndian(record.AsSpan(4), 44);
        BinaryPrimitives.WriteUInt64LittleEndian(record.AsSpan(32), 3);
        BinaryPrimitives.WriteUInt64LittleEndian(record.AsSpan(40), size);
        BinaryPrimitives.WriteUInt64LittleEndian(record.AsSpan(48), offset);
        var locator = new byte[20];
        "PK\x06\x07"u8.CopyTo(locator);
        BinaryPrimitives.WriteUInt64LittleEndian(locator.AsSpan(8), (ulong)end);
        var last = zip[end..];
        last.AsSpan(8, 12).Fill(0xff);
        return [.. zip[..end], .. record, .. locator, .. last];
    }

    private static ArchiveEnd Check(byte[] bytes) => ZipEnd.Check(bytes.Length, (offset, buffer) =>
    {
        // Short reads, as a network file system may give.
        var rest = bytes.AsSpan((int)Math.Min(offset, bytes.Length));
        rest = rest[..Math.Min(Math.Min(rest.Length, buffer.Length), 1_000)];
        rest.CopyTo(buffer);
        return rest.Length;
    });
}
