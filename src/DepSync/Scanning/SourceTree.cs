using DepSync.Model;

namespace DepSync.Scanning;

/// <summary>
/// The manager directory, opened. No link below it is ever followed, in any component of a path. What is absent, or of another kind than asked for, is null; any other
/// refusal of the system is an <see cref="IOException"/> whose message is a reason without a path. Safe for concurrent calls.
/// </summary>
internal abstract class SourceTree : IFileSource, IDisposable
{
    /// <summary>Without links: what the lock and the state are named by.</summary>
    public abstract string RealPath { get; }

    /// <summary>Null where the system does not tell.</summary>
    public abstract (ulong Device, ulong Inode)? Identity { get; }

    /// <exception cref="DepSyncException"><see cref="ErrorKind.Source"/>: missing, unreadable or no directory.</exception>
    public static SourceTree Open(string root)
    {
        try
        {
            var tree = OperatingSystem.IsWindows() ? WindowsSourceTree.TryOpen(root) : (SourceTree?)UnixSourceTree.TryOpen(root);
            return tree ?? throw Refusal(root, Path.Exists(root) ? "is not a directory" : "does not exist", null);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw Refusal(root, $"cannot be read: {e.Message}", e);
        }
    }

    /// <summary>What makes the whole run stop.</summary>
    public static DepSyncException Refusal(string root, string what, Exception? inner) =>
        new(ErrorKind.Source, $"The manager directory {root} {what}.", "Check manager_dir (--manager-dir), its permissions, and that its filesystem is mounted. Nothing was changed.", inner);

    /// <summary>The root's own attributes.</summary>
    public abstract SourceEntry Root();

    /// <summary>All entries of a directory; never cut short.</summary>
    public abstract SourceListing? List(RelativePath directory);

    public abstract SourceEntry? Find(RelativePath path);

    /// <summary>Opens a regular file for reading; null also when it is none any more. Does not wait for a FIFO.</summary>
    public abstract SourceFile? OpenFile(RelativePath path);

    /// <summary>Looks up anew, from here on, every folder in which a file is opened.</summary>
    public virtual void Forget()
    {
    }

    ValueTask<IFileContent?> IFileSource.OpenAsync(RelativePath path, CancellationToken cancellationToken) => new(OpenFile(path));

    public abstract void Dispose();
}
