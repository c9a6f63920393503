using System.Buffers;
using System.Text;

namespace DepSync.Model;

/// <summary>
/// The lines of <c>rsync -i</c> to a remote, names escaped as rsync 3.5 does in a UTF-8 locale: <c>\#ooo</c> for control characters (not the tab) and for bytes that are not
/// UTF-8, and for a backslash that would read as such an escape. Beyond that, what rsync escapes in the C locale alone is escaped here too where it could mislead a
/// terminal: DEL, C1 and bidirectional controls. Pure.
/// </summary>
internal static class ItemizeFormat
{
    private const string Deleting = "*deleting   ";

    /// <summary>The line of a change.</summary>
    public static string Of(Change change) => change.Action switch
    {
        ChangeAction.Delete => Delete(change.Path, change.Kind),
        ChangeAction.Create or ChangeAction.Retype => Create(change.Source!),
        _ => Update(change.Source!, change.Differences, change.ByChecksum),
    };

    /// <summary>A new entry, or one that takes the place of another kind.</summary>
    public static string Create(FileEntry source) => source.Kind switch
    {
        EntryKind.Directory => $"cd+++++++++ {Name(source)}",
        EntryKind.Symlink => $"cL+++++++++ {Name(source)}",
        _ => $"<f+++++++++ {Name(source)}",
    };

    private static string Delete(RelativePath path, EntryKind kind) => kind == EntryKind.Directory ? $"{Deleting}{Escape(path.Bytes)}/" : Deleting + Escape(path.Bytes);

    /// <summary>
    /// An entry of the same kind on both sides. Without <c>-c</c> rsync sends a file whose size or time differs and never says <c>c</c>; here a change of the same size in the
    /// same second is seen too, and that alone is the <c>c</c>.
    /// </summary>
    private static string Update(FileEntry source, Differences differences, bool byChecksum)
    {
        var content = differences.HasFlag(Differences.Content);
        var size = differences.HasFlag(Differences.Size);
        var time = differences.HasFlag(Differences.Time);
        var (update, kind, checksum) = source.Kind switch
        {
            EntryKind.Directory => ('.', 'd', false),
            EntryKind.Symlink => (content ? 'c' : '.', 'L', content),
            _ when byChecksum => (content ? '<' : '.', 'f', content),
            _ => (content || time ? '<' : '.', 'f', content && !size && !time),
        };
        ReadOnlySpan<char> flags =
        [
            update, kind, checksum ? 'c' : '.', size ? 's' : '.', time ? 't' : '.', differences.HasFlag(Differences.Mode) ? 'p' : '.', '.', '.', '.', '.', '.', ' ',
        ];
        return string.Concat(flags, Name(source));
    }

    private static string Name(FileEntry entry) => entry.Kind switch
    {
        EntryKind.Directory => entry.Path.IsRoot ? "./" : Escape(entry.Path.Bytes) + "/",
        EntryKind.Symlink => $"{Escape(entry.Path.Bytes)} -> {Escape(entry.LinkTarget)}",
        _ => Escape(entry.Path.Bytes),
    };

    private static string Escape(ReadOnlySpan<byte> name)
    {
        if (name.IndexOfAnyExceptInRange((byte)' ', (byte)'~') < 0 && name.IndexOf("\\#"u8) < 0)
        {
            return Encoding.ASCII.GetString(name);
        }
        var text = new StringBuilder(name.Length + 16);
        while (!name.IsEmpty)
        {
            var valid = Rune.DecodeFromUtf8(name, out var rune, out var consumed) == OperationStatus.Done;
            if (valid && (rune.Value == '\t' || !DisplayText.IsHazard(rune)) && !ReadsAsEscape(name))
            {
                text.Append(rune.ToString());
            }
            else
            {
                AppendOctal(text, name[..consumed]);
            }
            name = name[consumed..];
        }
        return text.ToString();
    }

    private static bool ReadsAsEscape(ReadOnlySpan<byte> name) =>
        name is [(byte)'\\', (byte)'#', var a, var b, var c, ..] && char.IsAsciiDigit((char)a) && char.IsAsciiDigit((char)b) && char.IsAsciiDigit((char)c);

    private static void AppendOctal(StringBuilder text, ReadOnlySpan<byte> bytes)
    {
        foreach (var value in bytes)
        {
            text.Append(@"\#").Append((char)('0' + (value >> 6))).Append((char)('0' + ((value >> 3) & 7))).Append((char)('0' + (value & 7)));
        }
    }
}
