using System.Security.Cryptography;
using DepSync.Model;
using DepSync.Workers;

namespace DepSync.Tests.Support;

/// <summary>
/// A worker whose calls are counted, recorded, and made to fail as a <see cref="FaultScript"/> says. Owns the inner worker. As safe for concurrent calls as that one; a call that
/// is made to fail does not reach it.
/// </summary>
internal sealed class FaultyWorker(IWorkerFileSystem inner, FaultScript script) : IWorkerFileSystem
{
    private readonly FaultScript _script = script;
    private bool _cut;

    public WorkerCapabilities Capabilities { get; } = script.Able(inner.Capabilities with { CopyRange = script.Copies });

    public WorkerPlace Place => inner.Place;

    public ValueTask<IReadOnlyList<WorkerEntry>?> ListAsync(RelativePath directory, CancellationToken cancellationToken) =>
        Call("list", directory, async () => (await inner.ListAsync(directory, cancellationToken))?.Select(entry => _script.AsShown(directory.Child(entry.Name), entry)).ToList() as IReadOnlyList<WorkerEntry>);

    public ValueTask<WorkerEntry?> FindAsync(RelativePath path, CancellationToken cancellationToken) => Call("find", path, async () =>
        await inner.FindAsync(path, cancellationToken) is { } entry ? _script.AsShown(path, entry) : default(WorkerEntry?));

    public ValueTask<byte[]?> ReadLinkAsync(RelativePath path, CancellationToken cancellationToken) => Call("readlink", path, () => inner.ReadLinkAsync(path, cancellationToken));

    public ValueTask<IWorkerFile?> OpenAsync(RelativePath path, CancellationToken cancellationToken) => Call("open", path, async () =>
        await inner.OpenAsync(path, cancellationToken) is { } file ? new FaultyFile(this, path, file) : (IWorkerFile?)null);

    public ValueTask<IWorkerFile> CreateFileAsync(RelativePath path, CancellationToken cancellationToken) => Call<IWorkerFile>("create", path, async () =>
    {
        await MustWriteAsync(path.Parent);
        return new FaultyFile(this, path, await inner.CreateFileAsync(path, cancellationToken));
    });

    public ValueTask<bool> CreateDirectoryAsync(RelativePath path, int mode, CancellationToken cancellationToken) => Call("mkdir", path, async () =>
    {
        await MustWriteAsync(path.Parent);
        return await inner.CreateDirectoryAsync(path, mode, cancellationToken);
    });

    public ValueTask CreateSymlinkAsync(RelativePath path, ReadOnlyMemory<byte> target, CancellationToken cancellationToken) => Act("symlink", path, async () =>
    {
        await MustWriteAsync(path.Parent);
        await inner.CreateSymlinkAsync(path, target, cancellationToken);
    });

    public ValueTask<bool> RenameAsync(RelativePath from, RelativePath to, CancellationToken cancellationToken) => Call($"rename {from} ->", to, async () =>
    {
        if (!Capabilities.AtomicReplace && await inner.FindAsync(from, cancellationToken) is not null && await inner.FindAsync(to, cancellationToken) is not null)
        {
            throw new WorkerFileException(WorkerFileError.Failure, to, "The server only says that it failed.");
        }
        await MustWriteAsync(from.Parent);
        await MustWriteAsync(to.Parent);
        if (!from.Parent.Equals(to.Parent))
        {
            await MustWriteAsync(from);
        }
        return await inner.RenameAsync(from, to, cancellationToken);
    });

    public ValueTask<bool> LinkAsync(RelativePath existing, RelativePath added, CancellationToken cancellationToken) => Call($"link {existing} ->", added, async () =>
    {
        await MustWriteAsync(added.Parent);
        return Capabilities.HardLinks ? await inner.LinkAsync(existing, added, cancellationToken) : throw Unsupported(added);
    });

    public ValueTask<bool> RemoveFileAsync(RelativePath path, CancellationToken cancellationToken) => Call("remove", path, async () =>
    {
        await MustWriteAsync(path.Parent);
        return await inner.RemoveFileAsync(path, cancellationToken);
    });

    public ValueTask<bool> RemoveDirectoryAsync(RelativePath path, CancellationToken cancellationToken) => Call("rmdir", path, async () =>
    {
        await MustWriteAsync(path.Parent);
        return await inner.RemoveDirectoryAsync(path, cancellationToken);
    });

    public ValueTask<bool> SetAttributesAsync(RelativePath path, EntryKind kind, AttributeChange change, CancellationToken cancellationToken) => Call("set", path, async () =>
    {
        if (kind == EntryKind.Symlink && !Capabilities.LinkTimes)
        {
            throw Unsupported(path);
        }
        await MustOwnAsync(path);
        return await inner.SetAttributesAsync(path, kind, change, cancellationToken);
    });

    public ValueTask FlushDirectoryAsync(RelativePath directory, CancellationToken cancellationToken) =>
        Act("flush", directory, () => Capabilities.DurableFlush ? inner.FlushDirectoryAsync(directory, cancellationToken) : ValueTask.CompletedTask);

    /// <summary>One that is made to fail cannot be done, as the contract says.</summary>
    public async ValueTask<IReadOnlyList<Digest?>?> HashFilesAsync(IReadOnlyList<SizedPath> files, CancellationToken cancellationToken)
    {
        try
        {
            return await Call("hash", RelativePath.Root, () => _script.Shell || _script.Copies ? HashAsync(files) : inner.HashFilesAsync(files, cancellationToken));
        }
        catch (WorkerFileException)
        {
            return null;
        }
    }

