namespace DepSync.Platform;

/// <summary>What a directory and each one above it really are, whatever they are called: two paths that meet in one device and inode are nested.</summary>
internal static class DirectoryChain
{
    /// <summary>Device and inode from the directory upwards; of one that is missing, from the first folder that exists. Empty on Windows, where paths must do.</summary>
    public static IReadOnlyList<(ulong Device, ulong Inode)> Of(string path)
    {
        var chain = new List<(ulong Device, ulong Inode)>();
        if (OperatingSystem.IsWindows())
        {
            return chain;
        }
        for (var folder = Path.GetFullPath(path); folder is not null; folder = Path.GetDirectoryName(folder))
        {
            using var directory = UnixDirectory.Open(folder);
            if (directory?.Stat() is { } stat)
            {
                chain.Add((stat.Device, stat.Inode));
            }
        }
        return chain;
    }
}
