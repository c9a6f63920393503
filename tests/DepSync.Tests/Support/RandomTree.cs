using System.Text;

namespace DepSync.Tests.Support;

/// <summary>
/// Makes and changes trees from a seed: the same seed does the same to equal trees, mtimes included. Never a change that keeps size and mtime (rsync's quick check misses it),
/// no name of a type folder (an empty one stays on a worker, which rsync does not know), no special files.
/// </summary>
internal sealed class RandomTree(int seed)
{
    private static readonly byte[][] Names =
    [
        .. new[]
        {
            "a", "b.xml", "conf", "deep", "e f", "-dash", "new\nline", "q'uo\"te", "\u001b[31m", "tab\t", "\u00e9", "e\u0301", "\u65e5\u672c", "*", "#x", "back\\slash", ".hidden", "~tilde", "x.jarx",
        }.Select(Encoding.UTF8.GetBytes),
        [0xFF, 0xFE, (byte)'z'],
        [(byte)'m', 0xC3, (byte)'n'],
    ];

    private static readonly int[] FileModes = [0x1A4, 0x180, 0x1ED, 0x1A0, 0x124];
    private static readonly int[] FolderModes = [0x1ED, 0x1C0, 0x1E8, 0x1FD];

    private readonly Random _random = new(seed);
    private long _clock = 1_500_000_000 + seed % 1000;

    public override string ToString() => $"seed {seed}";

    /// <summary>Adds so many entries (fewer where names meet).</summary>
    public RandomTree Fill(TempTree tree, int count)
    {
        for (var i = 0; i < count; i++)
        {
            Add(tree, Listing(tree));
        }
        Settle(tree);
        return this;
    }

    /// <summary>Edits, deletes, renames, retypes, touches and adds so many entries.</summary>
    public RandomTree Mutate(TempTree tree, int count)
    {
        for (var i = 0; i < count; i++)
        {
            var entries = Listing(tree);
            var below = entries.Where(e => e.Path.Length > 0).ToArray();
            if (below.Length == 0)
            {
                Add(tree, entries);
                continue;
            }
            Change(tree, entries, below[_random.Next(below.Length)]);
        }
        Settle(tree);
        return this;
    }

    private static List<TreeEntry> Listing(TempTree tree) => [.. TreeText.List(tree.Path, withDepSync: false)];

    private void Change(TempTree tree, List<TreeEntry> entries, TreeEntry entry)
    {
        switch (_random.Next(8))
        {
            case 0:
                tree.Delete(entry.Path);
                break;
            case 1:
                tree.Delete(entry.Path);
                Create(tree, entry.Path);
                break;
            case 2 when NewPath(tree, entries) is { } to && !IsBelow(to, entry.Path):
                tree.Rename(entry.Path, to);
                break;
            case 3 when entry.Kind != 'l':
                tree.SetMode(entry.Path, entry.Kind == 'd' ? Pick(FolderModes) : Pick(FileModes));
                break;
            case 4:
                tree.SetModified(entry.Path, Tick(), _random.Next(1_000_000_000));
                break;
            case 5 or 6 when entry.Kind == 'f':
                tree.Write(entry.Path, Content()).SetModified(entry.Path, Tick(), _random.Next(1_000_000_000));
                break;
            case 7 when entry.Kind == 'l':
                tree.Delete(entry.Path).MakeSymlink(entry.Path, Pick(Names)).SetModified(entry.Path, Tick());
                break;
            default:
                Add(tree, entries);
                break;
        }
    }

    private void Add(TempTree tree, List<TreeEntry> entries)
    {
        if (NewPath(tree, entries) is { } path)
        {
            Create(tree, path);
        }
    }

    private void Create(TempTree tree, byte[] path)
    {
        switch (_random.Next(6))
        {
            case 0 or 1:
                tree.MakeDirectory(path).SetMode(path, Pick(FolderModes));
                break;
            case 2:
                tree.MakeSymlink(path, Pick(Names));
                break;
            default:
                tree.Write(path, Content()).SetMode(path, Pick(FileModes));
                break;
        }
        tree.SetModified(path, Tick(), _random.Next(1_000_000_000));
    }

    private byte[]? NewPath(TempTree tree, List<TreeEntry> entries)
    {
        var folders = entries.Where(e => e.Kind == 'd').ToArray();
        var folder = folders[_random.Next(folders.Length)].Path;
        var path = folder.Length == 0 ? Pick(Names) : (byte[])[.. folder, (byte)'/', .. Pick(Names)];
        return tree.Exists(path) ? null : path;
    }

    private byte[] Content()
    {
        var content = new byte[_random.Next(4) switch { 0 => 0, 1 => _random.Next(100), 2 => _random.Next(5_000), _ => _random.Next(200_000) }];
        _random.NextBytes(content);
        return content;
    }

    /// <summary>Folders get times of the seed too: what was made in them left the time of day there.</summary>
    private void Settle(TempTree tree)
    {
        foreach (var folder in Listing(tree).Where(e => e.Kind == 'd' && e.Seconds > 1_600_000_000).Reverse())
        {
            tree.SetModified(folder.Path, Tick());
        }
    }

    private T Pick<T>(T[] from) => from[_random.Next(from.Length)];

    private long Tick() => _clock += 1 + _random.Next(1000);

    private static bool IsBelow(byte[] path, byte[] folder) => path.AsSpan().StartsWith([.. folder, (byte)'/']);
}
