using System.Text;
using DepSync.Model;
using DepSync.Workers;

namespace DepSync.Tests.Support;

/// <summary>How a filesystem compares names.</summary>
[Flags]
internal enum Folding
{
    None = 0,
    IgnoresCase = 1,

    /// <summary>Letters and accents apart, as HFS+ does: names are stored decomposed, whichever form they are given in.</summary>
    Decomposes = 2,

    /// <summary>A rule that no other filesystem has: <c>_</c> and <c>-</c> are one.</summary>
    Strange = 4,
}

/// <summary>
/// A folder of this machine that compares names as other filesystems do: a name that is given in another form is the entry that stands there, which keeps its own form. Only
/// the accents that tests use are known. Order and failures are those of the inner worker, which it owns.
/// </summary>
internal sealed class FoldingWorker(IWorkerFileSystem inner, string root, Folding folding) : IWorkerFileSystem
{
    public static ConnectWorker Connect(Folding folding) => (address, _) => Task.FromResult<IWorkerFileSystem>(new FoldingWorker(LocalWorker.Open(address.Path), address.Path, folding));

    public WorkerCapabilities Capabilities => inner.Capabilities;

    public WorkerPlace Place => inner.Place;

    public ValueTask<IReadOnlyList<WorkerEntry>?> ListAsync(RelativePath directory, CancellationToken cancellationToken) => inner.ListAsync(Stored(directory), cancellationToken);

    public ValueTask<WorkerEntry?> FindAsync(RelativePath path, CancellationToken cancellationToken) => inner.FindAsync(Stored(path), cancellationToken);

    public ValueTask<byte[]?> ReadLinkAsync(RelativePath path, CancellationToken cancellationToken) => inner.ReadLinkAsync(Stored(path), cancellationToken);

    public ValueTask<IWorkerFile?> OpenAsync(RelativePath path, CancellationToken cancellationToken) => inner.OpenAsync(Stored(path), cancellationToken);

    public ValueTask<IWorkerFile> CreateFileAsync(RelativePath path, CancellationToken cancellationToken) => inner.CreateFileAsync(Stored(path), cancellationToken);

    public ValueTask<bool> CreateDirectoryAsync(RelativePath path, int mode, CancellationToken cancellationToken) => inner.CreateDirectoryAsync(Stored(path), mode, cancellationToken);

    public ValueTask CreateSymlinkAsync(RelativePath path, ReadOnlyMemory<byte> target, CancellationToken cancellationToken) => inner.CreateSymlinkAsync(Stored(path), target, cancellationToken);

    public ValueTask<bool> RenameAsync(RelativePath from, RelativePath to, CancellationToken cancellationToken) => inner.RenameAsync(Stored(from), Stored(to), cancellationToken);

    public ValueTask<bool> LinkAsync(RelativePath existing, RelativePath added, CancellationToken cancellationToken) => inner.LinkAsync(Stored(existing), Stored(added), cancellationToken);

    public ValueTask<bool> RemoveFileAsync(RelativePath path, CancellationToken cancellationToken) => inner.RemoveFileAsync(Stored(path), cancellationToken);

    public ValueTask<bool> RemoveDirectoryAsync(RelativePath path, CancellationToken cancellationToken) => inner.RemoveDirectoryAsync(Stored(path), cancellationToken);

    public ValueTask<bool> SetAttributesAsync(RelativePath path, EntryKind kind, AttributeChange change, CancellationToken cancellationToken) =>
        inner.SetAttributesAsync(Stored(path), kind, change, cancellationToken);

    public ValueTask FlushDirectoryAsync(RelativePath directory, CancellationToken cancellationToken) => inner.FlushDirectoryAsync(Stored(directory), cancellationToken);

    public ValueTask<IReadOnlyList<Digest?>?> HashFilesAsync(IReadOnlyList<SizedPath> files, CancellationToken cancellationToken) =>
        inner.HashFilesAsync([.. files.Select(file => file with { Path = Stored(file.Path) })], cancellationToken);

    public ValueTask<bool> FlushAllAsync(long bytes, CancellationToken cancellationToken) => inner.FlushAllAsync(bytes, cancellationToken);

    public string? ShellRefusal => inner.ShellRefusal;

    public ValueTask<FreeSpace?> FreeSpaceAsync(RelativePath path, CancellationToken cancellationToken) => inner.FreeSpaceAsync(Stored(path), cancellationToken);

    public ValueTask DisposeAsync() => inner.DisposeAsync();

    /// <summary>The path as it stands on the disk, and for what does not stand there yet as it would be made.</summary>
    private RelativePath Stored(RelativePath path)
    {
        var at = RelativePath.Root;
        foreach (var name in path.IsRoot ? [] : path.ToString().Split('/'))
        {
            var folder = new DirectoryInfo(Path.Combine(root, at.ToString()));
            var standing = folder.Exists ? folder.EnumerateFileSystemInfos().Select(entry => entry.Name).FirstOrDefault(entry => Key(entry) == Key(name)) : null;
            at = at.Child(standing ?? (folding.HasFlag(Folding.Decomposes) ? Decomposed(name) : name));
        }
        return at;
    }

    private string Key(string name)
    {
        name = folding.HasFlag(Folding.Decomposes) ? Decomposed(name) : name;
        name = folding.HasFlag(Folding.Strange) ? name.Replace('_', '-') : name;
        return folding.HasFlag(Folding.IgnoresCase) ? name.ToLowerInvariant() : name;
    }

    private static string Decomposed(string name) => new StringBuilder(name).Replace("\u00e9", "e\u0301").Replace("\u00c9", "E\u0301").ToString();
}
