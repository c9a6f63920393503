using System.Runtime.CompilerServices;
using DepSync.Model;
using DepSync.Sftp;

namespace DepSync.Workers;

/// <summary>
/// A worker's target over SFTP. Results, failures and threads as <see cref="IWorkerFileSystem"/> says. What the protocol cannot rule out: a link in place of a parent is followed,
/// and one that takes the place of an entry between the look and the call is too. Continuations run on the connection's read loop, so they must not block on another call.
/// </summary>
internal sealed partial class SftpWorker : IWorkerFileSystem
{
    private const uint PrivateFileMode = 0b110_000_000;

    /// <summary>In a listing, about.</summary>
    private const long BytesOfName = 128;

    private readonly SftpClient _client;
    private readonly SftpLanes _lanes;
    private readonly SftpFailures _failures;
    private readonly byte[] _root;

    /// <summary>Set before the worker is handed out; null where no commands may be run.</summary>
    private WorkerShell? _shell;

    private SftpWorker(SftpLanes lanes, SftpFailures failures, byte[] root, WorkerPlace place)
    {
        var client = lanes.Main;
        _lanes = lanes;
        _client = client;
        _failures = failures;
        _root = root;
        Place = place;
        Capabilities = new WorkerCapabilities
        {
            AtomicReplace = client.Extensions.PosixRename,
            HardLinks = client.Extensions.Hardlink,
            DurableFlush = client.Extensions.Fsync,
            LinkTimes = client.Extensions.Lsetstat,
            CopyRange = client.Extensions.CopyRange,
            UnixModes = true,
            Symlinks = true,
            MaxTransfer = Math.Min(client.Limits.MaxRead, client.Limits.MaxWrite),
            Extensions = client.Extensions.Names,
        };
        lanes.Changed = sessions => Adapt(lanes.Rules, sessions);
        Adapt(lanes.Rules, 1);
    }

    public WorkerCapabilities Capabilities { get; private set; }

    public WorkerPlace Place { get; }

    /// <summary>
    /// Two requests of one flight: a directory that is a link is told from one that is none. An empty listing is confirmed by a look at <c>dir/.</c>, in the same flight unless entries are expected:
    /// servers leave out what they cannot look at, so a directory that may be read and not searched shows as empty.
    /// </summary>
    public ValueTask<IReadOnlyList<WorkerEntry>?> ListAsync(RelativePath directory, CancellationToken cancellationToken) =>
        _failures.Of(directory, ListCoreAsync(_client, directory, 0, cancellationToken));

    public async ValueTask<IReadOnlyList<WorkerEntry>?> ListAsync(RelativePath directory, int expected, CancellationToken cancellationToken)
    {
        var lease = _lanes.Take(expected * BytesOfName, writes: false);
        try
        {
            return await _failures.Of(directory, ListCoreAsync(lease.Client, directory, expected, cancellationToken));
        }
        finally
        {
            lease.Return();
        }
    }

    public async ValueTask<WorkerEntry?> FindAsync(RelativePath path, CancellationToken cancellationToken) =>
        await _failures.Of(path, LookAsync(path, cancellationToken)) is { } attributes ? SftpEntries.Entry([], attributes) : null;

    public ValueTask<byte[]?> ReadLinkAsync(RelativePath path, CancellationToken cancellationToken) =>
        _failures.Of(path, ReadLinkCoreAsync(path, cancellationToken));

    /// <summary>Anything but a regular file throws; its kind is looked up in the flight that opens it.</summary>
    public ValueTask<IWorkerFile?> OpenAsync(RelativePath path, CancellationToken cancellationToken) =>
        _failures.Of(path, OpenCoreAsync(path, cancellationToken));

    public async ValueTask<IWorkerFile> CreateFileAsync(RelativePath path, CancellationToken cancellationToken) =>
        new SftpWorkerFile(_client, _failures, path, await CreateCoreAsync(_client, path, cancellationToken));

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<IWorkerFile> StageFileAsync(RelativePath path, long size, CancellationToken cancellationToken)
    {
        var lease = _lanes.Take(size, writes: true);
        try
        {
            return new SftpWorkerFile(lease.Client, _failures, path, await CreateCoreAsync(lease.Client, path, cancellationToken)) { Lease = lease, ClosesInOrder = lease.Client == _client };
        }
        catch
        {
            lease.Return();
            throw;
        }
    }

    public IAsyncDisposable Expect(WorkLoad load) => _lanes.Expect(load);

    public ValueTask<bool> CreateDirectoryAsync(RelativePath path, int mode, CancellationToken cancellationToken) =>
        _failures.Of(path, CreateDirectoryCoreAsync(path, new SftpAttributes(Permissions: (uint)mode), cancellationToken));

    public async ValueTask CreateSymlinkAsync(RelativePath path, ReadOnlyMemory<byte> target, CancellationToken cancellationToken)
    {
        if (!await _failures.Of(path, _client.SymlinkAsync(target.Span, Wire(path), cancellationToken)))
        {
            throw NoFolder(path);
        }
    }

    public ValueTask<bool> RenameAsync(RelativePath from, RelativePath to, CancellationToken cancellationToken) =>
        _failures.Of(
            from,
            Capabilities.AtomicReplace
                ? _client.PosixRenameAsync(Wire(from), Wire(to), cancellationToken)
                : _client.RenameAsync(Wire(from), Wire(to), cancellationToken));

    public ValueTask<bool> LinkAsync(RelativePath existing, RelativePath added, CancellationToken cancellationToken) =>
        Capabilities.HardLinks
            ? _failures.Of(existing, _client.HardlinkAsync(Wire(existing), Wire(added), cancellationToken))
            : Unsupported(existing);

