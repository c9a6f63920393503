using System.Security.Cryptography;
using System.Text;
using DepSync.Model;

namespace DepSync.Tests.Support;

/// <summary>Pairs of small trees that differ in every way a pair can: the same seed gives the same pair. Folders at the root (<c>t0</c>, <c>t1</c>, …) are trees of their own.</summary>
internal sealed class RandomTrees(int seed)
{
    private static readonly string[] Names = ["a", "b", "c", "a-b", "a.b", "x y", "ü", "n\nl", "e\es", @"h\#012", "t\tb", "'", "-n", "日本"];
    private static readonly string[] Contents = ["", "1", "2", "one", "two", "longer"];
    private static readonly string[] Targets = ["a", "b", "../x y", "n\nl", "/nowhere"];
    private static readonly int[] FileModes = [0x1A4, 0x180, 0x1ED, 0x1A0];
    private static readonly int[] DirectoryModes = [0x1ED, 0x1C0, 0x1FD];
    private static readonly Dictionary<Digest, byte[]> ContentByDigest = Contents.Select(Encoding.UTF8.GetBytes).ToDictionary(bytes => Digest.FromBytes(SHA256.HashData(bytes)));

    private readonly Random _random = new(seed);

    public static byte[] ContentOf(FileEntry entry) => ContentByDigest[entry.Digest!.Value];

    public (Snapshot Source, Snapshot Worker) Pair(int trees)
    {
        var (source, worker) = (new List<FileEntry>(), new List<FileEntry>());
        for (var i = 0; i < trees; i++)
        {
            var folder = Entry(RelativePath.Parse($"t{i}"), EntryKind.Directory);
            source.Add(folder);
            worker.Add(Maybe(0.3) ? Touch(folder) : folder);
            Fill(folder.Path, depth: 1, source, worker);
        }
        var root = Entry(RelativePath.Root, EntryKind.Directory);
        return (new Snapshot(root, source), new Snapshot(Maybe(0.5) ? Touch(root) : root, worker));
    }

    private void Fill(RelativePath folder, int depth, List<FileEntry>? source, List<FileEntry>? worker)
    {
        foreach (var name in Names.Where(_ => Maybe(0.25)))
        {
            var entry = Entry(folder.Child(name), RandomKind(depth));
            var fate = source is null || worker is null ? 1 : _random.NextDouble();
            // Both, equal; both, changed; both, of another kind; one alone.
            var (ours, theirs) = fate switch
            {
                < 0.35 => (entry, entry),
                < 0.65 => (entry, Touch(entry)),
                < 0.8 => (entry, Entry(entry.Path, RandomKind(depth))),
                < 0.9 => (entry, null),
                _ => (source is null ? null : worker is null ? entry : null, worker is null ? null : entry),
            };
            Put(source, ours);
            Put(worker, theirs);
            var (below, belowTheirs) = (ours?.Kind == EntryKind.Directory ? source : null, theirs?.Kind == EntryKind.Directory ? worker : null);
            if (below is not null || belowTheirs is not null)
            {
                Fill(entry.Path, depth + 1, below, belowTheirs);
            }
        }
    }

    private static void Put(List<FileEntry>? tree, FileEntry? entry)
    {
        if (entry is not null)
        {
            tree!.Add(entry);
        }
    }

    private FileEntry Touch(FileEntry entry) => (entry.Kind, _random.Next(4)) switch
    {
        (_, 0) => entry with { ModifiedNs = Time() },
        (EntryKind.File, 1) => Filled(entry),
        (EntryKind.File, 2) => Filled(entry) with { ModifiedNs = Time(), Mode = Pick(FileModes) },
        (EntryKind.Symlink, _) => entry with { LinkTarget = Encoding.UTF8.GetBytes(Pick(Targets)), ModifiedNs = Maybe(0.5) ? Time() : entry.ModifiedNs },
        (EntryKind.File, _) => entry with { Mode = Pick(FileModes) },
        _ => entry with { Mode = Pick(DirectoryModes) },
    };

    private FileEntry Entry(RelativePath path, EntryKind kind)
    {
        var entry = new FileEntry { Path = path, Kind = kind, ModifiedNs = Time() };
        return kind switch
        {
            EntryKind.File => Filled(entry) with { Mode = Pick(FileModes) },
            EntryKind.Symlink => entry with { LinkTarget = Encoding.UTF8.GetBytes(Pick(Targets)), Mode = 0x1FF },
            _ => entry with { Mode = Pick(DirectoryModes) },
        };
    }

    private FileEntry Filled(FileEntry file)
    {
        var content = Encoding.UTF8.GetBytes(Pick(Contents));
        return file with { Size = content.Length, Digest = Digest.FromBytes(SHA256.HashData(content)) };
    }

    private EntryKind RandomKind(int depth) => _random.Next(depth > 2 ? 2 : 3) switch { 0 => EntryKind.File, 1 => EntryKind.Symlink, _ => EntryKind.Directory };

    private long Time() => ((SnapshotText.DefaultSeconds + _random.Next(3)) * 1_000_000_000) + (_random.Next(2) * 500_000_000);

    private bool Maybe(double probability) => _random.NextDouble() < probability;

    private T Pick<T>(T[] values) => values[_random.Next(values.Length)];
}
