using System.Security.Cryptography;
using System.Text;
using DepSync.Model;

namespace DepSync.Tests.Support;

/// <summary>
/// A tree as text, one entry a line: <c>dir/</c>, <c>dir/file = content</c>, <c>link -> target</c>; then, after two blanks, any of <c>@SECONDS</c> (mtime), <c>m755</c>
/// (mode), <c>unread</c> (no digest), <c>protected</c>, <c>special</c> and a deferral's name. Folders that no line names are there all the same.
/// </summary>
internal static class SnapshotText
{
    public const long DefaultSeconds = 1_700_000_000;

    public static Snapshot Parse(string text)
    {
        var entries = new Dictionary<RelativePath, FileEntry>();
        var root = Directory(RelativePath.Root);
        foreach (var line in text.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var entry = ParseEntry(line);
            if (entry.Path.IsRoot)
            {
                root = entry;
                continue;
            }
            for (var above = entry.Path.Parent; !above.IsRoot; above = above.Parent)
            {
                entries.TryAdd(above, Directory(above));
            }
            entries[entry.Path] = entry;
        }
        return new Snapshot(root, entries.Values);
    }

    public static RelativePath[] Paths(params string[] paths) => [.. paths.Select(RelativePath.Parse)];

    public static Problem[] Problems(params string[] paths) => [.. paths.Select(p => new Problem(RelativePath.Parse(p), "It cannot be read."))];

    /// <summary>The same tree with what its scan could not read, hid or skipped.</summary>
    public static Snapshot With(this Snapshot tree, string[]? keepers = null, string[]? problems = null, string[]? special = null, string[]? exploded = null) => new(tree.Root, tree.Entries)
    {
        Keepers = Paths(keepers ?? []).ToHashSet(),
        Problems = Problems(problems ?? []),
        SpecialFiles = Paths(special ?? []),
        ExplodedWebapps = Paths(exploded ?? []).ToHashSet(),
    };

    /// <summary>The manifest that a finished push of that source leaves.</summary>
    public static Manifest ManifestOf(Snapshot source) => new()
    {
        Number = 1,
        Generation = 1,
        Entries = source.Entries.Append(source.Root!).Where(e => e.Kind != EntryKind.File || e.Digest is not null).ToDictionary(e => e.Path, ManifestEntry.Of),
    };

    private static FileEntry Directory(RelativePath path) =>
        new() { Path = path, Kind = EntryKind.Directory, Mode = 0x1ED, ModifiedNs = DefaultSeconds * 1_000_000_000 };

    private static FileEntry ParseEntry(string line)
    {
        var fields = line.Split("  ", 2, StringSplitOptions.TrimEntries);
        var entry = ParseName(fields[0]);
        foreach (var word in fields.Length < 2 ? [] : fields[1].Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            entry = word switch
            {
                ['@', .. var seconds] => entry with { ModifiedNs = (long)(decimal.Parse(seconds, null) * 1_000_000_000) },
                ['m', .. var mode] => entry with { Mode = Convert.ToInt32(mode, 8) },
                "unread" => entry with { Digest = null },
                "protected" => entry with { Protected = true },
                "special" => entry with { Kind = EntryKind.Special, Digest = null, Size = 0 },
                _ => entry with { Deferral = Enum.Parse<Deferral>(word) },
            };
        }
        return entry;
    }

    private static FileEntry ParseName(string text)
    {
        if (text.Split(" -> ") is [var link, var target])
        {
            return Directory(RelativePath.Parse(link)) with { Kind = EntryKind.Symlink, Mode = 0x1FF, LinkTarget = Encoding.UTF8.GetBytes(target) };
        }
        if (text.EndsWith('/'))
        {
            return Directory(RelativePath.Parse(text == "./" ? "" : text[..^1]));
        }
        var (path, content) = text.Split(" = ") is [var left, var right] ? (left, right) : (text, "");
        var bytes = Encoding.UTF8.GetBytes(content);
        return Directory(RelativePath.Parse(path)) with
        {
            Kind = EntryKind.File,
            Mode = 0x1A4,
            Size = bytes.Length,
            Digest = Digest.FromBytes(SHA256.HashData(bytes)),
        };
    }
}
