using DepSync.Model;
using DepSync.Platform;

namespace DepSync.Config;

/// <summary>Reads a file that a user writes, at most 1 MiB of it. Pipes are fine (<c>--workers &lt;(…)</c>).</summary>
internal static class TextFile
{
    public const int MaxBytes = 1024 * 1024;

    /// <summary>The file's bytes, without a UTF-8 byte order mark.</summary>
    /// <param name="missing">The kind of failure when the file is missing or cannot be read.</param>
    /// <exception cref="DepSyncException">Missing or unreadable; Config when it is too large, or when others may write it.</exception>
    public static byte[] Read(string path, ErrorKind missing)
    {
        try
        {
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            if (WriteAccess.Objection(path, stream.SafeFileHandle) is { } objection)
            {
                throw new DepSyncException(ErrorKind.Config, $"{path}: not used, because {objection}: chmod go-w it, or its folder");
            }
            var bytes = new byte[MaxBytes + 1];
            var length = stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            if (length > MaxBytes)
            {
                throw new DepSyncException(ErrorKind.Config, $"{path}: expected at most 1 MiB");
            }
            var text = bytes.AsSpan(0, length);
            return (text.StartsWith("\uFEFF"u8) ? text[3..] : text).ToArray();
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new DepSyncException(missing, $"{path}: no such file", inner: e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DepSyncException(missing, Directory.Exists(path) ? $"{path}: expected a file, this is a directory" : $"{path}: cannot be read: {e.Message}", inner: e);
        }
    }
}
