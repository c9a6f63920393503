using System.Globalization;
using System.Runtime.Versioning;
using System.Text;
using DepSync.Config;
using DepSync.Model;
using DepSync.Tests.Support;

namespace DepSync.Tests.Release;

/// <summary>
/// Whole runs while somebody who owns parts of a tree swaps folders for links to a victim and back, as fast as the machine can. For two seconds; DEPSYNC_FLIP_SECONDS gives it longer,
/// as CI does.
/// </summary>
[UnsupportedOSPlatform("windows")]
public sealed class FlippingReleaseTests : IDisposable
{
    private static readonly TimeSpan Length = TimeSpan.FromSeconds(int.Parse(Environment.GetEnvironmentVariable("DEPSYNC_FLIP_SECONDS") is { Length: > 0 } seconds ? seconds : "2", CultureInfo.InvariantCulture));

    private readonly TempTree _folder = TempTree.InMemory();
    private readonly ReleaseFixture _run;
    private readonly TempTree _outside;
    private readonly TempTree _victim;

    public FlippingReleaseTests()
    {
        _run = new ReleaseFixture(new TempTree(_folder, "run"));
        _outside = new TempTree(_folder, "outside");
        _victim = new TempTree(_folder, "victim");
        foreach (var tree in (TempTree[])[_run.Manager, _victim])
        {
            Fill(tree, ReferenceEquals(tree, _victim) ? "SECRET" : "fine");
        }
        _victim.Write("new/1", "SECRET").Write("old/1", "SECRET").Write("run-2/new/1", "SECRET").Write("owner.json", "SECRET").Write("manifest", "SECRET");
    }

    public void Dispose()
    {
        _run.Dispose();
        _folder.Dispose();
    }

    [NeedsFact("find")]
    public async Task A_victim_stays_as_it_is_while_folders_and_links_change_places_in_a_target()
    {
        Assert.Null((await _run.SyncAsync(Config)).Error);
        var before = TreeText.ReadUntouched(_victim.Path);
        var runs = await RunWhileFlippingAsync(_run.Worker.Path, ["conf", "conf/deep", "conf/deep/er", ".depsync", ".depsync/run-*", ".depsync/run-*/new", ".depsync/run-*/old"], EditManager);
        TreeText.AssertSame(before, TreeText.ReadUntouched(_victim.Path), $"after {runs} runs");
        Assert.True(runs > 0);
        await AssertHealsAsync();
        TreeText.AssertSame(before, TreeText.ReadUntouched(_victim.Path));
    }

    [NeedsFact("find", "grep")]
    public async Task Nothing_of_a_victim_is_sent_while_folders_and_links_change_places_in_the_manager_directory()
    {
        Assert.Null((await _run.SyncAsync(Config)).Error);
        var before = TreeText.ReadUntouched(_victim.Path);
        var runs = await RunWhileFlippingAsync(_run.Manager.Path, ["conf", "conf/deep", "conf/deep/er"], _ => _run.Worker.Delete("conf"u8));
        Assert.Equal(1, Command.Try("grep", "-rqs", "SECRET", _run.Worker.Path).ExitCode);
        TreeText.AssertSame(before, TreeText.ReadUntouched(_victim.Path), $"after {runs} runs");
        Assert.True(runs > 0);
        await AssertHealsAsync();
    }

    private RunConfig Config => _run.Config with
    {
        Durable = false,
        MaxDelete = new(100, IsPercent: true),
        AllowEmpty = [RelativePath.Root, .. SnapshotText.Paths("conf", "deep", "er")],
        FirstContact = ["worker"],
    };

    private static void Fill(TempTree tree, string text)
    {
        foreach (var folder in (string[])["", "conf/", "conf/deep/", "conf/deep/er/", "deep/", "deep/er/", "er/"])
        {
            var link = Encoding.UTF8.GetBytes($"{folder}link");
            tree.Write($"{folder}a.xml", $"{text} a").Write($"{folder}b.xml", $"{text} b").Delete(link).MakeSymlink(link, "a.xml"u8);
        }
    }

