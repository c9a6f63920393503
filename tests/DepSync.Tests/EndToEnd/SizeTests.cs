using System.Globalization;
using DepSync.Tests.Support;

namespace DepSync.Tests.EndToEnd;

/// <summary>Many small files and large ones go through in one run, and memory stays bounded.</summary>
public sealed class SizeTests
{
    private const long MaxMemory = 150_000_000;

    /// <summary>As many as CI can afford; DEPSYNC_FULL=1 takes the numbers of the promise: 10,000 small files and 1 GiB of large ones.</summary>
    private static readonly (int Small, int LargeMebibytes) Amount = Environment.GetEnvironmentVariable("DEPSYNC_FULL") == "1" ? (10_000, 1024) : (10_000, 256);

    [SshdFact]
    public async Task Many_small_files_and_large_ones_go_through_in_bounded_memory()
    {
        using var box = new Sandbox();
        var target = box.AddSshWorker("ssh");
        var random = new Random(1);
        var block = new byte[1 << 20];
        for (var i = 0; i < Amount.Small; i++)
        {
            random.NextBytes(block.AsSpan(0, 64));
            box.Manager.Write(System.Text.Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"folder-{i % 100}/{i}.xml")), block.AsSpan(0, i % 8000));
        }
        for (var file = 0; file < 4; file++)
        {
            await using var stream = File.Create(Path.Combine(box.Manager.Path, string.Create(CultureInfo.InvariantCulture, $"large-{file}.bin")));
            for (var i = 0; i < Amount.LargeMebibytes / 4; i++)
            {
                random.NextBytes(block);
                await stream.WriteAsync(block);
            }
        }
        using var run = box.Start("sync", "-q");
        var peak = 0L;
        await Until.TrueAsync(() => Sample(run, ref peak), "the end of the run");
        (await run.WaitAsync()).Expect(0);
        TreeText.AssertMirrored(box.Manager.Path, target.Path);
        Assert.InRange(peak, 1, MaxMemory);
    }

    [SshdFact]
    public async Task A_tree_300_levels_deep_is_mirrored_changed_and_removed()
    {
        using var box = new Sandbox();
        TempTree[] targets = [box.AddLocalWorker("local"), box.AddSshWorker("ssh")];
        var deep = string.Join('/', Enumerable.Range(0, 300).Select(level => string.Create(CultureInfo.InvariantCulture, $"l{level}")));
        box.Manager.Write($"top/{deep}/file", "x").Write("top/other", "x");
        (await box.SyncAsync()).Expect(0);
        box.Manager.Write($"top/{deep}/file", "changed");
        (await box.SyncAsync()).Expect(0);
        Assert.All(targets, target => TreeText.AssertMirrored(box.Manager.Path, target.Path));
        box.Manager.Delete("top/l0"u8);
        (await box.SyncAsync("--max-delete", "100%")).Expect(0);
        Assert.All(targets, target => TreeText.AssertMirrored(box.Manager.Path, target.Path));
    }

    /// <summary>Three and a half minutes on a busy machine of two cores, and 10 GiB of disk, so in full only where DEPSYNC_FULL=1 asks for it; offsets beyond 4 GiB are in the contract of every worker.</summary>
    [SshdFact]
    public async Task A_file_of_5_GiB_and_a_folder_of_100_000_entries_are_mirrored()
    {
        var (size, entries) = Environment.GetEnvironmentVariable("DEPSYNC_FULL") == "1" ? (5L << 30, 100_000) : (5L << 20, 2_000);
        using var box = new Sandbox();
        TempTree[] targets = [box.AddLocalWorker("local"), box.AddSshWorker("ssh")];
        await using (var large = File.Create(Path.Combine(box.Manager.Path, "large.bin")))
        {
            large.SetLength(size);
            large.Seek(-3, SeekOrigin.End);
            large.Write("end"u8);
        }
        box.Manager.MakeDirectory("folder"u8);
        for (var i = 0; i < entries; i++)
        {
            box.Manager.Write(System.Text.Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"folder/{i}.xml")), "x"u8);
        }
        (await box.SyncAsync("-q")).Expect(0);
        Assert.All(targets, target => TreeText.AssertMirrored(box.Manager.Path, target.Path));
        (await box.SyncAsync()).Expect(0).ExpectSilence();
    }

    private static bool Sample(DepSyncProcess run, ref long peak)
    {
        try
        {
            peak = OperatingSystem.IsLinux() ? Math.Max(peak, run.PeakMemory) : 1;
        }
        catch (Exception e) when (e is IOException or InvalidOperationException)
        {
            // It ended between the two looks, or is about to.
        }
        return run.HasExited;
    }
}
