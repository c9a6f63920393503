using DepSync.Model;

namespace DepSync.Platform;

/// <summary>Folders of DepSync's own on this machine (state, logs): closed to others, and not to be led elsewhere by others.</summary>
internal static class PrivateFolder
{
    private const int OwnerOnly = 0x1c0;
    private const int WorldWrite = 0x2;
    private const int GroupWrite = 0x10;
    private const int Sticky = 0x200;

    /// <summary>Creates the folder, and those above it, with mode 0700 where missing; one that exists keeps its mode. Returns its absolute path.</summary>
    /// <exception cref="DepSyncException">LocalFiles: it cannot be created, or others could plant files in it; the message says which.</exception>
    public static string Prepare(string folder)
    {
        var full = Path.GetFullPath(folder);
        try
        {
            Create(full);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DepSyncException(ErrorKind.LocalFiles, $"the folder {full} cannot be created: {e.Message}", "choose another one with --state-dir and --log-dir", e);
        }
        Check(full);
        return full;
    }

    /// <summary>Refuses a folder that others could abuse. One that is missing is fine: a dry run creates none.</summary>
    /// <exception cref="DepSyncException">LocalFiles.</exception>
    public static void Check(string folder)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }
        string? reason;
        try
        {
            reason = Objection(folder);
        }
        catch (UnixException e)
        {
            throw new DepSyncException(ErrorKind.LocalFiles, $"the folder {folder} cannot be used: {e.Message}", null, e);
        }
        if (reason is not null)
        {
            throw new DepSyncException(ErrorKind.LocalFiles, $"the folder {folder} is not used: {reason}", "chmod go-w it, or choose another one with --state-dir or --log-dir");
        }
    }

    private static void Create(string folder)
    {
        if (Directory.Exists(folder))
        {
            return;
        }
        if (Path.GetDirectoryName(folder) is { } parent)
        {
            Create(parent);
        }
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(folder);
        }
        else
        {
            Directory.CreateDirectory(folder, (UnixFileMode)OwnerOnly);
        }
    }

    private static string? Objection(string folder)
    {
        var trimmed = Path.TrimEndingDirectorySeparator(folder);
        using var parent = UnixDirectory.Open(Path.GetDirectoryName(trimmed) ?? "/");
        var name = Path.GetFileName(trimmed);
        var user = (int)CLibrary.GetEUid();
        if (name.Length > 0 && parent?.Find(System.Text.Encoding.UTF8.GetBytes(name)) is { Kind: EntryKind.Symlink } link && link.Uid != user && link.Uid != 0)
        {
            return $"it is a link that belongs to another user (uid {link.Uid})";
        }
        using var directory = UnixDirectory.Open(folder);
        if (directory is null)
        {
            return Path.Exists(folder) ? "it is no folder" : null;
        }
        var stat = directory.Stat();
        if ((stat.Mode & Sticky) != 0)
        {
            return null;
        }
        if ((stat.Mode & WorldWrite) != 0)
        {
            return $"everybody may write there (mode {Convert.ToString(stat.Mode, 8)})";
        }
        // With a umask of 002 a user's own folders are writable for the group that bears the user's name.
        return (stat.Mode & GroupWrite) != 0 && stat.Gid != 0 && stat.Gid != (int)CLibrary.GetEGid()
            ? $"the group with gid {stat.Gid} may write there (mode {Convert.ToString(stat.Mode, 8)})"
            : null;
    }
}
