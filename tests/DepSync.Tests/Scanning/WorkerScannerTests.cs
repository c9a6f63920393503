using System.Text;
using DepSync.Model;
using DepSync.Scanning;
using DepSync.Workers;

namespace DepSync.Tests.Scanning;

public sealed class WorkerScannerTests
{
    private readonly ListedWorker _worker = new ListedWorker().Add("", EntryKind.Directory);

    [Fact]
    public async Task Missing_target_gives_an_empty_snapshot()
    {
        var snapshot = await new WorkerScanner(new ListedWorker(), new FilterSet([], [])).ScanAsync(new WorkerScanRequest(), CancellationToken.None);
        Assert.Null(snapshot.Root);
        Assert.Empty(snapshot.Entries);
    }

    [Fact]
    public async Task Target_that_is_no_directory_loses_the_worker()
    {
        _worker.Add("", EntryKind.File);
        Assert.Equal(ErrorKind.Target, (await Assert.ThrowsAsync<WorkerLostException>(() => ScanAsync())).Kind);
    }

    [Fact]
    public async Task Every_kind_is_listed_with_its_attributes()
    {
        _worker.Add("carbonapps", EntryKind.Directory).Add("carbonapps/a.car", EntryKind.File, "abc", 1_234).Add("carbonapps/l", EntryKind.Symlink, "../x");
        var snapshot = await ScanAsync();
        Assert.Equal(["carbonapps", "carbonapps/a.car", "carbonapps/l"], Paths(snapshot));
        var file = snapshot.Find(RelativePath.Parse("carbonapps/a.car"))!;
        Assert.Equal((3, 1_234L, 1_234_000_000_000, 0x1A4, 1000, null), (file.Size, file.WorkerSeconds, file.ModifiedNs, file.Mode, file.Uid, file.Digest));
        Assert.Equal("../x", Encoding.UTF8.GetString(snapshot.Find(RelativePath.Parse("carbonapps/l"))!.LinkTarget!));
        Assert.Equal(EntryKind.Directory, snapshot.Root!.Kind);
        Assert.Empty(snapshot.Keepers);
    }

    [Fact]
    public async Task Worker_is_told_how_much_is_to_be_listed()
    {
        _worker.Add("a", EntryKind.Directory).Add("a/x", EntryKind.File).Add("a/y", EntryKind.File).Add("a/l", EntryKind.Symlink, "x");
        var tree = ExpectedTree.Of(await ScanAsync(), new FilterSet([], []));
        await TreeListing.Begin(_worker, tree, CancellationToken.None).DisposeAsync();
        Assert.Equal(new WorkLoad { Directories = 2, Entries = 4 }, _worker.Expected);
    }

    [Fact]
    public async Task Excluded_entries_are_left_out_and_their_folder_is_kept()
    {
        _worker.Add("a", EntryKind.Directory).Add("a/x.bak", EntryKind.File).Add("a/b", EntryKind.Directory).Add("a/b/.nfs1", EntryKind.File).Add("a/b/y", EntryKind.File);
        _worker.Add("skip", EntryKind.Directory).Add("skip/z", EntryKind.File).Add("c", EntryKind.Directory);
        var snapshot = await ScanAsync(new FilterSet(["*.bak", "skip/"], []));
        Assert.Equal(["a", "a/b", "a/b/y", "c"], Paths(snapshot));
        Assert.Equal(["", "a", "a/b"], snapshot.Keepers.Order().Select(path => path.ToString()));
    }

    [Fact]
    public async Task Own_folder_is_left_out_and_does_not_keep_the_root()
    {
        _worker.Add(".depsync", EntryKind.Directory).Add(".depsync/manifest", EntryKind.File);
        var snapshot = await ScanAsync();
        Assert.Empty(snapshot.Entries);
        Assert.Empty(snapshot.Keepers);
    }

    [Fact]
    public async Task Protected_entries_are_marked_and_keep_their_folder()
    {
        _worker.Add("s", EntryKind.Directory).Add("s/servicemetafiles", EntryKind.Directory).Add("s/servicemetafiles/x", EntryKind.File).Add("s/y", EntryKind.File);
        var snapshot = await ScanAsync();
        Assert.Equal(["s/servicemetafiles", "s/servicemetafiles/x"], snapshot.Entries.Where(entry => entry.Protected).Select(entry => entry.Path.ToString()));
        Assert.Equal(["s", "s/servicemetafiles"], snapshot.Keepers.Order().Select(path => path.ToString()));
    }

