using DepSync.Delta;
using DepSync.Model;
using DepSync.Scanning;
using DepSync.Workers;

namespace DepSync.Release;

/// <summary>What one worker's deltas are made from. <paramref name="Worker"/>: its listing, with the digests that are proved. <paramref name="Tell"/>: notes of this worker.</summary>
internal sealed record DeltaCase(SourceDeltas Source, Snapshot Worker, Action<NoteLevel, string> Tell, TimeProvider Clock);

/// <summary>
/// Stages a file from what the worker has of it (its old version, or the same content under another name) and what is new. Like a file that is sent it is fresh and written ascending; its
/// hash is then taken on the worker and must be the plan's. Whatever does not fit or is refused leaves nothing behind, and the file is sent whole. Safe for concurrent calls.
/// </summary>
internal sealed class DeltaStager
{
    /// <summary>A copy takes some requests more and a second reading on the worker: about what this many bytes take on a fast line.</summary>
    private const long SmallestCopy = 64 * 1024;

    /// <summary>Each holds two handles on the worker, of which servers give some hundreds.</summary>
    private const int FilesInFlight = 32;

    /// <summary>Steps of one file that wait for their status; most are short.</summary>
    private const int StepsInFlight = 512;

    private readonly IWorkerFileSystem _files;
    private readonly IFileSource _source;
    private readonly FileStager _stager;
    private readonly DeltaCase _case;
    private readonly StagedHashes _hashes;
    private readonly ByteBudget _slots = new(FilesInFlight);
    private readonly Dictionary<Digest, FileEntry> _byContent = [];
    private readonly Lazy<Task<bool>> _canHash;

    public DeltaStager(IWorkerFileSystem files, IFileSource source, FileStager stager, DeltaCase deltas)
    {
        (_files, _source, _stager, _case) = (files, source, stager, deltas);
        _hashes = new StagedHashes(files);
        _canHash = new Lazy<Task<bool>>(CanHashAsync);
        foreach (var entry in _case.Worker.Entries.Where(entry => entry is { Kind: EntryKind.File, Size: >= SmallestCopy, Digest: not null }))
        {
            _byContent.TryAdd(entry.Digest!.Value, entry);
        }
    }

    /// <summary>Whether the worker can hash what would be put together: without that nothing of it could be committed.</summary>
    public required ShellProbe Shell { private get; init; }

    /// <summary>True when the file is staged and proved; false when nothing of it is there and it must be sent.</summary>
    /// <exception cref="DepSyncException">Target: what was staged of it cannot be removed.</exception>
    public async Task<bool> TryStageAsync(StagedItem item, StagingMeter meter, CancellationToken cancellationToken)
    {
        var entry = item.Change.Source!;
        if (entry.Digest is not { } version || OldVersion(item.Change, version) is not { } old)
        {
            return false;
        }
        var canHash = _canHash.Value;
        if (canHash.IsCompletedSuccessfully && !await canHash)
        {
            return false;
        }
        await _slots.AcquireAsync(1, cancellationToken);
        EarlyHash hash;
        try
        {
            // The comparison goes on here while the worker is asked.
            var finding = old.Digest == version ? Task.FromResult<FileDelta?>(FileDelta.WholeCopy(entry.Size)) : _case.Source.FindAsync(entry, old.Digest!.Value, cancellationToken);
            var delta = await canHash.WaitAsync(cancellationToken) ? await finding : null;
            hash = new EarlyHash(_hashes, new SizedPath(item.Staged, entry.Size), version, _case.Clock);
            if (delta is null || !await AssembleAsync(item, new Assembly(old, delta, meter, hash), cancellationToken))
            {
                meter.Copied(-hash.Written);
                return false;
            }
        }
        finally
        {
            _slots.Release(1);
        }
        var digest = await hash.HashAsync(cancellationToken);
        if (digest == version)
        {
            return true;
        }
        meter.Copied(-hash.Written);
        await FileStager.RemoveAsync(_files, item.Staged);
        if (digest is not null)
        {
            _case.Source.Forget(old.Digest!.Value, version);
        }
        _case.Tell(NoteLevel.Notice, $"{item.Change.Path} was put together from what the worker has, and {(digest is null ? "could not be checked" : "is not what it should be")}: it is sent whole");
        return false;
    }

    /// <summary>Whether it may be put together from what the worker has, and hashed there then.</summary>
    public bool MayPutTogether(StagedItem item) => item.Change is { Kind: EntryKind.File, Source.Digest: { } version } && OldVersion(item.Change, version) is not null;

