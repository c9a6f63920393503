namespace DepSync.Platform;

/// <summary>Where a path of this machine really is.</summary>
internal static class RealPath
{
    /// <summary>The absolute path without links, <c>.</c> and <c>..</c>; null when nothing is there.</summary>
    /// <exception cref="IOException">It cannot be reached; on Unix a <see cref="UnixException"/>.</exception>
    public static string? Of(string path)
    {
        if (!OperatingSystem.IsWindows())
        {
            return UnixPath.Real(path);
        }
        var full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        if (!Path.Exists(full))
        {
            return null;
        }
        var parent = Path.GetDirectoryName(full);
        if (parent is null)
        {
            return full;
        }
        FileSystemInfo entry = Directory.Exists(full) ? new DirectoryInfo(full) : new FileInfo(full);
        return entry.ResolveLinkTarget(returnFinalTarget: true) is { } target
            ? Of(target.FullName)
            : Path.Combine(Of(parent) ?? parent, Path.GetFileName(full));
    }
}
