using System.Text;
using DepSync.Model;

namespace DepSync.Workers;

/// <summary>
/// A directory of a Windows machine as a worker, by the framework's file API: no Unix modes, no links. What lies behind a reparse point below the target is absent; that is
/// checked before each call, so it guards against a tree that has links, not against somebody who makes them meanwhile.
/// </summary>
internal sealed class LocalWindowsWorker : IWorkerFileSystem
{
    private const int LargestTransfer = 256 << 10;

    /// <summary>What a mode is said to be where there are none.</summary>
    private const int NoMode = 0x1ff;

    private readonly string _root;
    private volatile bool _closed;

    private LocalWindowsWorker(string root, string home)
    {
        _root = root;
        Place = new WorkerPlace(root, home.Length > 0 ? home : null, null);
    }

    public WorkerCapabilities Capabilities { get; } = new()
    {
        AtomicReplace = true,
        HardLinks = false,
        DurableFlush = true,
        LinkTimes = false,
        UnixModes = false,
        Symlinks = false,
        MaxTransfer = LargestTransfer,
    };

    public WorkerPlace Place { get; }

    public bool IsClosed => _closed;

    /// <exception cref="WorkerLostException">Target: the folder above is missing, or it is no directory.</exception>
    public static LocalWindowsWorker Open(string path)
    {
        var full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        var real = Platform.RealPath.Of(full);
        if (real is not null && !Directory.Exists(real))
        {
            throw new WorkerLostException(ErrorKind.Target, $"the target {path} is no directory", "a target is a directory");
        }
        if (real is null && !Directory.Exists(Path.GetDirectoryName(full)))
        {
            throw new WorkerLostException(ErrorKind.Target, $"the folder above the target {path} does not exist", "create it, or mend the path in the workers list");
        }
        return new LocalWindowsWorker(real ?? full, Environment.GetFolderPath(Environment.SpecialFolder.UserProfile));
    }

    public ValueTask<IReadOnlyList<WorkerEntry>?> ListAsync(RelativePath directory, CancellationToken cancellationToken) =>
        Call<IReadOnlyList<WorkerEntry>?>(directory, path =>
            Locate(path) is DirectoryInfo folder ? [.. folder.EnumerateFileSystemInfos("*", AllEntries).Select(e => ToEntry(Encoding.UTF8.GetBytes(e.Name), e))] : null, cancellationToken);

    public ValueTask<WorkerEntry?> FindAsync(RelativePath path, CancellationToken cancellationToken) =>
        Call(path, p => Locate(p, AllowLink.Last) is { } entry ? ToEntry([], entry) : default(WorkerEntry?), cancellationToken);

    public ValueTask<byte[]?> ReadLinkAsync(RelativePath path, CancellationToken cancellationToken) =>
        Call(path, p => Locate(p, AllowLink.Last)?.LinkTarget is { } target ? Encoding.UTF8.GetBytes(target) : null, cancellationToken);

    public ValueTask<IWorkerFile?> OpenAsync(RelativePath path, CancellationToken cancellationToken) =>
        Call<IWorkerFile?>(path, p =>
            Locate(p, AllowLink.Last) is not { } entry ? null
            : KindOf(entry) == EntryKind.File ? new LocalWindowsFile(this, p, File.OpenHandle(entry.FullName, share: FileShare.ReadWrite | FileShare.Delete))
            : throw new IOException("cannot open: it is no regular file"), cancellationToken);

    public ValueTask<IWorkerFile> CreateFileAsync(RelativePath path, CancellationToken cancellationToken) =>
        Call<IWorkerFile>(path, p =>
            new LocalWindowsFile(this, p, File.OpenHandle(NewPath(p), FileMode.CreateNew, FileAccess.ReadWrite, FileShare.Read | FileShare.Delete)), cancellationToken);

    public ValueTask<bool> CreateDirectoryAsync(RelativePath path, int mode, CancellationToken cancellationToken) =>
        Call(path, p =>
        {
            var created = p.IsRoot ? _root : NewPath(p);
            if (Path.Exists(created))
            {
                return false;
            }
            Directory.CreateDirectory(created);
            return true;
        }, cancellationToken);

    public ValueTask CreateSymlinkAsync(RelativePath path, ReadOnlyMemory<byte> target, CancellationToken cancellationToken) =>
        ValueTask.FromException(new WorkerFileException(WorkerFileError.Unsupported, path, "links are not made on Windows"));

    public ValueTask<bool> RenameAsync(RelativePath from, RelativePath to, CancellationToken cancellationToken) =>
        Call(from, path =>
        {
            var entry = Locate(path, AllowLink.Last);
            if (entry is null || Locate(to.Parent) is not DirectoryInfo)
            {
                return false;
            }
            if (entry is DirectoryInfo)
            {
                Directory.Move(entry.FullName, NewPath(to));
            }
            else
            {
                File.Move(entry.FullName, NewPath(to), overwrite: true);
            }
            return true;
        }, cancellationToken);

    public ValueTask<bool> LinkAsync(RelativePath existing, RelativePath added, CancellationToken cancellationToken) =>
        ValueTask.FromException<bool>(new WorkerFileException(WorkerFileError.Unsupported, existing, "hard links are not made on Windows"));

