using System.Collections.Concurrent;
using DepSync.Delta;
using DepSync.Model;
using DepSync.Scanning;
using DepSync.State;

namespace DepSync.Release;

/// <summary>
/// What the workers of a run share to send differences: each new version is compared with each old one once, and signed once while it is read, however many workers hold it. Safe for
/// concurrent calls. Nothing of it decides what is committed: what is wrong here is found out on the worker, and costs bytes. What is found is given out while the rest is still compared, so that
/// a worker copies meanwhile; each follows at its own pace, and none holds up another or the comparison.
/// </summary>
internal sealed class SourceDeltas(IFileSource source, SignatureStore store, CancellationToken stop) : IContentObserver
{
    /// <summary>Below it, a delta costs about as many requests as the file.</summary>
    public const long SmallestFile = 256 * 1024;

    /// <summary>Given out at once: some milliseconds of comparing, and of a worker's copying.</summary>
    private const int PortionSize = 4 * 1024 * 1024;

    /// <summary>While more than one byte in so many of what was compared is new, nothing is given out: it may not be worth it, and then what was sent is sent again.</summary>
    private const int PromisingShare = 32;

    private readonly ConcurrentDictionary<(Digest Old, Digest New), Lazy<Task<FileDelta?>>> _deltas = new();

    /// <summary>Versions that are signed, or were.</summary>
    private readonly ConcurrentDictionary<Digest, bool> _signed = new();

    private int _told;

    /// <summary>Whether a file of which no older version is known is signed when the scan reads it. If not, it is signed when it is sent to a worker that can make use of that.</summary>
    public bool SignsNewFiles { private get; init; }

    /// <summary>Is told once what keeps signatures from being stored.</summary>
    public Action<string> Tell { private get; init; } = static _ => { };

    /// <summary>
    /// How <paramref name="entry"/> is made from a version that a worker holds: as soon as it promises to be worth it, which is known when it <see cref="FileDelta.Holds"/>. Null where it is not, the old
    /// version is not known or the file cannot be read. The work is done on a thread of the pool, once a run.
    /// </summary>
    public Task<FileDelta?> FindAsync(FileEntry entry, Digest old, CancellationToken cancellationToken) => entry.Size < SmallestFile || !store.Has(old)
        ? Task.FromResult<FileDelta?>(null)
        : _deltas.GetOrAdd((old, entry.Digest!.Value), _ => new Lazy<Task<FileDelta?>>(() => Begin(entry, old))).Value.WaitAsync(cancellationToken);

    /// <summary>Somebody who reads a file of this version whole, in order, can sign it on the way; null when there is no need. <paramref name="known"/>: an older version, which makes it quicker.</summary>
    public VersionSigner? Sign(FileEntry entry, BlockIndex? known = null) => entry is { Size: >= SmallestFile, Digest: { } version } && !store.Has(version) && _signed.TryAdd(version, true)
        ? new VersionSigner(this, version, new SignatureBuilder(entry.Size, known))
        : null;

    /// <summary>A delta between these gave another file: whatever the reason, neither signature is used again. Who sends the new version whole signs it anew.</summary>
    public void Forget(Digest old, Digest version)
    {
        store.Forget(old);
        store.Forget(version);
        _signed.TryRemove(version, out _);
    }

    /// <summary>The scan reads a file: most likely the workers hold what it held before, so the two are compared on the way.</summary>
    public IContentObservation? Begin(long size, Digest? before)
    {
        if (size < SmallestFile)
        {
            return null;
        }
        var known = before is { } version && store.Load(version) is { } signature ? (version, signature) : ((Digest, BlockSignature)?)null;
        return known is null && !SignsNewFiles ? null : new ScannedVersion(this, size, known);
    }

    /// <summary>What somebody found out who had to read the new version anyway; null: it is not worth it.</summary>
    public void Add(Digest old, Digest version, FileDelta? delta)
    {
        delta?.End(holds: true);
        var found = Task.FromResult(delta);
        _deltas.TryAdd((old, version), new Lazy<Task<FileDelta?>>(() => found));
    }

    /// <summary>At the end of the run.</summary>
    public void Prune() => store.Prune();