    public ValueTask<bool> RemoveFileAsync(RelativePath path, CancellationToken cancellationToken) =>
        _failures.Of(path, _client.RemoveAsync(Wire(path), cancellationToken));

    public ValueTask<bool> RemoveDirectoryAsync(RelativePath path, CancellationToken cancellationToken) =>
        _failures.Of(path, _client.RemoveDirectoryAsync(Wire(path), cancellationToken));

    /// <summary>
    /// Owner first and in a request of its own: a change of owner clears the setuid bit, and one that is refused must not keep mode and times from being set.
    /// A refused owner is thrown after the rest was applied.
    /// </summary>
    public ValueTask<bool> SetAttributesAsync(RelativePath path, EntryKind kind, AttributeChange change, CancellationToken cancellationToken) =>
        change is { Mode: null, Seconds: null, Uid: null } || (kind == EntryKind.Symlink && change is { Seconds: null, Uid: null }) ? ExistsAsync(path, cancellationToken)
        : kind != EntryKind.Symlink ? _failures.Of(path, SetAttributesCoreAsync(path, change, cancellationToken))
        : !Capabilities.LinkTimes ? Unsupported(path)
        : _failures.Of(path, SetLinkAttributesCoreAsync(path, change, cancellationToken));

    public ValueTask FlushDirectoryAsync(RelativePath directory, CancellationToken cancellationToken) =>
        Capabilities.DurableFlush ? _failures.Of(directory, FlushDirectoryCoreAsync(directory, cancellationToken)) : ValueTask.CompletedTask;

    public async ValueTask<IOpenDirectory?> OpenDirectoryAsync(RelativePath directory, CancellationToken cancellationToken)
    {
        try
        {
            return Capabilities.DurableFlush && await _failures.Of(directory, _client.OpenAsync(Wire(directory), SftpOpenFlags.Read, default, cancellationToken)) is { } handle ? new OpenDirectory(this, directory, handle) : null;
        }
        catch (WorkerFileException)
        {
            return null;
        }
    }

    public ValueTask<IReadOnlyList<Digest?>?> HashFilesAsync(IReadOnlyList<SizedPath> files, CancellationToken cancellationToken) =>
        _shell is null ? ValueTask.FromResult<IReadOnlyList<Digest?>?>(null) : _shell.HashAsync(files, cancellationToken);

    public ValueTask<bool> FlushAllAsync(long bytes, CancellationToken cancellationToken) =>
        _shell is null ? ValueTask.FromResult(false) : _shell.FlushAsync(bytes, cancellationToken);

    public void ExpectFlush() => _shell?.ExpectFlush();

    public string? ShellRefusal => _shell is null ? "ssh.exec is never" : _shell.Refusal;

    public async ValueTask<FreeSpace?> FreeSpaceAsync(RelativePath path, CancellationToken cancellationToken)
    {
        if (!_client.Extensions.Statvfs)
        {
            return null;
        }
        try
        {
            var space = await _failures.Of(path, _client.StatvfsAsync(Bytes(Wire(path)), cancellationToken));
            return space is { } known ? new FreeSpace(known.FreeBytes, known.FreeInodes, known.ReadOnly) { FilesystemId = known.FilesystemId } : null;
        }
        catch (WorkerFileException)
        {
            // Advice that is not given.
            return null;
        }
    }

    public ValueTask DisposeAsync()
    {
        _lanes.Dispose();
        return ValueTask.CompletedTask;
    }

    private SftpPath Wire(RelativePath path) => new(_root, path.Bytes);

    /// <summary>The root is what its path leads to: not every server resolves links in the path that it calls canonical.</summary>
    private ValueTask<SftpAttributes?> LookAsync(RelativePath path, CancellationToken cancellationToken) =>
        LookAsync(_client, path, cancellationToken);

    private ValueTask<SftpAttributes?> LookAsync(SftpClient client, RelativePath path, CancellationToken cancellationToken) =>
        path.IsRoot ? client.StatAsync(Wire(path), cancellationToken) : client.LstatAsync(Wire(path), cancellationToken);

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<byte[]> CreateCoreAsync(SftpClient client, RelativePath path, CancellationToken cancellationToken)
    {
        const SftpOpenFlags Flags = SftpOpenFlags.Read | SftpOpenFlags.Write | SftpOpenFlags.Create | SftpOpenFlags.Exclusive;
        try
        {
            return await client.OpenAsync(Wire(path), Flags, new SftpAttributes(Permissions: PrivateFileMode), cancellationToken) ?? throw NoFolder(path);
        }
        catch (Exception exception) when (_failures.Of(path, exception) is { } failure)
        {
            throw failure;
        }
    }

    private async ValueTask<bool> ExistsAsync(RelativePath path, CancellationToken cancellationToken) => await FindAsync(path, cancellationToken) is not null;

    private static byte[] Bytes(SftpPath path)
    {
        var bytes = new byte[path.Length];
        path.CopyTo(bytes);
        return bytes;
    }

    private static WorkerFileException NoFolder(RelativePath path) => new(WorkerFileError.Failure, path, "The folder above does not exist.");

    private static ValueTask<bool> Unsupported(RelativePath path) =>
        ValueTask.FromException<bool>(new WorkerFileException(WorkerFileError.Unsupported, path, "The server does not offer that."));

    private sealed class OpenDirectory(SftpWorker worker, RelativePath path, byte[] handle) : IOpenDirectory
    {
        private bool _isClosed;

        public ValueTask FlushAsync(CancellationToken cancellationToken) => worker._failures.Of(path, worker._client.FsyncAsync(handle, 0, cancellationToken));

        public ValueTask DisposeAsync()
        {
            if (!_isClosed)
            {
                _isClosed = true;
                worker._client.CloseUnwatched(handle);
            }
            return ValueTask.CompletedTask;
        }
    }
}
