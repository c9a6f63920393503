using DepSync.Model;
using DepSync.Platform;

namespace DepSync.Workers;

/// <summary>
/// A directory of this machine (an NFS mount) as a worker, through descriptors: the target itself may be reached through links, below it no link is followed in any component, so
/// that nobody who owns a part of the tree can lead a privileged run out of it. Calls are synchronous. Unix; <see cref="Open"/> gives Windows its own.
/// </summary>
internal sealed partial class LocalWorker : IWorkerFileSystem
{
    /// <summary>As large as one SFTP packet may be: larger ones were not faster.</summary>
    private const int LargestTransfer = 256 << 10;

    /// <summary>Where a missing target would be created; null when it was there from the start.</summary>
    private readonly (UnixDirectory Parent, byte[] Name)? _vacancy;

    private readonly Func<UnixDirectory, UnixTree> _confine;
    private readonly Lock _creation = new();
    private volatile UnixTree? _tree;
    private volatile WorkerPlace _place;
    private volatile bool _closed;

    private LocalWorker(Func<UnixDirectory, UnixTree> confine, WorkerPlace place, (UnixDirectory Parent, byte[] Name)? vacancy)
    {
        _confine = confine;
        _place = place;
        _vacancy = vacancy;
    }

    public WorkerCapabilities Capabilities { get; } = new()
    {
        AtomicReplace = true,
        HardLinks = true,
        DurableFlush = true,
        LinkTimes = true,
        UnixModes = true,
        Symlinks = true,
        MaxTransfer = LargestTransfer,
    };

    public WorkerPlace Place => _place;

    /// <summary>Whether it was disposed: then every call, those on its files too, is refused.</summary>
    public bool IsClosed => _closed;

    public ValueTask<IReadOnlyList<WorkerEntry>?> ListAsync(RelativePath directory, CancellationToken cancellationToken) =>
        Call<IReadOnlyList<WorkerEntry>?>(directory, () =>
        {
            using var opened = _tree?.OpenDirectory(directory);
            return opened?.List().ConvertAll(e => ToEntry(e.Name, e.Stat));
        }, cancellationToken);

    public ValueTask<WorkerEntry?> FindAsync(RelativePath path, CancellationToken cancellationToken) =>
        Call(path, () => Stat(path) is { } stat ? ToEntry([], stat) : default(WorkerEntry?), cancellationToken);

    public ValueTask<byte[]?> ReadLinkAsync(RelativePath path, CancellationToken cancellationToken) =>
        Call(path, () =>
        {
            using var parent = Parent(path);
            return path.IsRoot ? null : parent?.ReadLink(path.Name);
        }, cancellationToken);

    public ValueTask<IWorkerFile?> OpenAsync(RelativePath path, CancellationToken cancellationToken) =>
        Call<IWorkerFile?>(path, () =>
        {
            using var parent = Parent(path);
            // Asked before the open: opening a device acts on it.
            if (parent?.Find(NameIn(path)) is not { } stat)
            {
                return null;
            }
            var handle = stat.Kind == EntryKind.File ? parent.OpenFile(path.Name) : throw NotRegular();
            if (handle is not null && UnixFile.Stat(handle).Kind != EntryKind.File)
            {
                handle.Dispose();
                throw NotRegular();
            }
            return handle is null ? null : new LocalWorkerFile(this, path, handle);
        }, cancellationToken);

    public ValueTask<IWorkerFile> CreateFileAsync(RelativePath path, CancellationToken cancellationToken) =>
        Call<IWorkerFile>(path, () =>
        {
            using var parent = ExistingParent(path);
            return new LocalWorkerFile(this, path, parent.CreateFile(path.Name, 0x180));
        }, cancellationToken);

    public ValueTask<bool> CreateDirectoryAsync(RelativePath path, int mode, CancellationToken cancellationToken) =>
        Call(path, () =>
        {
            if (path.IsRoot)
            {
                return CreateTarget(mode);
            }
            using var parent = ExistingParent(path);
            return parent.CreateDirectory(path.Name, mode);
        }, cancellationToken);

    public ValueTask CreateSymlinkAsync(RelativePath path, ReadOnlyMemory<byte> target, CancellationToken cancellationToken) =>
        Act(path, () =>
        {
            using var parent = ExistingParent(path);
            parent.CreateSymlink(path.Name, target.Span);
        }, cancellationToken);

    public ValueTask<bool> RenameAsync(RelativePath from, RelativePath to, CancellationToken cancellationToken) =>
        Call(from, () =>
        {
            RefuseRoot(from);
            RefuseRoot(to);
            using var source = Parent(from);
            using var target = Parent(to);
            return source is not null && target is not null && source.Rename(from.Name, target, to.Name);
        }, cancellationToken);

    public ValueTask<bool> LinkAsync(RelativePath existing, RelativePath added, CancellationToken cancellationToken) =>
        Call(existing, () =>
        {
            RefuseRoot(existing);
            using var source = Parent(existing);
            if (source?.Find(existing.Name) is null)
            {
                return false;
            }
            using var target = ExistingParent(added);
            return source.Link(existing.Name, target, added.Name);
        }, cancellationToken);