    [Fact]
    public async Task Exploded_webapp_is_left_out_and_keeps_webapps()
    {
        _worker.Add("webapps", EntryKind.Directory).Add("webapps/X.war", EntryKind.File).Add("webapps/X", EntryKind.Directory).Add("webapps/X/i.html", EntryKind.File);
        _worker.Add("webapps/Y", EntryKind.File);
        var exploded = new HashSet<RelativePath> { RelativePath.Parse("webapps/X"), RelativePath.Parse("webapps/Y") };
        var snapshot = await ScanAsync(request: new WorkerScanRequest { ExplodedWebapps = exploded });
        Assert.Equal(["webapps", "webapps/X.war", "webapps/Y"], Paths(snapshot));
        Assert.Equal(["webapps"], snapshot.Keepers.Select(path => path.ToString()));
        Assert.Equal(["webapps/X"], snapshot.LeftOut.Select(path => path.ToString()));
    }

    [Fact]
    public async Task Special_files_are_named_and_keep_their_folder()
    {
        _worker.Add("a", EntryKind.Directory).Add("a/fifo", EntryKind.Special);
        var snapshot = await ScanAsync();
        Assert.Equal(["a"], Paths(snapshot));
        Assert.Equal(["a/fifo"], snapshot.SpecialFiles.Select(path => path.ToString()));
        Assert.Equal(["a"], snapshot.Keepers.Select(path => path.ToString()));
    }

    [Fact]
    public async Task Directory_that_cannot_be_listed_is_a_problem_and_the_rest_goes_on()
    {
        _worker.Add("a", EntryKind.Directory).Add("a/x", EntryKind.File).Add("b", EntryKind.Directory).Add("b/y", EntryKind.File).Add("l", EntryKind.Symlink, "x").Fail("a").Fail("l");
        var snapshot = await ScanAsync();
        Assert.Equal(["a", "b", "b/y", "l"], Paths(snapshot));
        Assert.Equal(["a", "l"], snapshot.Problems.Select(problem => problem.Path.ToString()));
        Assert.Contains("permission denied", snapshot.Problems[0].Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Directory_that_vanishes_is_a_problem_and_not_empty()
    {
        _worker.Add("a", EntryKind.Directory).Add("a/x", EntryKind.File).Vanish("a");
        var snapshot = await ScanAsync();
        Assert.Equal(["a"], Paths(snapshot));
        Assert.Equal(["a"], snapshot.Problems.Select(problem => problem.Path.ToString()));
    }

    [Fact]
    public async Task Same_name_twice_loses_the_worker()
    {
        _worker.Add("a", EntryKind.Directory).Add("a/x", EntryKind.File).Repeat("a/x");
        Assert.Equal(ErrorKind.Protocol, (await Assert.ThrowsAsync<WorkerLostException>(() => ScanAsync())).Kind);
    }

    [Theory]
    [InlineData(3, 1_700_000_000, DigestProof.Manifest, true)]
    [InlineData(4, 1_700_000_000, DigestProof.Manifest, false)]
    [InlineData(3, 1_700_000_001, DigestProof.Manifest, false)]
    [InlineData(3, 1_700_000_000, DigestProof.None, false)]
    internal async Task Manifest_proves_a_digest_when_size_and_mtime_are_what_was_left(long size, long seconds, DigestProof proof, bool proven)
    {
        _worker.Add("x", EntryKind.File, "abc");
        var left = new ManifestEntry { Kind = EntryKind.File, Mode = 0, Size = size, SourceModifiedNs = 5, WorkerSeconds = seconds, Digest = new Digest(1, 2, 3, 4) };
        var manifest = new Manifest { Number = 1, Generation = 1, Entries = new Dictionary<RelativePath, ManifestEntry> { [RelativePath.Parse("x")] = left } };
        var snapshot = await ScanAsync(request: new WorkerScanRequest { Manifest = manifest, Proof = proof });
        Assert.Equal(proven ? left.Digest : null, Assert.Single(snapshot.Entries).Digest);
    }

    [Fact]
    public async Task Many_directories_are_listed_at_once_but_not_more_than_the_bound()
    {
        for (var i = 0; i < 600; i++)
        {
            _worker.Add($"d{i:D3}", EntryKind.Directory).Add($"d{i:D3}/l", EntryKind.Symlink, "t");
        }
        var snapshot = await ScanAsync();
        Assert.Equal(1_200, snapshot.Entries.Count);
        Assert.InRange(_worker.MostInFlight, 2, 256);
        Assert.Equal(0, _worker.InFlight);
    }

    [Fact]
    public async Task Cancelled_scan_ends_at_once()
    {
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => new WorkerScanner(_worker, new FilterSet([], [])).ScanAsync(new WorkerScanRequest(), cancelled.Token));
    }

    private Task<Snapshot> ScanAsync(FilterSet? filters = null, WorkerScanRequest? request = null) =>
        new WorkerScanner(_worker, filters ?? new FilterSet([], [])).ScanAsync(request ?? new WorkerScanRequest(), CancellationToken.None);

    private static IEnumerable<string> Paths(Snapshot snapshot) => snapshot.Entries.Select(entry => entry.Path.ToString());
}