    public async ValueTask<bool> FlushAllAsync(long bytes, CancellationToken cancellationToken)
    {
        try
        {
            return await Call("sync", RelativePath.Root, () => ValueTask.FromResult(_script.Shell));
        }
        catch (WorkerFileException)
        {
            return false;
        }
    }

    public string? ShellRefusal => inner.ShellRefusal;

    public ValueTask<FreeSpace?> FreeSpaceAsync(RelativePath path, CancellationToken cancellationToken) => Call("space", path, () => inner.FreeSpaceAsync(path, cancellationToken));

    public ValueTask DisposeAsync() => inner.DisposeAsync();

    private async ValueTask<IReadOnlyList<Digest?>?> HashAsync(IReadOnlyList<SizedPath> asked)
    {
        var digests = new List<Digest?>();
        foreach (var path in asked.Select(file => Path.Combine(inner.Place.CanonicalPath, file.Path.ToString())))
        {
            digests.Add(File.Exists(path) ? Digest.FromBytes(SHA256.HashData(await File.ReadAllBytesAsync(path))) : null);
        }
        return digests;
    }

    private static WorkerFileException Unsupported(RelativePath path) => new(WorkerFileError.Unsupported, path, "The server does not know this request.");

    /// <summary>What the kernel would say to a login that is not root; nothing is asked while the script has no login.</summary>
    private async ValueTask MustWriteAsync(RelativePath directory)
    {
        const int OwnerWrite = 0b010_000_000;
        if (_script.Login is not { } login || await inner.FindAsync(directory, CancellationToken.None) is not { Kind: EntryKind.Directory } entry)
        {
            return;
        }
        if (_script.AsShown(directory, entry).Uid != login || (entry.Mode & OwnerWrite) == 0)
        {
            throw new WorkerFileException(WorkerFileError.PermissionDenied, directory, "Permission denied.");
        }
    }

    private async ValueTask MustOwnAsync(RelativePath path)
    {
        if (_script.Login is { } login && await inner.FindAsync(path, CancellationToken.None) is { } entry && _script.AsShown(path, entry).Uid != login)
        {
            throw new WorkerFileException(WorkerFileError.PermissionDenied, path, "Permission denied.");
        }
    }

    private ValueTask Act(string what, RelativePath path, Func<ValueTask> call)
    {
        var done = Call(what, path, async () =>
        {
            await call();
            return true;
        });
        return done.IsCompletedSuccessfully ? ValueTask.CompletedTask : new ValueTask(done.AsTask());
    }

    /// <summary>The inner call is made before this returns, so the order of calls stays what it was.</summary>
    private ValueTask<T> Call<T>(string what, RelativePath path, Func<ValueTask<T>> call)
    {
        switch (_script.Next($"{what} {path}"))
        {
            case FaultScript.Fate.Cut:
                _cut = true;
                break;
            case FaultScript.Fate.Fail when !_cut:
                return ValueTask.FromException<T>(new WorkerFileException(_script.Error, path, "The server only says that it failed."));
            default:
                break;
        }
        if (_cut)
        {
            return ValueTask.FromException<T>(new WorkerLostException(ErrorKind.ConnectionLost, "the connection ended"));
        }
        return _script.OneByOne ? Answered(call().AsTask()) : call();
    }

    private static ValueTask<T> Answered<T>(Task<T> call)
    {
        Task.WaitAny(call);
        return new ValueTask<T>(call);
    }

    private sealed class FaultyFile(FaultyWorker worker, RelativePath path, IWorkerFile inner) : IWorkerFile
    {
        private readonly IWorkerFile _inner = inner;

        public ValueTask<int> ReadAtAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken) =>
            worker.Call("read", path, () => _inner.ReadAtAsync(offset, buffer, cancellationToken));

        public ValueTask WriteAtAsync(long offset, ReadOnlyMemory<byte> data, CancellationToken cancellationToken) =>
            worker.Act("write", path, () => _inner.WriteAtAsync(offset, data, cancellationToken));

        /// <summary>What a server does with copy-data, also where the inner worker cannot.</summary>
        public ValueTask CopyFromAsync(IWorkerFile source, CopyRange range, CancellationToken cancellationToken) => worker.Act("copy", path, async () =>
        {
            var bytes = new byte[range.Length];
            var count = await ((FaultyFile)source)._inner.ReadAtAsync(range.Offset, bytes, cancellationToken);
            await _inner.WriteAtAsync(range.To, worker._script.Copied(bytes[..count]), cancellationToken);
            if ((await _inner.StatAsync(cancellationToken)).Size != range.To + range.Length)
            {
                throw new WorkerFileException(WorkerFileError.Failure, path, "The copy was cut short.");
            }
        });

        public ValueTask<WorkerEntry> StatAsync(CancellationToken cancellationToken) => worker.Call("stat", path, async () => worker._script.AsShown(path, await _inner.StatAsync(cancellationToken)));

        public ValueTask SetAttributesAsync(AttributeChange change, CancellationToken cancellationToken) => worker.Act("fset", path, () => _inner.SetAttributesAsync(change, cancellationToken));

        public ValueTask FlushAsync(CancellationToken cancellationToken) => worker.Act("flush", path, () => _inner.FlushAsync(cancellationToken));

        public ValueTask CloseAsync(CancellationToken cancellationToken) => worker.Act("close", path, () => _inner.CloseAsync(cancellationToken));

        public ValueTask DisposeAsync() => _inner.DisposeAsync();
    }
}