    public ValueTask<bool> RemoveFileAsync(RelativePath path, CancellationToken cancellationToken) =>
        Call(path, () =>
        {
            RefuseRoot(path);
            using var parent = Parent(path);
            return parent is not null && parent.RemoveFile(path.Name);
        }, cancellationToken);

    public ValueTask<bool> RemoveDirectoryAsync(RelativePath path, CancellationToken cancellationToken) =>
        Call(path, () =>
        {
            RefuseRoot(path);
            using var parent = Parent(path);
            return parent is not null && parent.RemoveDirectory(path.Name);
        }, cancellationToken);

    public ValueTask<bool> SetAttributesAsync(RelativePath path, EntryKind kind, AttributeChange change, CancellationToken cancellationToken) =>
        Call(path, () =>
        {
            using var parent = Parent(path);
            var name = NameIn(path);
            return parent?.Find(name) is { } stat && stat.Kind == kind && LocalAttributes.Set(parent, name, kind, change);
        }, cancellationToken);

    public ValueTask FlushDirectoryAsync(RelativePath directory, CancellationToken cancellationToken) =>
        Act(directory, () =>
        {
            using var opened = _tree?.OpenDirectory(directory);
            opened?.Flush();
        }, cancellationToken);

    public ValueTask<IReadOnlyList<Digest?>?> HashFilesAsync(IReadOnlyList<SizedPath> files, CancellationToken cancellationToken) => ValueTask.FromResult<IReadOnlyList<Digest?>?>(null);

    public ValueTask<bool> FlushAllAsync(long bytes, CancellationToken cancellationToken) => ValueTask.FromResult(false);

    public string? ShellRefusal => null;

    public ValueTask<FreeSpace?> FreeSpaceAsync(RelativePath path, CancellationToken cancellationToken) =>
        Call(path, () =>
        {
            using var opened = _tree?.OpenDirectory(path) ?? Parent(path);
            var holder = opened ?? (_tree is null ? _vacancy?.Parent : null);
            return holder?.FreeSpace() is { } space ? new FreeSpace(space.Bytes, space.Inodes, space.IsReadOnly) : default(FreeSpace?);
        }, cancellationToken);

    public ValueTask DisposeAsync()
    {
        _closed = true;
        _tree?.Dispose();
        _vacancy?.Parent.Dispose();
        return ValueTask.CompletedTask;
    }

    internal static WorkerEntry ToEntry(byte[] name, UnixStat stat)
    {
        var (seconds, rest) = Math.DivRem(stat.ModifiedNs, 1_000_000_000);
        return new WorkerEntry(name, stat.Kind, stat.Size, rest < 0 ? seconds - 1 : seconds, stat.Mode, stat.Uid, stat.Gid) { Identity = (stat.Device, stat.Inode) };
    }

    private bool CreateTarget(int mode)
    {
        lock (_creation)
        {
            if (_tree is not null || _vacancy is not { } vacancy)
            {
                return false;
            }
            var created = vacancy.Parent.CreateDirectory(vacancy.Name, mode);
            if (vacancy.Parent.OpenDirectory(vacancy.Name) is { } root)
            {
                _place = _place with { Identity = IdentityOf(root) };
                _tree = _confine(root);
            }
            return created;
        }
    }

    private UnixDirectory? Parent(RelativePath path) => _tree?.OpenParent(path);

    private UnixDirectory ExistingParent(RelativePath path)
    {
        RefuseRoot(path);
        return Parent(path) ?? throw new UnixException(UnixError.NoEntry, "open the folder above");
    }

    private UnixStat? Stat(RelativePath path)
    {
        using var parent = Parent(path);
        return parent?.Find(NameIn(path));
    }

    private ValueTask Act(RelativePath path, Action call, CancellationToken cancellationToken)
    {
        var done = Call(path, () =>
        {
            call();
            return true;
        }, cancellationToken);
        return done.IsCompletedSuccessfully ? ValueTask.CompletedTask : new ValueTask(done.AsTask());
    }

    /// <summary>The task ends with the call's exception: a call that is not awaited yet must not keep the next one from being made.</summary>
    private ValueTask<T> Call<T>(RelativePath path, Func<T> call, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<T>(cancellationToken);
        }
        try
        {
            ObjectDisposedException.ThrowIf(_closed, this);
            return ValueTask.FromResult(call());
        }
        catch (Exception e) when (LocalFailure.Of(e, path) is { } failure)
        {
            return ValueTask.FromException<T>(failure);
        }
    }

    private static IOException NotRegular() => new("cannot open: it is no regular file");

    private static void RefuseRoot(RelativePath path)
    {
        if (path.IsRoot)
        {
            throw new IOException("cannot change the target itself");
        }
    }

    private static ReadOnlySpan<byte> NameIn(RelativePath path) => path.IsRoot ? UnixPath.Self : path.Name;

    private static (ulong Device, ulong Inode) IdentityOf(UnixDirectory directory)
    {
        var stat = directory.Stat();
        return (stat.Device, stat.Inode);
    }
}
