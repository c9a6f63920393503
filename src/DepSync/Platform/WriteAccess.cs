using System.Text;
using DepSync.Model;
using Microsoft.Win32.SafeHandles;

namespace DepSync.Platform;

/// <summary>
/// Whether somebody else may change a file that decides what a run does: settings, workers list, known_hosts. The file's own rights count, those of the folders that it and a
/// link to it lie in, and the link's owner. A pipe was handed over by whoever started the run. Unix; Windows has no such bits.
/// </summary>
internal static class WriteAccess
{
    private const int WorldWrite = 0x2;
    private const int GroupWrite = 0x10;
    private const int Sticky = 0x200;

    /// <summary>The reason not to use the file, in words that follow its path; null when there is none.</summary>
    /// <param name="file">The open file, so that what is checked is what is read.</param>
    /// <exception cref="IOException">The system does not tell.</exception>
    public static string? Objection(string path, SafeFileHandle file)
    {
        if (OperatingSystem.IsWindows())
        {
            return null;
        }
        var stat = UnixStat.Of(file);
        if (stat.Kind != EntryKind.File)
        {
            return null;
        }
        var full = Path.GetFullPath(path);
        string?[] places = [full, RealPath.Of(full)];
        return Of(stat, "may write it") ?? places.OfType<string>().Distinct().Select(place => OfPlace(place, stat)).FirstOrDefault(static reason => reason is not null);
    }

    private static string? OfPlace(string path, UnixStat file)
    {
        using var folder = UnixDirectory.Open(Path.GetDirectoryName(path) ?? "/");
        if (folder is null)
        {
            return null;
        }
        var place = folder.Stat();
        if (folder.Find(Encoding.UTF8.GetBytes(Path.GetFileName(path))) is { Kind: EntryKind.Symlink } link && link.Uid != 0 && link.Uid != (int)CLibrary.GetEUid() && link.Uid != place.Uid && link.Uid != file.Uid)
        {
            return $"it is a link that belongs to another user (uid {link.Uid})";
        }
        // In a sticky folder only its owner and the file's can put another one in its place.
        return (place.Mode & Sticky) != 0 ? null : Of(place, $"may replace it in its folder {Path.GetDirectoryName(path)}");
    }

    /// <summary>With a umask of 002 a user's files are writable for the group that bears the user's number: that is no other one.</summary>
    private static string? Of(UnixStat stat, string may)
    {
        var mode = Convert.ToString(stat.Mode, 8);
        if ((stat.Mode & WorldWrite) != 0)
        {
            return $"everybody {may} (mode {mode})";
        }
        var isOwnGroup = stat.Gid == 0 || stat.Gid == (int)CLibrary.GetEGid() || stat.Gid == stat.Uid;
        return (stat.Mode & GroupWrite) != 0 && !isOwnGroup ? $"the group with gid {stat.Gid} {may} (mode {mode})" : null;
    }
}
