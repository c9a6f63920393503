using System.Buffers.Binary;

namespace DepSync.Delta;

/// <summary>
/// Where a file is cut into blocks: every <c>blockSize</c> bytes, and before and after each local header of a zip archive (<c>PK\3\4</c>, names and times). Each entry of an archive is
/// so cut from its own beginning, and an archive that was built again with new times or in another order still has the blocks of the old one. Pure.
/// </summary>
internal static class BlockCutter
{
    /// <summary>So many bytes beyond a block must be seen (or the file's end) to tell whether a header begins in it.</summary>
    public const int Lookahead = HeaderSize;

    /// <summary>A header without name and extra field.</summary>
    private const int HeaderSize = 30;

    /// <summary>Longer names are no header, but bytes that happen to look like one.</summary>
    private const int LongestName = 1024;

    private const int LongestExtra = 1024;

    private static ReadOnlySpan<byte> Signature => "PK\x03\x04"u8;

    /// <summary>The length of the block that begins where <paramref name="bytes"/> begins; at least 1. <paramref name="bytes"/> must not be empty.</summary>
    public static int Cut(ReadOnlySpan<byte> bytes, int blockSize)
    {
        if (HeaderLength(bytes) is var header and > 0)
        {
            return Math.Min(Math.Min(header, blockSize), bytes.Length);
        }
        for (var from = 1; from < Math.Min(blockSize, bytes.Length);)
        {
            var found = bytes[from..Math.Min(blockSize + Signature.Length - 1, bytes.Length)].IndexOf(Signature);
            if (found < 0)
            {
                break;
            }
            if (HeaderLength(bytes[(from + found)..]) > 0)
            {
                return from + found;
            }
            from += found + 1;
        }
        return Math.Min(blockSize, bytes.Length);
    }

    /// <summary>0 when no header begins here.</summary>
    private static int HeaderLength(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < HeaderSize || !bytes.StartsWith(Signature))
        {
            return 0;
        }
        var name = BinaryPrimitives.ReadUInt16LittleEndian(bytes[26..]);
        var extra = BinaryPrimitives.ReadUInt16LittleEndian(bytes[28..]);
        return name is > 0 and <= LongestName && extra <= LongestExtra ? HeaderSize + name + extra : 0;
    }
}
