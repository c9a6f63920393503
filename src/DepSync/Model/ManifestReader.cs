using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;

namespace DepSync.Model;

/// <summary>Reads the lines of a manifest whose last line was checked and cut off, see <see cref="ManifestFormat"/>. One use, one thread; never throws.</summary>
internal ref struct ManifestReader(ReadOnlySpan<byte> bytes)
{
    /// <summary>A directory's line with the shortest numbers and path: what one entry takes at least.</summary>
    private const int ShortestEntry = 14;

    private ReadOnlySpan<byte> _rest = bytes;

    /// <summary>False unless there are exactly <paramref name="count"/> entries, each well formed, each path once and in order.</summary>
    /// <param name="shared">Entries that were read from the same text are taken from there; null: nothing is shared.</param>
    public bool TryRead(int count, SharedManifests? shared, [NotNullWhen(true)] out Manifest? manifest)
    {
        manifest = null;
        if (!_rest.StartsWith(ManifestFormat.Heading) || count < 0 || count > _rest.Length / ShortestEntry)
        {
            return false;
        }
        _rest = _rest[ManifestFormat.Heading.Length..];
        if (!TryHeader("# number "u8, out var number) || !TryHeader("# generation "u8, out var generation))
        {
            return false;
        }
        var text = shared is null ? default : Digest.Of(_rest);
        var entries = shared?.Find(text);
        if (entries is null && TryEntries(count, out entries) && entries.Count == count)
        {
            entries = shared?.Add(text, entries) ?? entries;
        }
        if (entries?.Count != count)
        {
            return false;
        }
        manifest = new Manifest { Number = number, Generation = generation, Entries = entries };
        return true;
    }

    private bool TryEntries(int count, [NotNullWhen(true)] out Dictionary<RelativePath, ManifestEntry>? entries)
    {
        entries = null;
        var read = new Dictionary<RelativePath, ManifestEntry>(count);
        RelativePath? last = null;
        while (!_rest.IsEmpty)
        {
            if (!TryEntry(out var path, out var entry) || path <= last)
            {
                return false;
            }
            read.Add(path, entry);
            last = path;
        }
        entries = read;
        return true;
    }

    private bool TryHeader(ReadOnlySpan<byte> name, out long value)
    {
        value = 0;
        var line = TakeLine();
        return line.StartsWith(name) && TryNumber(line[name.Length..], out value) && value >= 0;
    }

    private bool TryEntry(out RelativePath path, [NotNullWhen(true)] out ManifestEntry? entry)
    {
        path = default;
        entry = null;
        var line = TakeLine();
        EntryKind? kind = line switch
        {
            [(byte)'#', (byte)' ', (byte)'f', (byte)' ', ..] => EntryKind.File,
            [(byte)'#', (byte)' ', (byte)'d', (byte)' ', ..] => EntryKind.Directory,
            [(byte)'#', (byte)' ', (byte)'l', (byte)' ', ..] => EntryKind.Symlink,
            _ => null,
        };
        if (kind is not { } known)
        {
            return false;
        }
        line = line[4..];
        if (!TryMode(TakeWord(ref line), out var mode)
            || !TryNumber(TakeWord(ref line), out var sourceNs)
            || !TryNumber(TakeWord(ref line), out var seconds)
            || seconds is < 0 or > uint.MaxValue)
        {
            return false;
        }
        var size = 0L;
        var digest = default(Digest);
        ReadOnlySpan<byte> target = [];
        var isWellFormed = known switch
        {
            EntryKind.File => TryNumber(line, out size) && size >= 0 && TryHashLine(out path, out digest),
            EntryKind.Symlink => TryUnescape(TakeWord(ref line), out target) && TryPath(line, out path),
            _ => line.SequenceEqual("."u8) || TryPath(line, out path),
        };
        entry = !isWellFormed ? null : new ManifestEntry
        {
            Kind = known,
            Mode = mode,
            Size = size,
            SourceModifiedNs = sourceNs,
            WorkerSeconds = seconds,
            LinkTarget = known == EntryKind.Symlink ? target.ToArray() : null,
            Digest = known == EntryKind.File ? digest : null,
        };
        return isWellFormed;
    }

    private bool TryHashLine(out RelativePath path, out Digest digest)
    {
        var line = TakeLine();
        if (line is [(byte)'\\', ..])
        {
            line = line[1..];
        }
        path = default;
        digest = default;
        const int HexSize = 2 * Digest.Size;
        if (line.Length < HexSize + 3 || !Digest.TryParseHex(line[..HexSize], out digest) || !line[HexSize..].StartsWith("  "u8))
        {
            return false;
        }
        var name = line[(HexSize + 2)..];
        return TryPath(name.SequenceEqual("./-"u8) ? "-"u8 : name, out path);
    }

    private static bool TryPath(ReadOnlySpan<byte> escaped, out RelativePath path)
    {
        path = default;
        return TryUnescape(escaped, out var bytes) && RelativePath.TryParse(bytes, out path) && !path.IsRoot;
    }

    private static bool TryUnescape(ReadOnlySpan<byte> escaped, out ReadOnlySpan<byte> bytes)
    {
        bytes = escaped;
        if (escaped.IndexOf((byte)'\\') < 0)
        {
            return true;
        }
        var plain = new byte[escaped.Length];
        var length = 0;
        for (var i = 0; i < escaped.Length; i++)
        {
            var value = escaped[i];
            if (value == '\\')
            {
                if (++i == escaped.Length)
                {
                    return false;
                }
                switch (escaped[i])
                {
                    case (byte)'\\': break;
                    case (byte)'n': value = (byte)'\n'; break;
                    case (byte)'r': value = (byte)'\r'; break;
                    case (byte)'s': value = (byte)' '; break;
                    default: return false;
                }
            }
            plain[length++] = value;
        }
        bytes = plain.AsSpan(0, length);
        return true;
    }

    private static bool TryMode(ReadOnlySpan<byte> word, out int mode)
    {
        mode = 0;
        foreach (var digit in word)
        {
            if (digit is < (byte)'0' or > (byte)'7')
            {
                return false;
            }
            mode = (mode << 3) | (digit - '0');
        }
        return word.Length == 3;
    }

    private static bool TryNumber(ReadOnlySpan<byte> word, out long value) =>
        Utf8Parser.TryParse(word, out value, out var consumed) && consumed == word.Length;

    /// <summary>Up to the next blank, which is consumed too; the whole rest when there is none.</summary>
    private static ReadOnlySpan<byte> TakeWord(scoped ref ReadOnlySpan<byte> line)
    {
        var blank = line.IndexOf((byte)' ');
        var word = blank < 0 ? line : line[..blank];
        line = blank < 0 ? [] : line[(blank + 1)..];
        return word;
    }

    /// <summary>The next line without its end; every line has one, as what was cut off began a line.</summary>
    private ReadOnlySpan<byte> TakeLine()
    {
        var end = _rest.IndexOf((byte)'\n');
        var line = end < 0 ? _rest : _rest[..end];
        _rest = end < 0 ? [] : _rest[(end + 1)..];
        return line;
    }
}
