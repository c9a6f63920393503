using System.Globalization;
using System.Text;
using DepSync.Model;

namespace DepSync.Release;

/// <summary>What stood at a path before the commit and lies in <c>old/</c> under a counter name now.</summary>
internal sealed record KeptEntry(int Counter, EntryKind Kind, int Mode, RelativePath Path);

/// <summary>A directory that got owner write permission for the commit, and the mode that it goes back to.</summary>
internal sealed record UnlockedDirectory(RelativePath Path, int Mode);

/// <summary>
/// <c>run-N/journal</c>, written before the first rename: what a commit takes out and which directories it opens. The next run restores those modes from it, and it stays
/// beside what was kept as the list of paths. Text, one line an entry, the path last with <c>\\</c>, <c>\n</c> and <c>\r</c> escaped. Pure.
/// </summary>
internal sealed record CommitJournal(long Number, IReadOnlyList<KeptEntry> Kept, IReadOnlyList<UnlockedDirectory> Unlocked)
{
    private const string Heading = "# depsync journal 1";

    public byte[] ToBytes()
    {
        using var stream = new MemoryStream();
        WriteLine(stream, Heading, default);
        WriteLine(stream, FormattableString.Invariant($"number {Number}"), default);
        foreach (var entry in Kept)
        {
            var kind = entry.Kind.ToString().ToLowerInvariant();
            WriteLine(stream, $"kept {entry.Counter.ToString(CultureInfo.InvariantCulture)} {kind} {Convert.ToString(entry.Mode, 8)} ", entry.Path);
        }
        foreach (var directory in Unlocked)
        {
            WriteLine(stream, $"mode {Convert.ToString(directory.Mode, 8)} ", directory.Path);
        }
        return stream.ToArray();
    }

    /// <summary>The directories whose mode must go back. Lines that are damaged or cut off are passed over: the journal was brought to disk before it was needed.</summary>
    public static IReadOnlyList<UnlockedDirectory> ParseUnlocked(ReadOnlySpan<byte> bytes)
    {
        var found = new List<UnlockedDirectory>();
        foreach (var range in bytes.Split((byte)'\n'))
        {
            var line = bytes[range];
            if (TryTake(ref line, out var word) && word.SequenceEqual("mode"u8) && TryTake(ref line, out var octal) && octal.Length <= 4 && TryParseOctal(octal, out var mode)
                && RelativePath.TryParse(Unescape(line), out var path))
            {
                found.Add(new UnlockedDirectory(path, mode));
            }
        }
        return found;
    }

    /// <summary>The paths of what the commit was to take out. Damaged lines as above.</summary>
    public static IReadOnlyList<RelativePath> ParseKept(ReadOnlySpan<byte> bytes)
    {
        var found = new List<RelativePath>();
        foreach (var range in bytes.Split((byte)'\n'))
        {
            var line = bytes[range];
            if (TryTake(ref line, out var word) && word.SequenceEqual("kept"u8) && TryTake(ref line, out _) && TryTake(ref line, out _) && TryTake(ref line, out _)
                && RelativePath.TryParse(Unescape(line), out var path))
            {
                found.Add(path);
            }
        }
        return found;
    }

    /// <summary>Takes the next word and the blank behind it off a line.</summary>
    private static bool TryTake(ref ReadOnlySpan<byte> line, out ReadOnlySpan<byte> word)
    {
        var space = line.IndexOf((byte)' ');
        word = space > 0 ? line[..space] : [];
        line = line[(space + 1)..];
        return space > 0;
    }

    private static void WriteLine(MemoryStream stream, string head, RelativePath path)
    {
        stream.Write(Encoding.ASCII.GetBytes(head));
        foreach (var value in path.Bytes)
        {
            switch (value)
            {
                case (byte)'\\':
                    stream.Write("\\\\"u8);
                    break;
                case (byte)'\n':
                    stream.Write("\\n"u8);
                    break;
                case (byte)'\r':
                    stream.Write("\\r"u8);
                    break;
                default:
                    stream.WriteByte(value);
                    break;
            }
        }
        stream.WriteByte((byte)'\n');
    }

    private static byte[] Unescape(ReadOnlySpan<byte> text)
    {
        var result = new List<byte>(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] != '\\' || i + 1 == text.Length)
            {
                result.Add(text[i]);
                continue;
            }
            i++;
            result.Add(text[i] switch { (byte)'n' => (byte)'\n', (byte)'r' => (byte)'\r', var other => other });
        }
        return [.. result];
    }

    private static bool TryParseOctal(ReadOnlySpan<byte> text, out int value)
    {
        value = 0;
        foreach (var digit in text)
        {
            if (digit is < (byte)'0' or > (byte)'7')
            {
                return false;
            }
            value = (value * 8) + (digit - '0');
        }
        return true;
    }
}
