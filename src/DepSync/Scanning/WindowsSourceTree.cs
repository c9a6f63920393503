using System.Text;
using DepSync.Model;

namespace DepSync.Scanning;

/// <summary>
/// The manager directory on Windows. Names are Unicode there, so .NET's file API sees all. Symbolic links and junctions are links; any other reparse point is special.
/// There is no ctime: the younger of mtime and creation stands for it, because a copy keeps the mtime and gets a new creation time.
/// </summary>
internal sealed class WindowsSourceTree : SourceTree
{
    private const int DirectoryMode = 0x1ED;

    private static readonly EnumerationOptions Everything = new() { AttributesToSkip = FileAttributes.None, IgnoreInaccessible = false };

    private WindowsSourceTree(string realPath) => RealPath = realPath;

    public override string RealPath { get; }

    public override (ulong Device, ulong Inode)? Identity => null;

    /// <summary>Null when absent or no directory.</summary>
    public static WindowsSourceTree? TryOpen(string root)
    {
        var directory = new DirectoryInfo(Path.GetFullPath(root));
        if (!directory.Exists)
        {
            return null;
        }
        _ = directory.EnumerateFileSystemInfos("*", Everything).Any();
        return new WindowsSourceTree(Path.TrimEndingDirectorySeparator(directory.ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? directory.FullName));
    }

    public override SourceEntry Root() => Look(new DirectoryInfo(RealPath)) with { Kind = EntryKind.Directory };

    public override SourceListing? List(RelativePath directory) => Guard(() =>
    {
        var info = new DirectoryInfo(FullPath(directory));
        if (!info.Exists || (!directory.IsRoot && Look(info).Kind != EntryKind.Directory))
        {
            return null;
        }
        return new SourceListing([.. info.EnumerateFileSystemInfos("*", Everything).Select(Look)]);
    });

    public override SourceEntry? Find(RelativePath path)
    {
        var full = FullPath(path);
        FileSystemInfo info = Directory.Exists(full) ? new DirectoryInfo(full) : new FileInfo(full);
        return info.Exists ? Look(info) : null;
    }

    public override SourceFile? OpenFile(RelativePath path) => Guard(() =>
        Find(path) is { Kind: EntryKind.File }
            ? new SourceFile(File.OpenHandle(FullPath(path), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete))
            : null);

    public override void Dispose()
    {
    }

    internal static long ToNanoseconds(DateTime time) => (time - DateTime.UnixEpoch).Ticks * 100;

    private static T? Guard<T>(Func<T?> read)
        where T : class
    {
        try
        {
            return read();
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (UnauthorizedAccessException e)
        {
            throw new IOException("access is denied", e);
        }
    }

    private static SourceEntry Look(FileSystemInfo info)
    {
        var link = info.Attributes.HasFlag(FileAttributes.ReparsePoint) ? info.LinkTarget : null;
        var kind = (info.Attributes.HasFlag(FileAttributes.ReparsePoint), link, info) switch
        {
            (true, not null, _) => EntryKind.Symlink,
            (true, null, _) => EntryKind.Special,
            (_, _, DirectoryInfo) => EntryKind.Directory,
            _ => EntryKind.File,
        };
        var modified = ToNanoseconds(info.LastWriteTimeUtc);
        var size = kind == EntryKind.File && info is FileInfo file ? file.Length : 0;
        var stamp = new FileStamp(size, modified, Math.Max(modified, ToNanoseconds(info.CreationTimeUtc)), 0, 0);
        return new SourceEntry(Encoding.UTF8.GetBytes(info.Name), kind, kind == EntryKind.Directory ? DirectoryMode : SourceFile.WindowsFileMode, stamp)
        {
            LinkTarget = link is null ? null : Encoding.UTF8.GetBytes(link.Replace('\\', '/')),
        };
    }

    private string FullPath(RelativePath path) => path.IsRoot ? RealPath : Path.Combine(RealPath, path.ToString().Replace('/', '\\'));
}
