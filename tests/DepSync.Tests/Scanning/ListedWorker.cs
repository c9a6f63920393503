using System.Text;
using DepSync.Model;
using DepSync.Workers;

namespace DepSync.Tests.Scanning;

/// <summary>A worker's tree in memory, to be listed and read. Replies come later and out of order. Writing is not what these tests do.</summary>
internal sealed class ListedWorker : IWorkerFileSystem
{
    private readonly SortedDictionary<RelativePath, (WorkerEntry Entry, byte[] Bytes)> _entries = [];
    private readonly HashSet<RelativePath> _failing = [];
    private readonly HashSet<RelativePath> _vanishing = [];
    private readonly List<(RelativePath Folder, WorkerEntry Entry)> _extra = [];

    public int Calls { get; private set; }

    /// <summary>What it says when it is asked to hash files itself; by itself it does not.</summary>
    public Func<IReadOnlyList<SizedPath>, IReadOnlyList<Digest?>?> Hash { get; set; } = _ => null;

    public int InFlight => _inFlight;

    /// <summary>What it was told to be about to come.</summary>
    public WorkLoad Expected { get; private set; }

    public int MostInFlight { get; private set; }

    private int _inFlight;

    public WorkerCapabilities Capabilities => new()
    {
        AtomicReplace = true,
        HardLinks = true,
        DurableFlush = true,
        LinkTimes = true,
        UnixModes = true,
        Symlinks = true,
        MaxTransfer = 256 * 1024,
    };

    public WorkerPlace Place => new("/srv/target", "/home/u", null);

    public ListedWorker Add(string path, EntryKind kind, string text = "", long seconds = 1_700_000_000) => Add(path, kind, Encoding.UTF8.GetBytes(text), seconds);

    public ListedWorker Add(string path, EntryKind kind, byte[] bytes, long seconds = 1_700_000_000)
    {
        var parsed = RelativePath.Parse(path);
        _entries[parsed] = (new WorkerEntry(parsed.Name.ToArray(), kind, kind == EntryKind.File ? bytes.Length : 0, seconds, 0x1A4, 1000, 1000), bytes);
        return this;
    }

    public ListedWorker Fail(string path)
    {
        _failing.Add(RelativePath.Parse(path));
        return this;
    }

    /// <summary>Its parent still lists it.</summary>
    public ListedWorker Vanish(string directory)
    {
        _vanishing.Add(RelativePath.Parse(directory));
        return this;
    }

    /// <summary>Listed again, as only a broken server does.</summary>
    public ListedWorker Repeat(string path)
    {
        var parsed = RelativePath.Parse(path);
        _extra.Add((parsed.Parent, _entries[parsed].Entry));
        return this;
    }

    public ListedWorker SetListedSize(string path, long size)
    {
        var parsed = RelativePath.Parse(path);
        _entries[parsed] = _entries[parsed] with { Entry = _entries[parsed].Entry with { Size = size } };
        return this;
    }

    public IAsyncDisposable Expect(WorkLoad load)
    {
        Expected = load;
        return NothingExpected.Instance;
    }

    public async ValueTask<IReadOnlyList<WorkerEntry>?> ListAsync(RelativePath directory, CancellationToken cancellationToken)
    {
        await ReplyAsync(directory, cancellationToken);
        return _vanishing.Contains(directory) ? null : [.. _entries.Where(e => !e.Key.IsRoot && e.Key.Parent == directory).Select(e => e.Value.Entry), .. _extra.Where(e => e.Folder == directory).Select(e => e.Entry)];
    }

    public async ValueTask<WorkerEntry?> FindAsync(RelativePath path, CancellationToken cancellationToken)
    {
        await ReplyAsync(path, cancellationToken);
        return _entries.TryGetValue(path, out var found) ? found.Entry with { Name = [] } : null;
    }

    public async ValueTask<byte[]?> ReadLinkAsync(RelativePath path, CancellationToken cancellationToken)
    {
        await ReplyAsync(path, cancellationToken);
        return _entries.TryGetValue(path, out var found) && found.Entry.Kind == EntryKind.Symlink ? found.Bytes : null;
    }

    public async ValueTask<IWorkerFile?> OpenAsync(RelativePath path, CancellationToken cancellationToken)
    {
        await ReplyAsync(path, cancellationToken);
        return _entries.TryGetValue(path, out var found) ? new OpenedFile(found.Entry, found.Bytes) : null;
    }

    public ValueTask<IWorkerFile> CreateFileAsync(RelativePath path, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask<bool> CreateDirectoryAsync(RelativePath path, int mode, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask CreateSymlinkAsync(RelativePath path, ReadOnlyMemory<byte> target, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask<bool> RenameAsync(RelativePath from, RelativePath to, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask<bool> LinkAsync(RelativePath existing, RelativePath added, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask<bool> RemoveFileAsync(RelativePath path, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask<bool> RemoveDirectoryAsync(RelativePath path, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask<bool> SetAttributesAsync(RelativePath path, EntryKind kind, AttributeChange change, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask FlushDirectoryAsync(RelativePath directory, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask<IReadOnlyList<Digest?>?> HashFilesAsync(IReadOnlyList<SizedPath> files, CancellationToken cancellationToken) => ValueTask.FromResult(Hash(files));

    public ValueTask<bool> FlushAllAsync(long bytes, CancellationToken cancellationToken) => ValueTask.FromResult(false);

    public string? ShellRefusal => null;

    public ValueTask<FreeSpace?> FreeSpaceAsync(RelativePath path, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private async ValueTask ReplyAsync(RelativePath path, CancellationToken cancellationToken)
    {
        var turn = ++Calls;
        MostInFlight = Math.Max(MostInFlight, Interlocked.Increment(ref _inFlight));
        for (var i = 0; i < 1 + (turn % 3); i++)
        {
            await Task.Yield();
            cancellationToken.ThrowIfCancellationRequested();
        }
        Interlocked.Decrement(ref _inFlight);
        if (_failing.Contains(path))
        {
            throw new WorkerFileException(WorkerFileError.PermissionDenied, path, "permission denied.");
        }
    }

    /// <summary>Gives at most 10,000 bytes a read.</summary>
    private sealed class OpenedFile(WorkerEntry entry, byte[] bytes) : IWorkerFile
    {
        public async ValueTask<int> ReadAtAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken)
        {
            await Task.Yield();
            var rest = bytes.AsMemory((int)Math.Min(offset, bytes.Length));
            rest = rest[..Math.Min(Math.Min(rest.Length, buffer.Length), 10_000)];
            rest.CopyTo(buffer);
            return rest.Length;
        }

        public ValueTask CopyFromAsync(IWorkerFile source, CopyRange range, CancellationToken cancellationToken) => throw new NotSupportedException();

        public ValueTask<WorkerEntry> StatAsync(CancellationToken cancellationToken) => ValueTask.FromResult(entry with { Size = bytes.Length });

        public ValueTask WriteAtAsync(long offset, ReadOnlyMemory<byte> data, CancellationToken cancellationToken) => throw new NotSupportedException();

        public ValueTask SetAttributesAsync(AttributeChange change, CancellationToken cancellationToken) => throw new NotSupportedException();

        public ValueTask FlushAsync(CancellationToken cancellationToken) => throw new NotSupportedException();

        public ValueTask CloseAsync(CancellationToken cancellationToken) => ValueTask.CompletedTask;

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