    public ValueTask<bool> RemoveFileAsync(RelativePath path, CancellationToken cancellationToken) =>
        Call(path, p =>
        {
            var entry = Locate(p, AllowLink.Last);
            if (entry is DirectoryInfo { LinkTarget: null })
            {
                throw new IOException("cannot remove: it is a directory");
            }
            entry?.Delete();
            return entry is not null;
        }, cancellationToken);

    public ValueTask<bool> RemoveDirectoryAsync(RelativePath path, CancellationToken cancellationToken) =>
        Call(path, p =>
        {
            var folder = Locate(p) as DirectoryInfo;
            folder?.Delete(recursive: false);
            return folder is not null;
        }, cancellationToken);

    public ValueTask<bool> SetAttributesAsync(RelativePath path, EntryKind kind, AttributeChange change, CancellationToken cancellationToken) =>
        Call(path, p =>
        {
            if (Locate(p) is not { } entry || KindOf(entry) != kind)
            {
                return false;
            }
            if (change.Seconds is { } seconds)
            {
                entry.LastWriteTimeUtc = DateTimeOffset.FromUnixTimeSeconds(seconds).UtcDateTime;
            }
            return true;
        }, cancellationToken);

    // Windows flushes no folders.
    public ValueTask FlushDirectoryAsync(RelativePath directory, CancellationToken cancellationToken) => ValueTask.CompletedTask;

    public ValueTask<IReadOnlyList<Digest?>?> HashFilesAsync(IReadOnlyList<SizedPath> files, CancellationToken cancellationToken) => ValueTask.FromResult<IReadOnlyList<Digest?>?>(null);

    public ValueTask<bool> FlushAllAsync(long bytes, CancellationToken cancellationToken) => ValueTask.FromResult(false);

    public string? ShellRefusal => null;

    public ValueTask<FreeSpace?> FreeSpaceAsync(RelativePath path, CancellationToken cancellationToken) =>
        Call<FreeSpace?>(path, _ =>
        {
            // A share has no drive letter to ask.
            var drive = Path.GetPathRoot(_root) is { Length: > 0 } top && !top.StartsWith(@"\\", StringComparison.Ordinal) ? new DriveInfo(top) : null;
            return drive is null ? null : new FreeSpace((ulong)drive.AvailableFreeSpace, ulong.MaxValue, ReadOnly: false);
        }, cancellationToken);

    public ValueTask DisposeAsync()
    {
        _closed = true;
        return ValueTask.CompletedTask;
    }

    internal static WorkerEntry ToEntry(byte[] name, FileSystemInfo entry) =>
        new(name, KindOf(entry), entry is FileInfo { LinkTarget: null } file ? file.Length : 0, new DateTimeOffset(entry.LastWriteTimeUtc).ToUnixTimeSeconds(), NoMode, null, null);

    private static EnumerationOptions AllEntries => new() { AttributesToSkip = FileAttributes.None, IgnoreInaccessible = false };

    private enum AllowLink
    {
        Never,
        Last,
    }

    private static EntryKind KindOf(FileSystemInfo entry) =>
        entry.LinkTarget is not null ? EntryKind.Symlink
        : entry.Attributes.HasFlag(FileAttributes.ReparsePoint) ? EntryKind.Special
        : entry is DirectoryInfo ? EntryKind.Directory
        : EntryKind.File;

    /// <summary>The entry at a path; null when absent, or when a component is a reparse point (the last one too, unless that is asked for).</summary>
    private FileSystemInfo? Locate(RelativePath path, AllowLink allow = AllowLink.Never)
    {
        var current = new DirectoryInfo(_root);
        if (path.IsRoot)
        {
            return current.Exists ? current : null;
        }
        var names = WindowsNames.Of(path);
        for (var i = 0; i < names.Count; i++)
        {
            var full = Path.Combine(current.FullName, names[i]);
            var isLast = i == names.Count - 1;
            FileSystemInfo entry = Directory.Exists(full) ? new DirectoryInfo(full) : new FileInfo(full);
            if (!entry.Exists && entry.LinkTarget is null)
            {
                return null;
            }
            if (entry.Attributes.HasFlag(FileAttributes.ReparsePoint) && !(isLast && allow == AllowLink.Last))
            {
                return null;
            }
            if (isLast)
            {
                return entry;
            }
            if (entry is not DirectoryInfo folder)
            {
                return null;
            }
            current = folder;
        }
        return null;
    }

    private string NewPath(RelativePath path) =>
        path.IsRoot ? throw new IOException("cannot change the target itself")
        : Locate(path.Parent) is DirectoryInfo folder ? Path.Combine(folder.FullName, WindowsNames.Of(path)[^1])
        : throw new IOException("cannot create: the folder above does not exist");

    private ValueTask<T> Call<T>(RelativePath path, Func<RelativePath, T> call, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<T>(cancellationToken);
        }
        try
        {
            ObjectDisposedException.ThrowIf(_closed, this);
            return ValueTask.FromResult(call(path));
        }
        catch (Exception e) when ((e as WorkerFileException ?? LocalFailure.Of(e, path)) is { } failure)
        {
            return ValueTask.FromException<T>(failure);
        }
    }
}
