using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using DepSync.Model;

namespace DepSync.State;

/// <summary>Whether an archive's end fits its bytes.</summary>
internal enum ArchiveEnd : byte
{
    NotChecked,
    Whole,
    Broken,
}

/// <summary>What was learnt from a file's bytes.</summary>
internal readonly record struct KnownContent(Digest Digest, ArchiveEnd ArchiveEnd);

/// <summary>What becomes of entries that this scan did not look up.</summary>
internal enum UnseenEntries
{
    /// <summary>The scan was complete: their files are gone.</summary>
    Drop,
    Keep,
}

/// <summary>
/// The manager's memory of its files' hashes: path and <see cref="FileStamp"/> to content. Losing it costs time, never correctness: a damaged or foreign file reads as
/// empty. A file that was changed less than two seconds before the scan is read again by the next one, because a further change within the clock's tick would leave the same stamp.
/// <para>Threads: <see cref="Find"/> and <see cref="Add"/> are safe for concurrent calls; <see cref="Save"/> comes after them. A dry run does not save.</para>
/// </summary>
internal sealed class HashCache
{
    /// <summary>The coarsest clock of a file system that is still in use (FAT) ticks every two seconds.</summary>
    private const long RacyNs = 2_000_000_000;

    /// <summary>No file has it: its content was that once, and is to be read.</summary>
    private static readonly FileStamp OfNoFile = new(-1, 0, 0, 0, 0);

    private readonly string _path;
    private readonly Dictionary<RelativePath, Slot> _loaded;

    /// <summary>Guarded by <see cref="_lock"/>.</summary>
    private readonly Dictionary<RelativePath, (FileStamp Stamp, KnownContent Content)> _added = [];

    private readonly Lock _lock = new();
    private readonly long _racyFromNs;

    private int _read;

    private HashCache(string path, DateTimeOffset scanStart, Dictionary<RelativePath, Slot> loaded)
    {
        _path = path;
        _loaded = loaded;
        _racyFromNs = ((scanStart - DateTimeOffset.UnixEpoch).Ticks * 100) - RacyNs;
    }

    /// <summary>Loads the cache for one scan that starts now.</summary>
    public static HashCache Load(string path, TimeProvider clock)
    {
        var loaded = new Dictionary<RelativePath, Slot>();
        HashCacheFile.Read(path, count => loaded.EnsureCapacity(count), (file, stamp, content) => loaded[file] = new Slot(stamp, content));
        return new HashCache(path, clock.GetUtcNow(), loaded);
    }

    /// <summary>How many files had to be read.</summary>
    public int Read => _read;

    /// <summary>The content of a file that has this stamp; null when it must be read.</summary>
    public KnownContent? Find(RelativePath path, FileStamp stamp)
    {
        ref var slot = ref CollectionsMarshal.GetValueRefOrNullRef(_loaded, path);
        if (Unsafe.IsNullRef(ref slot) || slot.Stamp != stamp)
        {
            return null;
        }
        slot.Seen = true;
        return slot.Content;
    }

    /// <summary>What the file held when it was read for the last scan, whatever it holds now; null when that is not known.</summary>
    public Digest? LastContent(RelativePath path) => _loaded.TryGetValue(path, out var slot) ? slot.Content.Digest : null;

    /// <summary>Remembers what was read; where the stamp is too young to tell a later change, without it.</summary>
    public void Add(RelativePath path, FileStamp stamp, KnownContent content)
    {
        Interlocked.Increment(ref _read);
        var isProved = stamp.ModifiedNs < _racyFromNs && stamp.ChangedNs < _racyFromNs;
        lock (_lock)
        {
            _added[path] = (isProved ? stamp : OfNoFile, content);
        }
    }

    /// <summary>Writes the cache when something in it changed.</summary>
    /// <exception cref="DepSyncException"><see cref="ErrorKind.LocalFiles"/>: it cannot be written; the old file stands.</exception>
    public void Save(UnseenEntries unseen)
    {
        if (_added.Count == 0 && (unseen == UnseenEntries.Keep || _loaded.Values.All(slot => slot.Seen)))
        {
            return;
        }
        var kept = _loaded.Where(pair => (pair.Value.Seen || unseen == UnseenEntries.Keep) && !_added.ContainsKey(pair.Key));
        var records = kept.Select(pair => (pair.Key, pair.Value.Stamp, pair.Value.Content)).Concat(_added.Select(pair => (pair.Key, pair.Value.Stamp, pair.Value.Content)));
        HashCacheFile.Write(_path, records.ToList());
    }

    /// <summary>A value in the table itself: 100,000 objects less to make and to collect.</summary>
    private struct Slot(FileStamp stamp, KnownContent content)
    {
        /// <summary>Set by any thread, read after the scan.</summary>
        public bool Seen { get; set; }

        public FileStamp Stamp { get; } = stamp;

        public KnownContent Content { get; } = content;
    }
}
