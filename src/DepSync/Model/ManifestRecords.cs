using System.Collections;

namespace DepSync.Model;

/// <summary>
/// The records that a push which does all leaves of one source: by path, the root first, one for each entry. Made once for all workers, and written once for all that are given the same numbers: a
/// manifest of 2,000 files has 0.3 MB. Immutable as far as it shows; safe for concurrent use.
/// </summary>
internal sealed class ManifestRecords : IReadOnlyList<KeyValuePair<RelativePath, ManifestEntry>>
{
    private readonly KeyValuePair<RelativePath, ManifestEntry>[] _records;
    private readonly Lock _lock = new();

    /// <summary>Workers that are served together mostly have the same numbers, so one is kept. The lock's.</summary>
    private (long Number, long Generation, ReadOnlyMemory<byte> Bytes) _written;

    private ManifestRecords(KeyValuePair<RelativePath, ManifestEntry>[] records) => _records = records;

    public static ManifestRecords Of(Snapshot source)
    {
        var all = source.Root is { } root ? source.Entries.Prepend(root) : source.Entries;
        return new ManifestRecords([.. all.Select(entry => KeyValuePair.Create(entry.Path, ManifestEntry.Of(entry)))]);
    }

    public int Count => _records.Length;

    public KeyValuePair<RelativePath, ManifestEntry> this[int index] => _records[index];

    /// <summary>As <see cref="ManifestFormat"/> writes them; whoever asks for the same numbers gets the same memory.</summary>
    /// <exception cref="ArgumentException">A file of the source was not read.</exception>
    public ReadOnlyMemory<byte> Write(long number, long generation)
    {
        lock (_lock)
        {
            if (_written.Bytes.IsEmpty || (_written.Number, _written.Generation) != (number, generation))
            {
                _written = (number, generation, ManifestFormat.Write(number, generation, _records));
            }
            return _written.Bytes;
        }
    }

    public IEnumerator<KeyValuePair<RelativePath, ManifestEntry>> GetEnumerator() => _records.AsEnumerable().GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
