using System.Text;
using DepSync.Model;
using DepSync.Platform;

namespace DepSync.Workers;

/// <content>How a target is found.</content>
internal sealed partial class LocalWorker
{
    /// <summary>Opens a target by its absolute path. It may be missing: <see cref="CreateDirectoryAsync"/> of the root creates it.</summary>
    /// <exception cref="WorkerLostException">Target: its parent is missing, it is no directory, or it cannot be reached.</exception>
    public static IWorkerFileSystem Open(string path)
    {
        try
        {
            return OperatingSystem.IsWindows() ? LocalWindowsWorker.Open(path) : OpenUnix(path, root => new UnixTree(root));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new WorkerLostException(ErrorKind.Target, $"the target {path} cannot be opened: {e.Message}", "check the path and the rights of every folder above it", e);
        }
    }

    /// <summary><see cref="Open"/> with a way to confine, so that tests can take that of systems without openat2.</summary>
    internal static LocalWorker OpenUnix(string path, Func<UnixDirectory, UnixTree> confine)
    {
        var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        var login = home.Length > 0 ? RealPath.Of(home) ?? home : null;
        if (RealPath.Of(path) is { } real)
        {
            var root = UnixDirectory.Open(real) ?? throw new WorkerLostException(ErrorKind.Target, $"the target {path} is no directory", "a target is a directory");
            return new LocalWorker(confine, new WorkerPlace(real, login, IdentityOf(root)), null) { _tree = confine(root) };
        }
        var trimmed = Path.TrimEndingDirectorySeparator(path);
        var parentPath = Path.GetDirectoryName(trimmed) is { } above ? RealPath.Of(above) : null;
        var name = Encoding.UTF8.GetBytes(Path.GetFileName(trimmed));
        var parent = parentPath is null || !RelativePath.IsName(name) ? null : UnixDirectory.Open(parentPath);
        if (parent is null)
        {
            throw new WorkerLostException(ErrorKind.Target, $"the folder above the target {path} does not exist", "create it, or mend the path in the workers list; only the last folder is created");
        }
        if (parent.Find(name) is not null)
        {
            parent.Dispose();
            throw new WorkerLostException(ErrorKind.Target, $"the target {path} is a link to something that does not exist", "is it mounted?");
        }
        return new LocalWorker(confine, new WorkerPlace(Path.Combine(parentPath!, Path.GetFileName(trimmed)), login, null), (parent, name));
    }
}