    private FileEntry? OldVersion(Change change, Digest version) =>
        change.Source!.Size >= SmallestCopy && _byContent.TryGetValue(version, out var same) ? same
        : change.Source.Size >= SourceDeltas.SmallestFile && change.Worker is { Kind: EntryKind.File, Digest: not null } old ? old
        : null;

    /// <summary>Told once a worker.</summary>
    private async Task<bool> CanHashAsync()
    {
        if (await Shell.Answer)
        {
            return true;
        }
        _case.Tell(NoteLevel.Detail, "changed files are sent whole: this worker cannot hash what would be put together from old versions");
        return false;
    }

    private async Task<bool> AssembleAsync(StagedItem item, Assembly assembly, CancellationToken cancellationToken)
    {
        try
        {
            await using var original = await _source.OpenAsync(item.Change.Path, cancellationToken);
            await using var old = await _files.OpenAsync(assembly.Old.Path, cancellationToken);
            if (old is null || original is null || !IsSame(await old.StatAsync(cancellationToken), assembly.Old))
            {
                return false;
            }
            await using var file = await _files.CreateFileAsync(item.Staged, cancellationToken);
            try
            {
                var written = await WriteAsync(new Parts(file, old, original), assembly, cancellationToken);
                if (!await assembly.Delta.Holds || written != item.Change.Source!.Size)
                {
                    await assembly.Hash.SettleAsync();
                    await _stager.DropAsync(item.Staged, file);
                    return false;
                }
                await _stager.FinishAsync(item, file, default, cancellationToken);
                return true;
            }
            catch (Exception exception) when (exception is WorkerFileException or IOException)
            {
                await assembly.Hash.SettleAsync();
                await _stager.DropAsync(item.Staged, file);
                throw;
            }
        }
        catch (Exception exception) when (exception is WorkerFileException or IOException)
        {
            _case.Tell(NoteLevel.Detail, $"{item.Change.Path} could not be put together from what the worker has and is sent whole: {exception.Message}");
            return false;
        }
    }

    private static bool IsSame(WorkerEntry now, FileEntry listed) => now.Kind == EntryKind.File && now.Size == listed.Size && now.Seconds == listed.WorkerSeconds;

    /// <summary>Does each step when it is known. Returns how many bytes the file has then.</summary>
    private async Task<long> WriteAsync(Parts parts, Assembly assembly, CancellationToken cancellationToken)
    {
        var steps = new Queue<Task>();
        var position = 0L;
        try
        {
            for (var i = 0; await assembly.Delta.FindAsync(i, cancellationToken) is var (kind, offset, length); i++)
            {
                long longest = kind == DeltaKind.Copy ? CopyRange.Longest : _files.Capabilities.MaxTransfer;
                for (var done = 0L; done < length; done += longest)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    var range = new CopyRange(offset + done, Math.Min(longest, length - done), position);
                    steps.Enqueue(kind == DeltaKind.Copy ? CopyAsync(parts, range, assembly, cancellationToken) : await SendAsync(parts, range, assembly.Meter, cancellationToken));
                    position += range.Length;
                    if (steps.Count == StepsInFlight)
                    {
                        await steps.Dequeue();
                    }
                }
            }
        }
        finally
        {
            // Whatever happened: what is dropped next must not be written to any more.
            await Task.WhenAll(steps);
        }
        return position;
    }

    private static async Task CopyAsync(Parts parts, CopyRange range, Assembly assembly, CancellationToken cancellationToken)
    {
        await parts.File.CopyFromAsync(parts.Old, range, cancellationToken);
        assembly.Meter.Copied(range.Length);
        assembly.Hash.Wrote(range.Length, cancellationToken);
    }

    private async Task<Task> SendAsync(Parts parts, CopyRange range, StagingMeter meter, CancellationToken cancellationToken)
    {
        var piece = await _stager.ReadAsync(parts.Original, range.Offset, (int)range.Length, cancellationToken) ?? throw new IOException("It is shorter than it was.");
        return _stager.WriteAsync(parts.File, new FilePiece(range.To, piece), meter);
    }

    private sealed record Assembly(FileEntry Old, FileDelta Delta, StagingMeter Meter, EarlyHash Hash);

    /// <summary>What is written, and what it is made from. <paramref name="Original"/>: the source's file.</summary>
    private sealed record Parts(IWorkerFile File, IWorkerFile Old, IFileContent Original);
}
