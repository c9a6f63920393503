using System.Runtime.InteropServices;
using System.Text;
using DepSync.Model;
using DepSync.Scanning;
using DepSync.Tests.Support;

namespace DepSync.Tests.Scanning;

/// <summary>What cannot be read, and what changes while it is read.</summary>
public sealed partial class SourceRaceTests : IDisposable
{
    private readonly SourceScan _scan = new();

    public void Dispose() => _scan.Dispose();

    [NeedsTheory]
    [InlineData("gone")]
    [InlineData("directory")]
    [InlineData("link")]
    [InlineData("fifo")]
    public async Task File_that_is_gone_or_something_else_when_it_is_opened_is_deferred(string now)
    {
        _scan.Tree.Write("a/x", "abc").Write("a/secret", "s").Write("a/y", "y");
        var tree = new HookedTree(_scan.Open()) { BeforeOpen = path => Replace(path, "a/x"u8, now) };
        var snapshot = await _scan.RunAsync(tree);
        Assert.Equal((EntryKind.File, Deferral.Vanished, null), (SourceScan.Entry(snapshot, "a/x").Kind, SourceScan.Entry(snapshot, "a/x").Deferral, SourceScan.Entry(snapshot, "a/x").Digest));
        Assert.Equal(Deferral.None, SourceScan.Entry(snapshot, "a/y").Deferral);
        Assert.Empty(snapshot.Problems);
    }

    [NeedsTheory]
    [InlineData("gone")]
    [InlineData("link")]
    public async Task Directory_that_is_gone_or_a_link_when_it_is_listed_is_deferred_and_not_followed(string now)
    {
        _scan.Tree.Write("a/x", "abc").Write("b/y", "y");
        var tree = new HookedTree(_scan.Open()) { BeforeList = path => Replace(path, "a"u8, now) };
        var snapshot = await _scan.RunAsync(tree);
        Assert.Equal(["a", "b", "b/y"], SourceScan.Paths(snapshot));
        Assert.Equal(Deferral.Vanished, SourceScan.Entry(snapshot, "a").Deferral);
    }

    [NeedsFact]
    public async Task Unpacked_webapp_stays_the_servers_while_its_archive_is_being_replaced()
    {
        _scan.Tree.Write("webapps/X.war", "").Write("webapps/X/f", "");
        var snapshot = await _scan.RunAsync(new HookedTree(_scan.Open()) { Vanishes = entry => entry.Name.AsSpan().EndsWith(".war"u8) });
        Assert.Equal(["webapps", "webapps/X.war"], SourceScan.Paths(snapshot));
        Assert.Equal(["webapps/X"], snapshot.ExplodedWebapps.Select(path => path.ToString()));
    }

    [NeedsFact]
    public async Task File_that_changes_during_every_read_is_deferred()
    {
        _scan.Tree.Write("big"u8, new byte[32 * 1024 * 1024]).Write("y", "y");
        using var stop = new CancellationTokenSource();
        var touched = 0L;
        var writer = Task.Run(() =>
        {
            while (!stop.IsCancellationRequested)
            {
                Libc.SetModified(_scan.Tree.Absolute("big"u8), 1_600_000_000, Interlocked.Increment(ref touched) % 1_000_000_000);
            }
        });
        var snapshot = await _scan.RunAsync();
        await stop.CancelAsync();
        await writer;
        Assert.Equal((Deferral.Changing, null), (SourceScan.Entry(snapshot, "big").Deferral, SourceScan.Entry(snapshot, "big").Digest));
        Assert.NotNull(SourceScan.Entry(snapshot, "y").Digest);
    }

    [NeedsFact]
    public async Task File_that_changed_between_listing_and_reading_is_taken_as_it_is_then()
    {
        _scan.Tree.Write("x", "abc");
        var tree = new HookedTree(_scan.Open()) { BeforeOpen = _ => _scan.Tree.Write("x", "longer").SetMode("x"u8, 0x1C0) };
        var entry = SourceScan.Entry(await _scan.RunAsync(tree), "x");
        Assert.Equal((6, 0x1C0, Deferral.None), (entry.Size, entry.Mode, entry.Deferral));
        Assert.Equal(Digest.FromBytes(System.Security.Cryptography.SHA256.HashData("longer"u8)), entry.Digest);
    }

    [NeedsFact]
    public async Task Failing_reads_and_listings_are_problems_and_the_rest_goes_on()
    {
        _scan.Tree.Write("a/x", "x").Write("b/y", "y").Write("b/z", "z");
        var tree = new HookedTree(_scan.Open()) { BeforeList = path => Fail(path, "a"), BeforeOpen = path => Fail(path, "b/y") };
        var snapshot = await _scan.RunAsync(tree);
        Assert.Equal(["a", "b", "b/y", "b/z"], SourceScan.Paths(snapshot));
        Assert.Equal(["a", "b/y"], snapshot.Problems.Select(problem => problem.Path.ToString()));
        Assert.All(snapshot.Problems, problem => Assert.Contains("input/output error", problem.Message, StringComparison.Ordinal));
        Assert.Equal((null, Deferral.None), (SourceScan.Entry(snapshot, "b/y").Digest, SourceScan.Entry(snapshot, "b/y").Deferral));
    }

