using System.Runtime.Versioning;
using System.Security.Cryptography;
using System.Text;
using DepSync.Model;

namespace DepSync.Tests.Support;

/// <summary>Writes snapshots to disk and reads them back, through the BCL alone and so for UTF-8 names only: the tests' own eyes, apart from the program's.</summary>
[UnsupportedOSPlatform("windows")]
internal static class DiskTree
{
    /// <summary>Writes the entries of a snapshot whose files have the content that <paramref name="contentOf"/> tells.</summary>
    public static void Write(string root, Snapshot tree, Func<FileEntry, byte[]> contentOf)
    {
        Directory.CreateDirectory(root);
        foreach (var entry in tree.Entries)
        {
            var path = Path.Combine(root, entry.Path.ToString());
            switch (entry.Kind)
            {
                case EntryKind.Directory:
                    Directory.CreateDirectory(path);
                    break;
                case EntryKind.Symlink:
                    File.CreateSymbolicLink(path, Encoding.UTF8.GetString(entry.LinkTarget!));
                    File.SetLastWriteTimeUtc(path, Time(entry));
                    break;
                default:
                    File.WriteAllBytes(path, contentOf(entry));
                    File.SetUnixFileMode(path, (UnixFileMode)entry.Mode);
                    File.SetLastWriteTimeUtc(path, Time(entry));
                    break;
            }
        }
        foreach (var directory in tree.Entries.Append(tree.Root!).Where(e => e.Kind == EntryKind.Directory).OrderByDescending(e => e.Path.Depth))
        {
            var path = Path.Combine(root, directory.Path.ToString());
            File.SetUnixFileMode(path, (UnixFileMode)directory.Mode);
            Directory.SetLastWriteTimeUtc(path, Time(directory));
        }
    }

    public static Snapshot Read(string root)
    {
        var folder = new DirectoryInfo(root);
        var entries = new List<FileEntry>();
        Collect(folder, RelativePath.Root, entries);
        return new Snapshot(Entry(folder, RelativePath.Root, EntryKind.Directory), entries);
    }

    private static void Collect(DirectoryInfo folder, RelativePath path, List<FileEntry> entries)
    {
        foreach (var found in folder.EnumerateFileSystemInfos("*", new EnumerationOptions { AttributesToSkip = 0, IgnoreInaccessible = false }))
        {
            var child = path.Child(found.Name);
            var kind = found.LinkTarget is not null ? EntryKind.Symlink : found is DirectoryInfo ? EntryKind.Directory : EntryKind.File;
            entries.Add(Entry(found, child, kind));
            if (kind == EntryKind.Directory)
            {
                Collect((DirectoryInfo)found, child, entries);
            }
        }
    }

    private static FileEntry Entry(FileSystemInfo found, RelativePath path, EntryKind kind) => new()
    {
        Path = path,
        Kind = kind,
        Size = kind == EntryKind.File ? ((FileInfo)found).Length : 0,
        Mode = (int)found.UnixFileMode & 0xFFF,
        ModifiedNs = (found.LastWriteTimeUtc - DateTime.UnixEpoch).Ticks * 100,
        LinkTarget = kind == EntryKind.Symlink ? Encoding.UTF8.GetBytes(found.LinkTarget!) : null,
        Digest = kind == EntryKind.File ? Digest.FromBytes(SHA256.HashData(File.ReadAllBytes(found.FullName))) : null,
    };

    private static DateTime Time(FileEntry entry) => DateTime.UnixEpoch.AddTicks(entry.ModifiedNs / 100);
}
