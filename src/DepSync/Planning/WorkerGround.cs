using DepSync.Model;

namespace DepSync.Planning;

/// <summary>
/// Which parts of a worker's tree a plan may not touch or remove, from what both sides could not read, hide or protect. Pure; made once a plan.
/// </summary>
internal sealed class WorkerGround
{
    private readonly Snapshot _source;
    private readonly HashSet<RelativePath> _closed;
    private readonly HashSet<RelativePath> _unreadable;
    private readonly HashSet<RelativePath> _special;
    private readonly HashSet<RelativePath> _exploded = [];
    private readonly HashSet<RelativePath> _kept = [];
    private readonly HashSet<RelativePath> _protected = [];

    public WorkerGround(Snapshot source, Snapshot worker)
    {
        _source = source;
        _unreadable = [.. worker.Problems.Select(p => p.Path)];
        _special = [.. source.SpecialFiles, .. worker.SpecialFiles];
        _closed = [.. _unreadable, .. _special, .. source.Problems.Select(p => p.Path)];
        foreach (var path in worker.Keepers.Concat(_unreadable).Concat(_special.Select(p => p.Parent)))
        {
            Keep(path);
        }
        foreach (var entry in worker.Entries)
        {
            Survey(entry);
        }
    }

    /// <summary>The worker's entries that are neither excluded nor protected.</summary>
    public int OwnEntries { get; private set; }

    /// <summary>What lies below is unknown on one side, or not ours: nothing there is made, changed or removed.</summary>
    public bool IsClosed(RelativePath folder) => _closed.Contains(folder);

    /// <summary>Whether the folder that holds the entry is closed.</summary>
    public bool IsBelowClosed(RelativePath path) => HoldsFolderOf(path, _closed);

    /// <summary>On one side the entry is a device, socket or FIFO: whatever the worker has there stays.</summary>
    public bool IsSpecial(RelativePath path) => _special.Contains(path);

    /// <summary>The worker has a directory there that its server unpacked from the archive beside it.</summary>
    public bool IsExploded(RelativePath path) => _exploded.Contains(path);

    /// <summary>The entry was there but could not be looked at.</summary>
    public bool IsUnreadable(RelativePath path) => _unreadable.Contains(path);

    /// <summary>A directory that holds, at any depth, what must stay.</summary>
    public bool IsKept(RelativePath folder) => _kept.Contains(folder);

    /// <summary>The entry, or a folder above it, is protected.</summary>
    public bool IsProtected(RelativePath path) => _protected.Contains(path);

    /// <summary>Shuts a folder: what is below it stays as it is.</summary>
    public void Close(RelativePath folder) => _closed.Add(folder);

    private void Survey(FileEntry entry)
    {
        if (entry.Protected || HoldsFolderOf(entry.Path, _protected))
        {
            _protected.Add(entry.Path);
            Keep(entry.Kind == EntryKind.Directory ? entry.Path : entry.Path.Parent);
        }
        else if (entry.Kind == EntryKind.Special || _special.Contains(entry.Path))
        {
            _special.Add(entry.Path);
            Keep(entry.Path.Parent);
        }
        else if (HoldsFolderOf(entry.Path, _exploded) || (entry.Kind == EntryKind.Directory && _source.ExplodedWebapps.Contains(entry.Path)))
        {
            _exploded.Add(entry.Path);
            _closed.Add(entry.Path);
            Keep(entry.Path.Parent);
        }
        else
        {
            OwnEntries++;
        }
        if (IsBelowClosed(entry.Path))
        {
            _closed.Add(entry.Path);
        }
    }

    /// <summary>Nearly always there is none, and then no folder's path is made.</summary>
    private static bool HoldsFolderOf(RelativePath path, HashSet<RelativePath> folders) => folders.Count > 0 && folders.Contains(path.Parent);

    private void Keep(RelativePath folder)
    {
        for (; !folder.IsRoot && _kept.Add(folder); folder = folder.Parent)
        {
        }
    }
}
