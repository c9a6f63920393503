using DepSync.Model;
using DepSync.Platform;

namespace DepSync.Scanning;

/// <summary>The manager directory through descriptors, with names as bytes: .NET's own file API cannot open a name that is not UTF-8 and takes a FIFO for a file.</summary>
internal sealed class UnixSourceTree : SourceTree
{
    private readonly UnixTree _tree;
    private readonly KeptFolders _folders = new();

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

    public override SourceFile? OpenFile(RelativePath path) => (_folders.TryTake(path) is { } kept ? OpenIn(kept, path) : null) ?? OpenAnew(path);

    public override void Forget() => _folders.Clear();

    public override void Dispose()
    {
        _folders.Dispose();
        _tree.Dispose();
    }

    /// <summary>Null also when the folder does not have it any more, or fails: then another folder may have its path by now, and this one is not kept.</summary>
    private SourceFile? OpenIn(KeptFolder kept, RelativePath path)
    {
        try
        {
            if (OpenFile(kept.Directory, path.Name) is { } file)
            {
                _folders.Put(kept);
                return file;
            }
        }
        catch (UnixException)
        {
            // Said again by the folder that is opened anew, if it is so.
        }
        kept.Directory.Dispose();
        return null;
    }

    private SourceFile? OpenAnew(RelativePath path)
    {
        var parent = _tree.OpenParent(path);
        try
        {
            if (parent is null || OpenFile(parent, path.Name) is not { } file)
            {
                return null;
            }
            _folders.Put(new KeptFolder(parent, path));
            parent = null;
            return file;
        }
        finally
        {
            parent?.Dispose();
        }
    }

    /// <summary>
    /// Asked before it is opened: opening a device can do things, and a FIFO would be held open. What was found then begins the proof that one state was read: a look behind the
    /// read tells by device and inode, too, whether it was this file that was opened.
    /// </summary>
    private static SourceFile? OpenFile(UnixDirectory folder, ReadOnlySpan<byte> name) =>
        folder.Find(name) is { Kind: EntryKind.File } found && folder.OpenFile(name) is { } handle ? new SourceFile(handle, ToEntry([], found)) : null;

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
