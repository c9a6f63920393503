using DepSync.Model;

namespace DepSync.Platform;

/// <summary>An open folder. <paramref name="Entry"/>: one that was opened in it, which tells the folder's path without a copy.</summary>
internal sealed record KeptFolder(UnixDirectory Directory, RelativePath Entry);

/// <summary>
/// The folders in which something was opened last, kept open for what is opened in them next: files are read folder by folder, and to look up its folder is a good part of what opening a file costs.
/// A folder that was taken is nobody else's until it is put back. Safe for concurrent calls. Disposing closes what is kept.
/// </summary>
internal sealed class KeptFolders : IDisposable
{
    /// <summary>For as many threads that read at once.</summary>
    private const int Most = 4;

    private readonly Lock _lock = new();

    /// <summary>The latest last. The lock's.</summary>
    private readonly List<KeptFolder> _kept = new(Most + 1);

    /// <summary>The folder that holds an entry, or held it when it was opened: by now another one may have its path. Null when it is not kept.</summary>
    public KeptFolder? TryTake(RelativePath entry)
    {
        lock (_lock)
        {
            for (var i = _kept.Count - 1; i >= 0; i--)
            {
                var kept = _kept[i];
                if (FolderOf(kept.Entry).SequenceEqual(FolderOf(entry)))
                {
                    _kept.RemoveAt(i);
                    return kept;
                }
            }
        }
        return null;
    }

    public void Put(KeptFolder folder)
    {
        KeptFolder? oldest = null;
        lock (_lock)
        {
            _kept.Add(folder);
            if (_kept.Count > Most)
            {
                oldest = _kept[0];
                _kept.RemoveAt(0);
            }
        }
        oldest?.Directory.Dispose();
    }

    public void Dispose() => Clear();

    public void Clear()
    {
        lock (_lock)
        {
            _kept.ForEach(folder => folder.Directory.Dispose());
            _kept.Clear();
        }
    }

    private static ReadOnlySpan<byte> FolderOf(RelativePath entry) => entry.Bytes[..Math.Max(entry.Bytes.LastIndexOf((byte)'/'), 0)];
}
