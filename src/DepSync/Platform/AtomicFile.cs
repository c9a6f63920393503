using System.Security.Cryptography;
using System.Text;
using DepSync.Model;

namespace DepSync.Platform;

/// <summary>Writes small files of this machine whole or not at all: a reader, and the machine after a power cut, sees the old bytes or the new ones.</summary>
internal static class AtomicFile
{
    private const int OwnerOnly = 0x180;
    private const string TemporaryPrefix = ".depsync-";
    private const string TemporarySuffix = ".tmp";

    /// <summary>No write of a small file takes that long, so a temporary file of that age is what a killed process left.</summary>
    private static readonly TimeSpan Abandoned = TimeSpan.FromMinutes(10);

    /// <summary>
    /// Writes under a temporary name in the same folder, brings it to disk, renames it over <paramref name="path"/> (a link there is replaced, not followed) and brings the folder to
    /// disk. Readable and writable for the owner alone unless <paramref name="mode"/> says more. Safe for concurrent calls; of two on one path either may win.
    /// </summary>
    /// <exception cref="DepSyncException">LocalFiles: it cannot be written; the old file is as it was.</exception>
    public static void Write(string path, ReadOnlySpan<byte> content, int mode = OwnerOnly)
    {
        try
        {
            var full = Path.GetFullPath(path);
            var temporary = TemporaryPrefix + RandomNumberGenerator.GetHexString(16, lowercase: true) + TemporarySuffix;
            if (OperatingSystem.IsWindows())
            {
                WriteWindows(full, temporary, content);
            }
            else
            {
                WriteUnix(full, temporary, content, mode);
            }
            RemoveAbandoned(full);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DepSyncException(ErrorKind.LocalFiles, $"{path} cannot be written: {e.Message}", "check the folder's rights and the free space", e);
        }
    }

    // Measured by the file just written: the clock of a file server need not be ours.
    private static void RemoveAbandoned(string path)
    {
        try
        {
            var now = File.GetLastWriteTimeUtc(path);
            foreach (var left in Directory.EnumerateFiles(Path.GetDirectoryName(path)!, $"{TemporaryPrefix}*{TemporarySuffix}"))
            {
                if (now - File.GetLastWriteTimeUtc(left) > Abandoned)
                {
                    File.Delete(left);
                }
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The file itself is written; what was left does no harm.
        }
    }

    private static void WriteUnix(string path, string temporary, ReadOnlySpan<byte> content, int mode)
    {
        using var folder = UnixDirectory.Open(Path.GetDirectoryName(path) ?? "/") ?? throw new UnixException(UnixError.NoEntry, "open the folder");
        var name = Encoding.ASCII.GetBytes(temporary);
        using var file = folder.CreateFile(name, OwnerOnly);
        try
        {
            UnixFile.Write(file, 0, content);
            UnixFile.SetMode(file, mode);
            UnixFile.Flush(file);
            folder.Rename(name, folder, Encoding.UTF8.GetBytes(Path.GetFileName(path)));
        }
        catch (UnixException)
        {
            folder.RemoveFile(name);
            throw;
        }
        folder.Flush();
    }

    private static void WriteWindows(string path, string temporary, ReadOnlySpan<byte> content)
    {
        var beside = Path.Combine(Path.GetDirectoryName(path)!, temporary);
        try
        {
            using (var file = new FileStream(beside, FileMode.CreateNew, FileAccess.Write))
            {
                file.Write(content);
                file.Flush(flushToDisk: true);
            }
            File.Move(beside, path, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            File.Delete(beside);
            throw;
        }
    }
}
