using DepSync.Model;

namespace DepSync.Scanning;

/// <summary>A file as the walk saw it, before its content is known.</summary>
internal readonly record struct FoundFile(RelativePath Path, SourceEntry Seen, FilterVerdict Verdict)
{
    public FileEntry ToEntry(Digest? digest, Deferral deferral) => new()
    {
        Path = Path,
        Kind = EntryKind.File,
        Size = Seen.Stamp.Size,
        ModifiedNs = Seen.Stamp.ModifiedNs,
        Mode = Seen.Mode,
        Digest = digest,
        Deferral = deferral,
        Protected = Verdict == FilterVerdict.Protected,
    };
}

/// <summary>
/// Lists the manager directory once, breadth first, without reading any content: files are handed on as they are found, all other entries are finished. For one use on
/// one thread.
/// </summary>
internal sealed class SourceWalk(SourceTree tree, ScanRules rules, Action<FoundFile> found)
{
    private readonly Queue<Folder> _toList = new();

    public FileEntry? Root { get; private set; }

    /// <summary>Directories, links and what vanished.</summary>
    public List<FileEntry> Entries { get; } = [];

    public List<Problem> Problems { get; } = [];

    public List<RelativePath> SpecialFiles { get; } = [];

    public HashSet<RelativePath> MountPoints { get; } = [];

    public bool HasMarker { get; private set; }

    public HashSet<RelativePath> ExplodedWebapps { get; } = [];

    /// <exception cref="DepSyncException"><see cref="ErrorKind.Source"/>: the manager directory itself cannot be listed.</exception>
    public void Run(CancellationToken cancellationToken)
    {
        try
        {
            var root = tree.Root();
            Root = ToEntry(RelativePath.Root, root, FilterVerdict.Include);
            var listing = tree.List(RelativePath.Root) ?? throw SourceTree.Refusal(tree.RealPath, "is gone", null);
            if (root.IsMountRoot)
            {
                MountPoints.Add(RelativePath.Root);
            }
            HasMarker = listing.Entries.Any(entry => entry.Kind == EntryKind.File && FilterSet.SourceMarker.Bytes.SequenceEqual(entry.Name));
            Take(new Folder(Root, FilterVerdict.Include, root.Stamp.Device), listing);
        }
        catch (IOException e)
        {
            throw SourceTree.Refusal(tree.RealPath, $"cannot be read: {e.Message}", e);
        }
        while (_toList.TryDequeue(out var folder))
        {
            cancellationToken.ThrowIfCancellationRequested();
            List(folder);
        }
    }

    private void List(Folder folder)
    {
        try
        {
            if (tree.List(folder.Entry.Path) is { } listing)
            {
                Entries.Add(folder.Entry);
                Take(folder, listing);
            }
            else
            {
                AddVanished(folder.Entry.Path, folder.Verdict);
            }
        }
        catch (IOException e)
        {
            Entries.Add(folder.Entry);
            Problems.Add(new Problem(folder.Entry.Path, $"The directory cannot be read: {e.Message}."));
        }
    }

    private void Take(Folder folder, SourceListing listing)
    {
        if (rules.IgnoreExplodedWebapps && folder.Entry.Path == ExplodedWebapp.Webapps)
        {
            // What could not be looked at is held back as a file; so is what belongs to it.
            var unseen = listing.Vanished.Concat(listing.Failed.Select(failed => failed.Name)).Select(name => (Name: name, Kind: EntryKind.File));
            var named = listing.Entries.Select(entry => (entry.Name, entry.Kind)).Concat(unseen);
            ExplodedWebapps.UnionWith(named.Select(entry => ExplodedWebapp.Of(entry.Name, entry.Kind)).OfType<RelativePath>());
        }
        foreach (var entry in listing.Entries)
        {
            Take(folder, entry);
        }
        foreach (var name in listing.Vanished)
        {
            var path = folder.Entry.Path.Child(name);
            if (rules.Filters.DecideBelow(folder.Verdict, path, EntryKind.File) is not FilterVerdict.Excluded and var verdict)
            {
                AddVanished(path, verdict);
            }
        }
        foreach (var (name, reason) in listing.Failed)
        {
            Problems.Add(new Problem(folder.Entry.Path.Child(name), $"The entry cannot be read: {reason}."));
        }
    }

    private void Take(Folder folder, SourceEntry entry)
    {
        var path = folder.Entry.Path.Child(entry.Name);
        var verdict = rules.Filters.DecideBelow(folder.Verdict, path, entry.Kind);
        if (verdict == FilterVerdict.Excluded)
        {
            return;
        }
        switch (entry.Kind)
        {
            case EntryKind.Special:
                SpecialFiles.Add(path);
                break;
            case EntryKind.File:
                found(new FoundFile(path, entry, verdict));
                break;
            case EntryKind.Symlink:
                Entries.Add(ToEntry(path, entry, verdict));
                break;
            case EntryKind.Directory when !ExplodedWebapps.Contains(path):
                if (entry.IsMountRoot || entry.Stamp.Device != folder.Device)
                {
                    MountPoints.Add(path);
                }
                _toList.Enqueue(new Folder(ToEntry(path, entry, verdict), verdict, entry.Stamp.Device));
                break;
        }
    }

    /// <summary>Whatever it was: as a deferred file it keeps what a worker has there, and all that a worker has below.</summary>
    private void AddVanished(RelativePath path, FilterVerdict verdict) =>
        Entries.Add(new FileEntry { Path = path, Kind = EntryKind.File, Deferral = Deferral.Vanished, Protected = verdict == FilterVerdict.Protected });

    private static FileEntry ToEntry(RelativePath path, SourceEntry entry, FilterVerdict verdict) => new()
    {
        Path = path,
        Kind = entry.Kind,
        ModifiedNs = entry.Stamp.ModifiedNs,
        Mode = entry.Mode,
        LinkTarget = entry.LinkTarget,
        Protected = verdict == FilterVerdict.Protected,
    };

    private readonly record struct Folder(FileEntry Entry, FilterVerdict Verdict, ulong Device);
}
