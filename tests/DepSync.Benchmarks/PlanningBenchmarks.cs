using BenchmarkDotNet.Attributes;
using DepSync.Model;
using DepSync.Planning;
using DepSync.Scanning;

namespace DepSync.Benchmarks;

/// <summary>What a run without changes does with 10,000 files between the listing and its end.</summary>
[InProcess, MemoryDiagnoser]
public class PlanningBenchmarks
{
    private const int Files = 10_000;

    private readonly List<FileEntry> _entries = [];
    private readonly FilterSet _filters = new(["*.bak", ".svn/", "/tmp/**"], ["keep/"]);
    private readonly PlanRules _rules = new();
    private Snapshot _source = new(null, []);
    private Snapshot _worker = new(null, []);
    private Manifest? _manifest;
    private ReadOnlyMemory<byte> _text;

    [GlobalSetup]
    public void Setup()
    {
        for (var i = 0; i < Files; i++)
        {
            var folder = RelativePath.Parse($"area-{i / 48 % 10}/unit-{i / 48}");
            if (i % 48 == 0)
            {
                _entries.Add(new FileEntry { Path = folder, Kind = EntryKind.Directory, Mode = 0x1ED, ModifiedNs = 1_700_000_000_000_000_000 });
            }
            _entries.Add(new FileEntry
            {
                Path = folder.Child($"service-{i}.xml"),
                Kind = EntryKind.File,
                Size = 1000 + i,
                Mode = 0x1A4,
                ModifiedNs = 1_700_000_000_000_000_000 + i,
                Digest = Digest.FromBytes(Enumerable.Range(i, Digest.Size).Select(n => (byte)n).ToArray()),
            });
        }
        _source = new Snapshot(null, _entries);
        _worker = new Snapshot(null, _entries);
        _manifest = new Manifest { Number = 1, Generation = 1, Entries = _entries.ToDictionary(entry => entry.Path, ManifestEntry.Of) };
        _text = ManifestFormat.Write(_manifest);
    }

    [Benchmark]
    public int PlanWithoutChanges() => Planner.Plan(_source, _worker, _manifest, _rules).Changes.Count;

    [Benchmark]
    public int Filter()
    {
        var kept = 0;
        foreach (var entry in _entries)
        {
            kept += _filters.DecideBelow(FilterVerdict.Include, entry.Path, entry.Kind) == FilterVerdict.Include ? 1 : 0;
        }
        return kept;
    }

    [Benchmark]
    public bool ReadManifest() => ManifestFormat.TryParse(_text.Span, out _);

    [Benchmark]
    public int WriteManifest() => ManifestFormat.Write(_manifest!).Length;
}