    /// <summary>Runs, each with something to do in every folder; returns how many.</summary>
    private async Task<int> RunWhileFlippingAsync(string tree, string[] places, Action<int> edit)
    {
        using var stop = new CancellationTokenSource(Length);
        var flipper = Task.Factory.StartNew(() => Flip(tree, places, stop.Token), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        var runs = 0;
        for (; !stop.IsCancellationRequested; runs++)
        {
            edit(runs);
            await _run.SyncAsync(Config);
        }
        await flipper;
        return runs;
    }

    /// <summary>To create, to update, to remove and to retype.</summary>
    private void EditManager(int run)
    {
        foreach (var folder in (string[])["conf", "conf/deep", "conf/deep/er"])
        {
            _run.Manager.Write($"{folder}/new-{run}.xml", "fine").Write($"{folder}/a.xml", $"fine {run}").Delete(Encoding.UTF8.GetBytes($"{folder}/new-{run - 2}.xml"));
            var kind = Encoding.UTF8.GetBytes($"{folder}/kind");
            _run.Manager.Delete(kind);
            _ = run % 2 == 0 ? _run.Manager.Write($"{folder}/kind/below", "fine") : _run.Manager.MakeSymlink(kind, "a.xml"u8);
        }
    }

    private async Task AssertHealsAsync()
    {
        _run.Manager.Delete("conf"u8);
        Fill(_run.Manager, "fine");
        foreach (var place in (string[])[".depsync", "conf", "conf/deep", "conf/deep/er"])
        {
            if (new FileInfo(Path.Combine(_run.Worker.Path, place)).LinkTarget is not null)
            {
                _run.Worker.Delete(Encoding.UTF8.GetBytes(place));
            }
        }
        // A link that a run fenced as if it were a run's folder, before that folder came back: who planted it takes it away.
        var own = new DirectoryInfo(Path.Combine(_run.Worker.Path, ".depsync"));
        foreach (var planted in own.Exists ? own.GetFileSystemInfos("fenced-*").Where(entry => entry.LinkTarget is not null) : [])
        {
            planted.Delete();
        }
        // The first of these may still find what a flip left half done in our own folder.
        await _run.SyncAsync(Config);
        Assert.Null((await _run.SyncAsync(Config)).Error);
        _run.AssertEqualTrees();
    }

    /// <summary>Out of the tree, a link in its place, and back again; what a run did there meanwhile may make any of these fail.</summary>
    private void Flip(string tree, string[] places, CancellationToken stop)
    {
        var link = Path.Combine(_outside.Path, "link");
        var spare = Path.Combine(_outside.Path, "spare");
        for (var n = 0; !stop.IsCancellationRequested; n++)
        {
            var place = Find(tree, places[n % places.Length]);
            if (place is null || Move(place, spare) != 0)
            {
                continue;
            }
            Try(() => File.CreateSymbolicLink(link, _victim.Path));
            Move(link, place);
            Thread.SpinWait(200);
            Move(place, link);
            Move(spare, place);
            Try(() => File.Delete(link));
            // What a run put in its place stays there, and what was taken out is lost, as it would be to any other thief.
            Try(() => Directory.Delete(spare, recursive: true));
            Try(() => Directory.Delete(link, recursive: true));
        }
    }

    /// <summary>A folder of a place; for a pattern the first of them.</summary>
    private static string? Find(string tree, string place)
    {
        var at = tree;
        foreach (var name in place.Split('/'))
        {
            try
            {
                var next = name.Contains('*', StringComparison.Ordinal) ? Directory.EnumerateDirectories(at, name).FirstOrDefault() : Path.Combine(at, name);
                if (next is null || new FileInfo(next).LinkTarget is not null)
                {
                    return null;
                }
                at = next;
            }
            catch (IOException)
            {
                return null;
            }
        }
        return at;
    }

    private static int Move(string from, string to) => Libc.TryRename([.. Encoding.UTF8.GetBytes(from), 0], [.. Encoding.UTF8.GetBytes(to), 0]);

    private static void Try(Action act)
    {
        try
        {
            act();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A run was there first.
        }
    }
}
