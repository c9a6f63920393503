using System.Diagnostics;
using System.IO.Compression;
using System.Security.Cryptography;
using DepSync.Tests.Support;

namespace DepSync.Tests.EndToEnd;

/// <summary>An archive that is being copied into the manager's folder while run follows run reaches no worker before it is whole, and nothing of the version before it goes.</summary>
public sealed class GrowingArchiveTests
{
    private const int Chunk = 256 * 1024;

    [SshdTheory]
    [InlineData(6_000_000, 1_000_000)]
    [InlineData(50_000_000, 10_000_000)]
    public async Task A_growing_archive_is_pushed_when_it_is_whole_and_not_before(int size, int bytesASecond)
    {
        using var box = new Sandbox();
        TempTree[] targets = [box.AddLocalWorker("local"), box.AddSshWorker("ssh")];
        var old = Archive(100_000);
        var grown = Archive(size);
        box.Manager.Write("carbonapps/Orders.car"u8, old).Write("carbonapps/Other.car"u8, old);
        (await box.SyncAsync()).Expect(0);

        box.Manager.Delete("carbonapps/Other.car"u8);
        var copy = CopyAsync(Path.Combine(box.Manager.Path, "carbonapps/Orders.car"), grown, bytesASecond);
        var runs = 0;
        while (!copy.IsCompleted)
        {
            var outcome = await box.SyncAsync("--settle", "1s");
            if (copy.IsCompleted)
            {
                break;
            }
            outcome.Expect(24);
            Assert.All(targets, t => Assert.Equal(Hash(old), HashOf(t, "carbonapps/Orders.car")));
            Assert.All(targets, t => Assert.Equal(Hash(old), HashOf(t, "carbonapps/Other.car")));
            runs++;
        }
        await copy;
        Assert.True(runs > 0, "no run fell into the copy");
        await Until.TrueAsync(() => File.GetLastWriteTimeUtc(Path.Combine(box.Manager.Path, "carbonapps/Orders.car")) < DateTime.UtcNow.AddSeconds(-1.5), "the file has settled");
        (await box.SyncAsync("--settle", "1s")).Expect(0);
        Assert.All(targets, t => TreeText.AssertMirrored(box.Manager.Path, t.Path));
        await DifferentialTests.AssertNothingIsLeftToDoAsync(box, targets);
    }

    private static async Task CopyAsync(string path, byte[] content, int bytesASecond)
    {
        // In place, as cp does: the old content is gone at once, the new one grows.
        await using var file = new FileStream(path, FileMode.Truncate, FileAccess.Write, FileShare.ReadWrite, 1);
        var started = Stopwatch.StartNew();
        for (var written = 0; written < content.Length; written += Chunk)
        {
            await file.WriteAsync(content.AsMemory(written, Math.Min(Chunk, content.Length - written)));
            var due = TimeSpan.FromSeconds((double)written / bytesASecond) - started.Elapsed;
            await Task.Delay(due > TimeSpan.Zero ? due : TimeSpan.Zero);
        }
    }

    private static byte[] Archive(int size)
    {
        var bytes = new MemoryStream();
        using (var archive = new ZipArchive(bytes, ZipArchiveMode.Create, leaveOpen: true))
        {
            using var entry = archive.CreateEntry("content.bin", CompressionLevel.NoCompression).Open();
            var content = new byte[size];
            new Random(size).NextBytes(content);
            entry.Write(content);
        }
        return bytes.ToArray();
    }

    private static string Hash(byte[] content) => Convert.ToHexString(SHA256.HashData(content));

    private static string HashOf(TempTree tree, string path) => Hash(File.ReadAllBytes(Path.Combine(tree.Path, path)));
}
