using BenchmarkDotNet.Attributes;
using DepSync.Scanning;
using DepSync.State;

namespace DepSync.Benchmarks;

/// <summary>What a run without changes does before it looks at a worker: load the hash cache, walk the manager's tree.</summary>
[InProcess, MemoryDiagnoser]
public class ScanningBenchmarks : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("depsync-bench-").FullName;
    private readonly ScanRules _rules = new() { Filters = new FilterSet([], []), Settle = TimeSpan.Zero, IgnoreExplodedWebapps = true };
    private SourceTree? _tree;

    [Params(10_000, 100_000)]
    public int Files { get; set; }

    private string Cache => Path.Combine(_folder, $"hashes-{Files}");

    [GlobalSetup]
    public void Setup()
    {
        var manager = Path.Combine(_folder, $"manager-{Files}");
        BenchmarkTree.Make(manager, "small", Files);
        foreach (var file in Directory.EnumerateFiles(manager, "*", SearchOption.AllDirectories))
        {
            File.SetLastWriteTimeUtc(file, new DateTime(2024, 1, 2, 3, 4, 5, DateTimeKind.Utc));
        }
        _tree = SourceTree.Open(manager);
        // Later than the racy two seconds behind the last change, without waiting for them.
        var cache = HashCache.Load(Cache, new Later());
        new SourceScanner(_tree, cache, _rules, TimeProvider.System).ScanAsync(default).GetAwaiter().GetResult();
        cache.Save(UnseenEntries.Drop);
    }

    [Benchmark]
    public int LoadCache() => HashCache.Load(Cache, TimeProvider.System).Read;

    [Benchmark]
    public async Task<int> ScanUnchanged()
    {
        var cache = HashCache.Load(Cache, TimeProvider.System);
        var snapshot = await new SourceScanner(_tree!, cache, _rules, TimeProvider.System).ScanAsync(default);
        return cache.Read == 0 ? snapshot.Entries.Count : throw new InvalidOperationException("The cache did not know the files.");
    }

    [GlobalCleanup]
    public void Cleanup() => Dispose();

    public void Dispose()
    {
        _tree?.Dispose();
        if (Directory.Exists(_folder))
        {
            Directory.Delete(_folder, recursive: true);
        }
        GC.SuppressFinalize(this);
    }

    private sealed class Later : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => base.GetUtcNow().AddHours(1);
    }
}