    [NeedsFact]
    public async Task What_this_user_may_not_read_is_a_problem()
    {
        _scan.Tree.Write("closed/x", "x").Write("listable/x", "x").Write("open/denied", "x").Write("open/y", "y");
        _scan.Tree.SetMode(""u8, 0x1ED).SetMode("closed"u8, 0).SetMode("listable"u8, 0x124).SetMode("open/denied"u8, 0);
        using var tree = _scan.Open();
        var files = new List<FoundFile>();
        var walk = new SourceWalk(tree, _scan.Rules, files.Add);
        var reader = new SourceReader(tree, State.HashCacheTests.Empty(_scan.Clock), new UploadGate(TimeSpan.Zero, _scan.Clock));
        List<Task<FileReading>> reads = [];
        AsAnotherUser(() =>
        {
            walk.Run(CancellationToken.None);
            reads = files.ConvertAll(file => reader.ReadAsync(file, CancellationToken.None).AsTask());
        });
        var readings = await Task.WhenAll(reads);
        Assert.Equal(["closed", "listable"], walk.Problems.Select(problem => problem.Path.ToString()).Order());
        Assert.All(walk.Problems, problem => Assert.Contains("ermission denied", problem.Message, StringComparison.Ordinal));
        Assert.Equal(["closed", "listable", "open"], walk.Entries.Select(entry => entry.Path.ToString()).Order());
        Assert.Equal("open/denied", readings.Single(reading => reading.Problem is not null).Problem!.Path.ToString());
        Assert.NotNull(readings.Single(reading => reading.Problem is null).Entry.Digest);
    }

    [NeedsFact]
    public void Manager_directory_that_is_missing_or_no_directory_stops_the_run()
    {
        _scan.Tree.Write("file", "");
        foreach (var name in new[] { "missing", "file", "file/x" })
        {
            var path = Path.Combine(_scan.Tree.Path, name);
            var refusal = Assert.Throws<DepSyncException>(() => SourceTree.Open(path));
            Assert.Equal(ErrorKind.Source, refusal.Kind);
            Assert.Contains(path, refusal.Message, StringComparison.Ordinal);
        }
    }

    [NeedsFact]
    public void Manager_directory_that_may_not_be_read_stops_the_run()
    {
        _scan.Tree.MakeDirectory("closed"u8).SetMode("closed"u8, 0).SetMode(""u8, 0x1ED);
        DepSyncException? refusal = null;
        AsAnotherUser(() => refusal = Assert.Throws<DepSyncException>(() => SourceTree.Open(Path.Combine(_scan.Tree.Path, "closed"))));
        Assert.Equal(ErrorKind.Source, refusal!.Kind);
    }

    [NeedsFact]
    public void Manager_directory_may_be_reached_through_a_link()
    {
        _scan.Tree.MakeDirectory("real"u8).MakeSymlink("link"u8, "real"u8);
        using var real = SourceTree.Open(Path.Combine(_scan.Tree.Path, "real"));
        using var link = SourceTree.Open(Path.Combine(_scan.Tree.Path, "link"));
        Assert.Equal((real.RealPath, real.Identity), (link.RealPath, link.Identity));
    }

    private void Replace(RelativePath path, ReadOnlySpan<byte> victim, string by)
    {
        if (!path.Bytes.SequenceEqual(victim))
        {
            return;
        }
        _scan.Tree.Rename(victim, "moved"u8);
        switch (by)
        {
            case "directory":
                _scan.Tree.MakeDirectory(victim);
                break;
            case "link":
                _scan.Tree.MakeSymlink(victim, Encoding.UTF8.GetBytes(Path.Combine(_scan.Tree.Path, "moved")));
                break;
            case "fifo":
                Libc.MakeFifo(_scan.Tree.Absolute(victim));
                break;
        }
    }

    private static void Fail(RelativePath path, string victim)
    {
        if (path == RelativePath.Parse(victim))
        {
            throw new IOException("input/output error");
        }
    }

    /// <summary>Root reads everything; so as root, on Linux, the thread alone becomes nobody for the file system.</summary>
    private static void AsAnotherUser(Action act)
    {
        Exception? failure = null;
        var thread = new Thread(() =>
        {
            if (Libc.IsRoot)
            {
                _ = setfsuid(65534);
            }
            failure = Record.Exception(act);
        });
        thread.Start();
        thread.Join();
        if (failure is not null)
        {
            throw new InvalidOperationException(failure.Message, failure);
        }
    }

    [LibraryImport("libc")]
    private static partial int setfsuid(uint uid);
}
