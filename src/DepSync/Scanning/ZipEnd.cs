using System.Buffers;
using System.Buffers.Binary;
using DepSync.State;

namespace DepSync.Scanning;

/// <summary>Reads up to <c>buffer.Length</c> bytes at an offset; 0 only at the end.</summary>
internal delegate int ReadAt(long offset, Span<byte> buffer);

/// <summary>
/// Finds out whether a zip archive is whole by its end: the end-of-central-directory record is there, and the central directory begins where it says. A cut copy has
/// neither; one cut behind an archive that it stores has a record whose offset points elsewhere. Reads at most 64 KiB and a few bytes.
/// </summary>
internal static class ZipEnd
{
    private const int RecordSize = 22;
    private const int LocatorSize = 20;
    private const int Record64Size = 56;
    private const int LongestComment = ushort.MaxValue;

    public static ArchiveEnd Check(long size, ReadAt read)
    {
        if (size < RecordSize)
        {
            return ArchiveEnd.Broken;
        }
        var length = (int)Math.Min(size, RecordSize + LongestComment);
        var buffer = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            var tail = buffer.AsSpan(0, length);
            var start = size - length;
            var end = Fill(read, start, tail) ? length - RecordSize + 4 : 0;
            while (tail[..end].LastIndexOf("PK\x05\x06"u8) is var at and >= 0)
            {
                if (Fits(start + at, tail[at..], read))
                {
                    return ArchiveEnd.Whole;
                }
                end = at + 3;
            }
            return ArchiveEnd.Broken;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static bool Fits(long position, ReadOnlySpan<byte> record, ReadAt read)
    {
        var comment = BinaryPrimitives.ReadUInt16LittleEndian(record[20..]);
        var directory = new CentralDirectory(
            BinaryPrimitives.ReadUInt16LittleEndian(record[10..]),
            BinaryPrimitives.ReadUInt32LittleEndian(record[12..]),
            BinaryPrimitives.ReadUInt32LittleEndian(record[16..]),
            (ulong)position);
        if (directory.MayBe64 && Find64(position, read) is { } found)
        {
            directory = found;
        }
        return RecordSize + comment <= record.Length && directory.Fits(read);
    }

    /// <summary>The zip64 record that the locator before the end record names; null when there is none.</summary>
    private static CentralDirectory? Find64(long position, ReadAt read)
    {
        Span<byte> locator = stackalloc byte[LocatorSize];
        Span<byte> record = stackalloc byte[Record64Size];
        if (position < LocatorSize + Record64Size || !Fill(read, position - LocatorSize, locator) || !locator.StartsWith("PK\x06\x07"u8))
        {
            return null;
        }
        var at = BinaryPrimitives.ReadUInt64LittleEndian(locator[8..]);
        if (at > (ulong)(position - LocatorSize - Record64Size) || !Fill(read, (long)at, record) || !record.StartsWith("PK\x06\x06"u8))
        {
            return null;
        }
        return new CentralDirectory(
            BinaryPrimitives.ReadUInt64LittleEndian(record[32..]),
            BinaryPrimitives.ReadUInt64LittleEndian(record[40..]),
            BinaryPrimitives.ReadUInt64LittleEndian(record[48..]),
            at);
    }

    private static bool Fill(ReadAt read, long offset, Span<byte> buffer)
    {
        while (!buffer.IsEmpty && read(offset, buffer) is var count and > 0)
        {
            offset += count;
            buffer = buffer[count..];
        }
        return buffer.IsEmpty;
    }

    /// <summary>From the peer's bytes: nothing here is believed. <paramref name="End"/> is where the directory must have ended.</summary>
    private readonly record struct CentralDirectory(ulong Entries, ulong Size, ulong Offset, ulong End)
    {
        public bool MayBe64 => Entries == ushort.MaxValue || Size == uint.MaxValue || Offset == uint.MaxValue;

        public bool Fits(ReadAt read)
        {
            if (Offset > End || Size > End - Offset)
            {
                return false;
            }
            if (Entries == 0)
            {
                // No entry whose signature could be looked for; an empty archive that a cut one stores lies further back than it says.
                return Offset + Size == End;
            }
            Span<byte> signature = stackalloc byte[4];
            return Fill(read, (long)Offset, signature) && signature.SequenceEqual("PK\x01\x02"u8);
        }
    }
}
