using System.Diagnostics;
using System.Globalization;
using System.Text;
using DepSync.Tests.Support;

namespace DepSync.Tests.EndToEnd;

/// <summary>kill -9 at random moments: whoever reads a worker's file meanwhile sees it whole, and one more run makes all equal and leaves nothing lying about.</summary>
public sealed class KillTests
{
    private const int Files = 40;
    private const int Kills = 20;

    [SshdFact]
    public async Task After_a_kill_at_any_moment_one_run_makes_all_equal_and_nobody_saw_half_a_file()
    {
        var seed = Environment.TickCount;
        var random = new Random(seed);
        using var box = new Sandbox();
        TempTree[] targets = [box.AddLocalWorker("local"), box.AddSshWorker("ssh")];
        WriteVersion(box.Manager, 1);
        var clock = Stopwatch.StartNew();
        (await box.SyncAsync()).Expect(0);
        var whole = clock.Elapsed;

        using var stop = new CancellationTokenSource();
        var watcher = Task.Run(() => Watch(targets, stop.Token));
        for (var kill = 0; kill < Kills; kill++)
        {
            WriteVersion(box.Manager, kill + 2);
            using (var run = box.Start("sync"))
            {
                await Task.Delay(whole * random.NextDouble());
                run.Signal(Libc.Sigkill);
                await run.WaitAsync();
            }
            (await box.SyncAsync()).Expect(0);
            Assert.All(targets, t => TreeText.AssertMirrored(box.Manager.Path, t.Path, $"seed {seed}, kill {kill}"));
            Assert.All(targets, t => AssertNoResidue(t, $"seed {seed}, kill {kill}"));
        }
        await stop.CancelAsync();
        var (looks, halves) = await watcher;
        Assert.Empty(halves);
        Assert.True(looks > 0, "the watcher saw nothing");
        await DifferentialTests.AssertNothingIsLeftToDoAsync(box, targets);
    }

    private static void AssertNoResidue(TempTree target, string context)
    {
        var left = Directory.GetFileSystemEntries(Path.Combine(target.Path, ".depsync")).Select(Path.GetFileName).Except(["owner.json", "manifest", "generations"]);
        Assert.True(!left.Any(), $"{string.Join(", ", left)} left in .depsync of {target.Path} ({context})");
    }

    /// <summary>Half of the files get the version's content: one byte again and again, in a length of its own. One file comes, one goes, one changes its kind.</summary>
    private static void WriteVersion(TempTree manager, int version)
    {
        for (var i = version == 1 ? 0 : version % 2; i < Files; i += version == 1 ? 1 : 2)
        {
            manager.Write(Encoding.ASCII.GetBytes(Name(i)), Content(i, (byte)version));
        }
        var kind = Encoding.ASCII.GetBytes("kinds/changes");
        manager.Write(string.Create(CultureInfo.InvariantCulture, $"comes/{version}"), "new").Delete(Encoding.ASCII.GetBytes($"comes/{version - 1}")).Delete(kind);
        _ = version % 2 == 0 ? manager.Write("kinds/changes/below", "x") : manager.Write(kind, "a file"u8);
    }

    private static string Name(int file) => string.Create(CultureInfo.InvariantCulture, $"folder-{file % 5}/{file}.bin");

    private static byte[] Content(int file, byte version)
    {
        var content = new byte[Length(file, version)];
        Array.Fill(content, version);
        return content;
    }

    private static int Length(int file, byte version) => (file % 10 == 0 ? 3_000_000 : 20_000 + file * 3_000) + version;

    /// <summary>How often a file was looked at, and what was not whole.</summary>
    private static (int Looks, List<string> Halves) Watch(TempTree[] targets, CancellationToken stop)
    {
        var looks = 0;
        var halves = new List<string>();
        for (var i = 0; !stop.IsCancellationRequested; i = (i + 1) % Files)
        {
            foreach (var target in targets)
            {
                try
                {
                    var bytes = File.ReadAllBytes(Path.Combine(target.Path, Name(i)));
                    if (bytes.Length == 0 || bytes.Length != Length(i, bytes[0]) || bytes.AsSpan().ContainsAnyExcept(bytes[0]))
                    {
                        halves.Add($"{target.Path}/{Name(i)}: {bytes.Length} bytes");
                    }
                }
                catch (IOException e)
                {
                    halves.Add($"{target.Path}/{Name(i)}: {e.Message}");
                }
                looks++;
            }
        }
        return (looks, halves);
    }
}