    private Task<FileDelta?> Begin(FileEntry entry, Digest old)
    {
        var found = new TaskCompletionSource<FileDelta?>(TaskCreationOptions.RunContinuationsAsynchronously);
        _ = CompareAsync(entry, old, found);
        return found.Task;
    }

    /// <summary>Tells at the latest at its end what was found.</summary>
    private async Task CompareAsync(FileEntry entry, Digest old, TaskCompletionSource<FileDelta?> found)
    {
        // Whoever asks may be a connection's read loop, which must not wait for a disk.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        FileDelta? delta = null;
        try
        {
            if (store.Load(old) is not { } signature)
            {
                found.SetResult(null);
                return;
            }
            var index = new BlockIndex(signature);
            var builder = new DeltaBuilder(index);
            delta = builder.Delta;
            using var signer = Sign(entry, index);
            var holds = await ReadAsync(entry, new Comparison(builder, signer, found));
            delta.End(holds);
            found.TrySetResult(holds ? delta : null);
        }
        catch (IOException)
        {
            // Told when the file is sent.
            delta?.End(holds: false);
            found.TrySetResult(null);
        }
        catch (Exception exception)
        {
            delta?.Fail(exception);
            found.TrySetException(exception);
        }
    }

    /// <summary>
    /// False as soon as too little was found again, or when the file is not the version any more that was looked at: sent whole, it is deferred. What was read is signed only when
    /// its own hash says that it is that version; a signature of other bytes would mislead every push from then on.
    /// </summary>
    private async Task<bool> ReadAsync(FileEntry entry, Comparison comparison)
    {
        await using var file = await source.OpenAsync(entry.Path, stop);
        if (file is null)
        {
            return false;
        }
        var (builder, signer, found) = comparison;
        var (seen, given) = (0L, 0L);
        var digest = await FileHasher.HashAsync(file, entry.Size, Compare, stop);
        if (digest != entry.Digest)
        {
            return false;
        }
        builder.Finish();
        if (!IsWorthIt(builder.Delta.DataBytes, entry.Size))
        {
            return false;
        }
        signer?.Finish();
        return true;

        bool Compare(ReadOnlyMemory<byte> bytes)
        {
            builder.Append(bytes.Span);
            signer?.Append(bytes.Span);
            seen += bytes.Length;
            if (seen - given >= PortionSize && builder.Delta.DataBytes <= seen / PromisingShare)
            {
                given = seen;
                builder.Delta.GiveOut();
                found.TrySetResult(builder.Delta);
            }
            return IsWorthIt(builder.Delta.DataBytes, entry.Size);
        }
    }

    /// <summary>With half of a file sent, the copies, the second reading on the worker and the requests cost more than the other half.</summary>
    public static bool IsWorthIt(long dataBytes, long size) => dataBytes <= size / 2;

    /// <summary>What the bytes of a new version go through, and who waits for what is found.</summary>
    private sealed record Comparison(DeltaBuilder Builder, VersionSigner? Signer, TaskCompletionSource<FileDelta?> Found);

    /// <summary>What cannot be stored is told once.</summary>
    public void Save(Digest version, BlockSignature signature)
    {
        try
        {
            store.Save(version, signature);
        }
        catch (DepSyncException exception)
        {
            if (Interlocked.Exchange(ref _told, 1) == 0)
            {
                Tell($"changed files will be sent whole: {exception.Message}");
            }
        }
    }

    /// <summary>Signs one version while it is read. Disposed without <see cref="Finish"/>, somebody else may try. Not safe for concurrent use.</summary>
    public sealed class VersionSigner(SourceDeltas deltas, Digest version, SignatureBuilder builder) : IDisposable
    {
        private SignatureBuilder? _builder = builder;

        public void Append(ReadOnlySpan<byte> bytes) => _builder!.Append(bytes);

        /// <summary>All of it was read, and the hash of what was read is that version.</summary>
        public void Finish()
        {
            deltas.Save(version, _builder!.Finish());
            _builder = null;
        }

        public void Dispose()
        {
            if (_builder is not null)
            {
                deltas._signed.TryRemove(version, out _);
            }
        }
    }
}
