using System.Globalization;
using System.IO.Compression;

namespace DepSync.Benchmarks;

/// <summary>The trees that the benchmark pushes, and the edits between two pushes. The same arguments give the same bytes.</summary>
internal static class BenchmarkTree
{
    private const int FilesOfOneFolder = 48;
    private const int Page = 4096;

    /// <summary><c>small</c>: so many files of 3.7 KB on average, three folders deep. <c>big</c>: one file of so many MiB. <c>war</c>: an archive of so many classes and 40 libraries.</summary>
    public static void Make(string folder, string kind, int amount)
    {
        Directory.CreateDirectory(folder);
        switch (kind)
        {
            case "small":
                MakeSmall(folder, amount);
                break;
            case "big":
                MakeBig(Path.Combine(folder, "big.bin"), amount);
                break;
            case "war":
                Directory.CreateDirectory(Path.Combine(folder, "webapps"));
                MakeWar(Path.Combine(folder, "webapps", "shop.war"), amount, new WarEdition(0, [], 0));
                break;
            default:
                throw new ArgumentException($"no such tree: {kind}");
        }
    }

    /// <summary><c>touch20</c>: 20 files get other bytes. <c>scatter</c>: 1 % of a file's pages. <c>front</c>: 64 KiB more at the front. <c>war1</c>: one entry. <c>rebuild</c>: 1 % of the entries, and new times on all.</summary>
    public static void Edit(string target, string kind, int seed)
    {
        // Not a seed that any tree is made from: its bytes would be found there.
        var random = new Random(1_000_000 + seed);
        switch (kind)
        {
            case "touch20":
                foreach (var file in Directory.GetFiles(target, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal).ToArray().AsSpan().GetItems(random, 20))
                {
                    File.WriteAllBytes(file, Bytes(random, (int)new FileInfo(file).Length + 1));
                }
                break;
            case "scatter":
                Scatter(target, random);
                break;
            case "front":
                var old = File.ReadAllBytes(target);
                File.WriteAllBytes(target, [.. Bytes(random, 64 * 1024), .. old]);
                break;
            case "war1":
                MakeWar(target, Classes(target), new WarEdition(seed, [random.Next(1000)], 0));
                break;
            case "rebuild":
                var classes = Classes(target);
                MakeWar(target, classes, new WarEdition(seed, [.. Enumerable.Range(0, classes / 100).Select(_ => random.Next(classes))], seed));
                break;
            default:
                throw new ArgumentException($"no such edit: {kind}");
        }
    }

    private static T[] GetItems<T>(this Span<T> items, Random random, int count) => random.GetItems<T>(items, count);

    private static void MakeSmall(string folder, int files)
    {
        var random = new Random(1);
        for (var i = 0; i < files; i++)
        {
            var number = i / FilesOfOneFolder;
            var place = Path.Combine(folder, Name("area", number % 10), Name("unit", number));
            Directory.CreateDirectory(place);
            File.WriteAllBytes(Path.Combine(place, Name("service", i) + ".xml"), Bytes(random, random.Next(200, 7200)));
        }
    }

    private static void MakeBig(string path, int mebibytes)
    {
        var random = new Random(2);
        using var file = File.Create(path);
        for (var i = 0; i < mebibytes; i++)
        {
            file.Write(Bytes(random, 1 << 20));
        }
    }

    private static void Scatter(string path, Random random)
    {
        using var file = File.Open(path, FileMode.Open, FileAccess.ReadWrite);
        var pages = file.Length / Page;
        for (var i = 0; i < pages / 100; i++)
        {
            file.Position = random.NextInt64(pages) * Page;
            file.Write(Bytes(random, Page));
        }
    }

    private static void MakeWar(string path, int classes, WarEdition edition)
    {
        var time = new DateTimeOffset(2024, 1, 2, 3, 4, 6, TimeSpan.Zero).AddMinutes(edition.Minutes);
        using var archive = new ZipArchive(File.Create(path), ZipArchiveMode.Create);
        for (var i = 0; i < classes; i++)
        {
            var random = new Random(edition.Changed.Contains(i) ? HashCode.Combine(i, edition.Seed) : i);
            Add(archive, $"WEB-INF/classes/org/example/C{i}.class", time, Text(random, random.Next(2000, 30000)), CompressionLevel.Fastest);
        }
        for (var i = 0; i < 40; i++)
        {
            Add(archive, $"WEB-INF/lib/library-{i}.jar", time, Bytes(new Random(-1 - i), 1 << 20), CompressionLevel.NoCompression);
        }
    }

    private static void Add(ZipArchive archive, string name, DateTimeOffset time, byte[] bytes, CompressionLevel level)
    {
        var entry = archive.CreateEntry(name, level);
        entry.LastWriteTime = time;
        using var stream = entry.Open();
        stream.Write(bytes);
    }

    private static int Classes(string war)
    {
        using var archive = ZipFile.OpenRead(war);
        return archive.Entries.Count(entry => entry.FullName.EndsWith(".class", StringComparison.Ordinal));
    }

    private static string Name(string word, int number) => string.Create(CultureInfo.InvariantCulture, $"{word}-{number}");

    private static byte[] Bytes(Random random, int length)
    {
        var bytes = new byte[length];
        random.NextBytes(bytes);
        return bytes;
    }

    /// <summary>Compresses to about a half, as classes do.</summary>
    private static byte[] Text(Random random, int length)
    {
        var bytes = new byte[length];
        for (var i = 0; i < length; i++)
        {
            bytes[i] = (byte)random.Next(16);
        }
        return bytes;
    }

    private sealed record WarEdition(int Seed, HashSet<int> Changed, int Minutes);
}
