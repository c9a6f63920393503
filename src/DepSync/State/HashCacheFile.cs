using System.Buffers.Binary;
using System.IO.Hashing;
using DepSync.Model;
using DepSync.Platform;

namespace DepSync.State;

/// <summary>
/// The hash cache on disk: a header (magic and format, XxHash128 of the body: it guards against damage, not against people), then one record a file, little endian. Reading trusts nothing: what is damaged is empty.
/// </summary>
internal static class HashCacheFile
{
    private const int HashSize = 16;

    private const int HeaderSize = 8 + HashSize;

    /// <summary>size, mtime, ctime, device, inode, digest, archive end, length of the path.</summary>
    private const int RecordSize = (5 * 8) + Digest.Size + 1 + 4;

    /// <summary>The last byte is the format: another format is no cache.</summary>
    private static ReadOnlySpan<byte> Magic => "DSHASH\0\x02"u8;

    /// <summary>Tells how many records there are, as far as their bytes prove it, and gives each to <paramref name="add"/>; none of a file that is missing, damaged or of another format.</summary>
    public static void Read(string path, Action<int> expect, Action<RelativePath, FileStamp, KnownContent> add)
    {
        byte[] bytes;
        try
        {
            bytes = File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return;
        }
        if (bytes.Length < HeaderSize || !bytes.AsSpan().StartsWith(Magic))
        {
            return;
        }
        var body = bytes.AsSpan(HeaderSize);
        Span<byte> hash = stackalloc byte[HashSize];
        XxHash128.Hash(body, hash);
        if (hash.SequenceEqual(bytes.AsSpan(Magic.Length, HashSize)))
        {
            expect(Count(body));
            ReadRecords(body, add);
        }
    }

    /// <summary>Replaces the file; its folder must exist.</summary>
    /// <exception cref="DepSyncException"><see cref="ErrorKind.LocalFiles"/>: it cannot be written; the old file stands.</exception>
    public static void Write(string path, IReadOnlyCollection<(RelativePath Path, FileStamp Stamp, KnownContent Content)> records)
    {
        var bytes = new byte[HeaderSize + records.Sum(record => RecordSize + record.Path.Bytes.Length)];
        var rest = bytes.AsSpan(HeaderSize);
        foreach (var record in records)
        {
            WriteRecord(ref rest, record);
        }
        Magic.CopyTo(bytes);
        XxHash128.Hash(bytes.AsSpan(HeaderSize), bytes.AsSpan(Magic.Length));
        AtomicFile.Write(path, bytes);
    }

    /// <summary>The checksum has proved the bytes; what does not fit all the same (written by a version with a bug) ends the reading.</summary>
    private static void ReadRecords(ReadOnlySpan<byte> body, Action<RelativePath, FileStamp, KnownContent> add)
    {
        while (body.Length >= RecordSize)
        {
            var pathLength = BinaryPrimitives.ReadUInt32LittleEndian(body[(RecordSize - 4)..]);
            if (pathLength > body.Length - RecordSize
                || !RelativePath.TryParse(body.Slice(RecordSize, (int)pathLength), out var path)
                || body[(5 * 8) + Digest.Size] > (byte)ArchiveEnd.Broken)
            {
                return;
            }
            var stamp = new FileStamp(Number(body, 0), Number(body, 1), Number(body, 2), (ulong)Number(body, 3), (ulong)Number(body, 4));
            add(path, stamp, new KnownContent(Digest.FromBytes(body.Slice(5 * 8, Digest.Size)), (ArchiveEnd)body[(5 * 8) + Digest.Size]));
            body = body[(RecordSize + (int)pathLength)..];
        }
    }

    /// <summary>By the lengths of the paths alone: a table of the right size is not made larger, and copied, ten times.</summary>
    private static int Count(ReadOnlySpan<byte> body)
    {
        var count = 0;
        for (; body.Length >= RecordSize; count++)
        {
            var pathLength = BinaryPrimitives.ReadUInt32LittleEndian(body[(RecordSize - 4)..]);
            if (pathLength > body.Length - RecordSize)
            {
                break;
            }
            body = body[(RecordSize + (int)pathLength)..];
        }
        return count;
    }

    private static long Number(ReadOnlySpan<byte> record, int index) => BinaryPrimitives.ReadInt64LittleEndian(record[(index * 8)..]);

    private static void WriteRecord(ref Span<byte> rest, (RelativePath Path, FileStamp Stamp, KnownContent Content) record)
    {
        var (path, stamp, content) = record;
        ReadOnlySpan<long> numbers = [stamp.Size, stamp.ModifiedNs, stamp.ChangedNs, (long)stamp.Device, (long)stamp.Inode];
        for (var i = 0; i < numbers.Length; i++)
        {
            BinaryPrimitives.WriteInt64LittleEndian(rest[(i * 8)..], numbers[i]);
        }
        content.Digest.CopyTo(rest[(5 * 8)..]);
        rest[(5 * 8) + Digest.Size] = (byte)content.ArchiveEnd;
        BinaryPrimitives.WriteUInt32LittleEndian(rest[(RecordSize - 4)..], (uint)path.Bytes.Length);
        path.Bytes.CopyTo(rest[RecordSize..]);
        rest = rest[(RecordSize + path.Bytes.Length)..];
    }
}
