using System.Buffers;
using System.Text;

namespace DepSync.Model;

/// <summary>
/// Names that came from a file system or a peer, made fit for a terminal and a log line. Control characters, bidirectional controls, line separators, lone surrogates and
/// bytes that are not UTF-8 become <c>\xNN</c>, one a byte; everything else stays. A backslash stays too, except where it would read as such an escape: there it becomes
/// <c>\x5C</c>. So two different names never look the same. Pure, never throws.
/// </summary>
internal static class DisplayText
{
    public static string Escape(RelativePath path) => path.IsRoot ? "." : Escape(path.Bytes);

    public static string Escape(ReadOnlySpan<byte> utf8)
    {
        if (!utf8.ContainsAnyExceptInRange((byte)' ', (byte)'~') && !utf8.Contains((byte)'\\'))
        {
            return Encoding.ASCII.GetString(utf8);
        }
        var text = new StringBuilder(utf8.Length);
        while (!utf8.IsEmpty)
        {
            var valid = Rune.DecodeFromUtf8(utf8, out var rune, out var consumed) == OperationStatus.Done;
            if (valid && !IsHazard(rune) && !ReadsAsEscape(utf8))
            {
                AppendRune(text, rune);
            }
            else
            {
                AppendBytes(text, utf8[..consumed]);
            }
            utf8 = utf8[consumed..];
        }
        return text.ToString();
    }

    /// <summary>The same for text; a lone surrogate is shown by the three bytes that it would have.</summary>
    public static string Escape(string text)
    {
        var bytes = new ArrayBufferWriter<byte>(text.Length + 16);
        for (var i = 0; i < text.Length; i++)
        {
            if (Rune.TryGetRuneAt(text, i, out var rune))
            {
                bytes.Advance(rune.EncodeToUtf8(bytes.GetSpan(4)));
                i += rune.Utf16SequenceLength - 1;
            }
            else
            {
                bytes.Write([(byte)(0xE0 | (text[i] >> 12)), (byte)(0x80 | ((text[i] >> 6) & 0x3F)), (byte)(0x80 | (text[i] & 0x3F))]);
            }
        }
        return Escape(bytes.WrittenSpan);
    }

    /// <summary>Whether a character could move the cursor, start a line or turn the direction of what follows.</summary>
    public static bool IsHazard(Rune rune) => rune.Value
        is < 0x20
        or (>= 0x7F and <= 0x9F)
        or 0x061C or 0x200E or 0x200F
        or (>= 0x2028 and <= 0x202E)
        or (>= 0x2066 and <= 0x2069);

    private static bool ReadsAsEscape(ReadOnlySpan<byte> utf8) =>
        utf8 is [(byte)'\\', (byte)'x', var high, var low, ..] && char.IsAsciiHexDigit((char)high) && char.IsAsciiHexDigit((char)low);

    private static void AppendRune(StringBuilder text, Rune rune)
    {
        Span<char> units = stackalloc char[2];
        text.Append(units[..rune.EncodeToUtf16(units)]);
    }

    private static void AppendBytes(StringBuilder text, ReadOnlySpan<byte> bytes)
    {
        foreach (var value in bytes)
        {
            text.Append("\\x").Append(Convert.ToHexString([value]));
        }
    }
}
