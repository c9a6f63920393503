using DepSync.Model;
using DepSync.Scanning;
using DepSync.State;
using DepSync.Tests.Support;

namespace DepSync.Tests.Scanning;

/// <summary>A temporary manager directory, scanned with a clock that is an hour ahead, so that all in it is old unless a test says otherwise.</summary>
internal sealed class SourceScan : IDisposable
{
    private readonly string _state = Directory.CreateTempSubdirectory("depsync-state-").FullName;

    public TempTree Tree { get; } = new();

    public FakeTimeProvider Clock { get; set; } = new(DateTimeOffset.UtcNow + TimeSpan.FromHours(1));

    public ScanRules Rules { get; set; } = new() { Filters = new FilterSet([], []) };

    public SourceTree Open() => SourceTree.Open(Tree.Path);

    public Task<Snapshot> RunAsync(SourceTree? tree = null) => RunAsync(null, tree);

    public async Task<Snapshot> RunAsync(IContentObserver? observer, SourceTree? tree = null)
    {
        using var opened = tree ?? Open();
        var cache = HashCache.Load(Path.Combine(_state, "hashes"), Clock);
        var snapshot = await new SourceScanner(opened, cache, Rules, Clock) { Observer = observer }.ScanAsync(CancellationToken.None);
        cache.Save(UnseenEntries.Drop);
        return snapshot;
    }

    public void Dispose()
    {
        Tree.Dispose();
        Directory.Delete(_state, recursive: true);
    }

    public static IEnumerable<string> Paths(Snapshot snapshot) => snapshot.Entries.Select(entry => entry.Path.ToString());

    public static FileEntry Entry(Snapshot snapshot, string path) => snapshot.Find(RelativePath.Parse(path)) ?? throw new ArgumentException($"no {path} in the snapshot");
}
