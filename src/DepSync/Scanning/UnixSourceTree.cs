using DepSync.Model;
using DepSync.Platform;

namespace DepSync.Scanning;

/// <summary>The manager directory through descriptors, with names as bytes: .NET's own file API cannot open a name that is not UTF-8 and takes a FIFO for a file.</summary>
internal sealed class UnixSourceTree : SourceTree
{
    private readonly UnixTree _tree;

    private UnixSourceTree(UnixDirectory root, string realPath)
    {
        _tree = new UnixTree(root);
        RealPath = realPath;
        var stat = root.Stat();
        Identity = (stat.Device, stat.Inode);
    }

    public override string RealPath { get; }

    public override (ulong Device, ulong Inode)? Identity { get; }

    /// <summary>Null when absent or no directory.</summary>
    public static UnixSourceTree? TryOpen(string root)
    {
        if (UnixPath.Real(root) is not { } real || UnixDirectory.Open(real) is not { } directory)
        {
            return null;
        }
        try
        {
            // The descriptor is good for paths alone: whether the directory may be read is asked for here, not in the middle of a run.
            using var readable = directory.OpenFile(UnixPath.Self);
            return new UnixSourceTree(directory, real);
        }
        catch
        {
            directory.Dispose();
            throw;
        }
    }

    public override SourceEntry Root() => ToEntry([], _tree.Root.Stat());

    public override SourceListing? List(RelativePath directory)
    {
        using var opened = _tree.OpenDirectory(directory);
        if (opened is null)
        {
            return null;
        }
        var names = opened.ListNames();
        var listing = new SourceListing(new List<SourceEntry>(names.Count));
        foreach (var name in names)
        {
            try
            {
                if (Look(opened, name) is { } entry)
                {
                    listing.Entries.Add(entry);
                }
                else
                {
                    listing.Vanished.Add(name);
                }
            }
            catch (UnixException e)
            {
                listing.Failed.Add((name, e.Message));
            }
        }
        return listing;
    }

    public override SourceEntry? Find(RelativePath path)
    {
        using var parent = _tree.OpenParent(path);
        return parent?.Find(path.IsRoot ? UnixPath.Self : path.Name) is { } stat ? ToEntry(path.Name.ToArray(), stat) : null;
    }

    public override SourceFile? OpenFile(RelativePath path)
    {
        using var parent = _tree.OpenParent(path);
        // Asked before it is opened too: opening a device can do things, and a FIFO would be held open.
        if (parent?.Find(path.Name) is not { Kind: EntryKind.File } || parent.OpenFile(path.Name) is not { } handle)
        {
            return null;
        }
        var opened = ToEntry([], UnixFile.Stat(handle));
        if (opened.Kind == EntryKind.File)
        {
            return new SourceFile(handle, opened);
        }
        handle.Dispose();
        return null;
    }

    public override void Dispose() => _tree.Dispose();

    internal static SourceEntry ToEntry(byte[] name, UnixStat stat) =>
        new(name, stat.Kind, stat.Mode, new FileStamp(stat.Size, stat.ModifiedNs, stat.ChangedNs, stat.Device, stat.Inode)) { IsMountRoot = stat.IsMountRoot };

    private static SourceEntry? Look(UnixDirectory directory, byte[] name)
    {
        if (directory.Find(name) is not { } stat)
        {
            return null;
        }
        var entry = ToEntry(name, stat);
        if (stat.Kind != EntryKind.Symlink)
        {
            return entry;
        }
        return directory.ReadLink(name) is { } target ? entry with { LinkTarget = target } : null;
    }
}
