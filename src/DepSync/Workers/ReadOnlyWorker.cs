using DepSync.Model;

namespace DepSync.Workers;

/// <summary>
/// A worker that can only be looked at: every write throws <see cref="InvalidOperationException"/>, because a run that must change nothing and tries to is a bug.
/// Everything else is the inner worker's, which it owns.
/// </summary>
internal sealed class ReadOnlyWorker(IWorkerFileSystem inner) : IWorkerFileSystem
{
    public WorkerCapabilities Capabilities => inner.Capabilities;

    public WorkerPlace Place => inner.Place;

    public ValueTask<IReadOnlyList<WorkerEntry>?> ListAsync(RelativePath directory, CancellationToken cancellationToken) => inner.ListAsync(directory, cancellationToken);

    public ValueTask<IReadOnlyList<WorkerEntry>?> ListAsync(RelativePath directory, int expected, CancellationToken cancellationToken) =>
        inner.ListAsync(directory, expected, cancellationToken);

    public IAsyncDisposable Expect(WorkLoad load) => inner.Expect(load);

    public ValueTask<WorkerEntry?> FindAsync(RelativePath path, CancellationToken cancellationToken) => inner.FindAsync(path, cancellationToken);

    public ValueTask<byte[]?> ReadLinkAsync(RelativePath path, CancellationToken cancellationToken) => inner.ReadLinkAsync(path, cancellationToken);

    public async ValueTask<IWorkerFile?> OpenAsync(RelativePath path, CancellationToken cancellationToken) =>
        await inner.OpenAsync(path, cancellationToken) is { } file ? new ReadOnlyFile(file) : null;

    public ValueTask<IWorkerFile> CreateFileAsync(RelativePath path, CancellationToken cancellationToken) => throw Write(path);

    public ValueTask<bool> CreateDirectoryAsync(RelativePath path, int mode, CancellationToken cancellationToken) => throw Write(path);

    public ValueTask CreateSymlinkAsync(RelativePath path, ReadOnlyMemory<byte> target, CancellationToken cancellationToken) => throw Write(path);

    public ValueTask<bool> RenameAsync(RelativePath from, RelativePath to, CancellationToken cancellationToken) => throw Write(from);

    public ValueTask<bool> LinkAsync(RelativePath existing, RelativePath added, CancellationToken cancellationToken) => throw Write(added);

    public ValueTask<bool> RemoveFileAsync(RelativePath path, CancellationToken cancellationToken) => throw Write(path);

    public ValueTask<bool> RemoveDirectoryAsync(RelativePath path, CancellationToken cancellationToken) => throw Write(path);

    public ValueTask<bool> SetAttributesAsync(RelativePath path, EntryKind kind, AttributeChange change, CancellationToken cancellationToken) => throw Write(path);

    public ValueTask FlushDirectoryAsync(RelativePath directory, CancellationToken cancellationToken) => throw Write(directory);

    public ValueTask<IReadOnlyList<Digest?>?> HashFilesAsync(IReadOnlyList<SizedPath> files, CancellationToken cancellationToken) => inner.HashFilesAsync(files, cancellationToken);

    public ValueTask<bool> FlushAllAsync(long bytes, CancellationToken cancellationToken) => throw Write(RelativePath.Root);

    public string? ShellRefusal => inner.ShellRefusal;

    public ValueTask<FreeSpace?> FreeSpaceAsync(RelativePath path, CancellationToken cancellationToken) => inner.FreeSpaceAsync(path, cancellationToken);

    public ValueTask DisposeAsync() => inner.DisposeAsync();

    private static InvalidOperationException Write(RelativePath path) => new($"A write to '{path}' in a run that must change nothing.");

    private sealed class ReadOnlyFile(IWorkerFile inner) : IWorkerFile
    {
        public ValueTask<int> ReadAtAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken) => inner.ReadAtAsync(offset, buffer, cancellationToken);

        public ValueTask WriteAtAsync(long offset, ReadOnlyMemory<byte> data, CancellationToken cancellationToken) => throw Write(default);

        public ValueTask CopyFromAsync(IWorkerFile source, CopyRange range, CancellationToken cancellationToken) => throw Write(default);

        public ValueTask<WorkerEntry> StatAsync(CancellationToken cancellationToken) => inner.StatAsync(cancellationToken);

        public ValueTask SetAttributesAsync(AttributeChange change, CancellationToken cancellationToken) => throw Write(default);

        public ValueTask FlushAsync(CancellationToken cancellationToken) => throw Write(default);

        public ValueTask CloseAsync(CancellationToken cancellationToken) => inner.CloseAsync(cancellationToken);

        public ValueTask DisposeAsync() => inner.DisposeAsync();
    }
}
