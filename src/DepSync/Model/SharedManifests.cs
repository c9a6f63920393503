namespace DepSync.Model;

/// <summary>
/// The manifests that a run has read: those that list the same hold the same entries, whatever their numbers. Workers that are pushed to together have equal ones, and each takes 0.4 MB for 2,000
/// files. Told apart by SHA-256, so no worker has a say in what another one is compared with. What nobody holds any more is not kept. Safe for concurrent use.
/// </summary>
internal sealed class SharedManifests
{
    private readonly Lock _lock = new();

    /// <summary>By the text of the entries. The lock's.</summary>
    private readonly Dictionary<Digest, WeakReference<Dictionary<RelativePath, ManifestEntry>>> _entries = [];

    public Dictionary<RelativePath, ManifestEntry>? Find(Digest text)
    {
        lock (_lock)
        {
            return _entries.TryGetValue(text, out var kept) && kept.TryGetTarget(out var entries) ? entries : null;
        }
    }

    /// <summary>These, or those that another thread was first with.</summary>
    public Dictionary<RelativePath, ManifestEntry> Add(Digest text, Dictionary<RelativePath, ManifestEntry> entries)
    {
        lock (_lock)
        {
            if (_entries.TryGetValue(text, out var kept) && kept.TryGetTarget(out var earlier))
            {
                return earlier;
            }
            _entries[text] = new(entries);
            return entries;
        }
    }
}
