using System.Collections.Concurrent;
using System.Security.Cryptography;
using DepSync.Delta;
using DepSync.Model;
using DepSync.Scanning;
using DepSync.State;

namespace DepSync.Release;

/// <summary>
/// What the workers of a run share to send differences: each new version is compared with each old one once, and signed once while it is read, however many workers hold it. Safe for
/// concurrent calls. Nothing of it decides what is committed: what is wrong here is found out on the worker, and costs bytes.
/// </summary>
internal sealed class SourceDeltas(IFileSource source, SignatureStore store, CancellationToken stop)
{
    /// <summary>Below it, a delta costs about as many requests as the file.</summary>
    public const long SmallestFile = 256 * 1024;

    private const int PieceSize = 256 * 1024;

    private readonly ConcurrentDictionary<(Digest Old, Digest New), Lazy<Task<FileDelta?>>> _deltas = new();

    /// <summary>Versions that are signed, or were.</summary>
    private readonly ConcurrentDictionary<Digest, bool> _signed = new();

    private int _told;

    /// <summary>Is told once what keeps signatures from being stored.</summary>
    public Action<string> Tell { private get; init; } = static _ => { };

    /// <summary>
    /// How <paramref name="entry"/> is made from a version that a worker holds; null where that saves too little, the old version is not known or the file cannot be read. The work is
    /// done on a thread of the pool, once a run.
    /// </summary>
    public Task<FileDelta?> FindAsync(FileEntry entry, Digest old, CancellationToken cancellationToken) => entry.Size < SmallestFile || !store.Has(old)
        ? Task.FromResult<FileDelta?>(null)
        : _deltas.GetOrAdd((old, entry.Digest!.Value), _ => new Lazy<Task<FileDelta?>>(() => CompareAsync(entry, old))).Value.WaitAsync(cancellationToken);

    /// <summary>Somebody who reads a file of this version whole, in order, can sign it on the way; null when there is no need.</summary>
    public VersionSigner? Sign(FileEntry entry) =>
        entry is { Size: >= SmallestFile, Digest: { } version } && !store.Has(version) && _signed.TryAdd(version, true) ? new VersionSigner(this, version, entry.Size) : null;

    /// <summary>A delta between these gave another file: whatever the reason, neither signature is used again. Who sends the new version whole signs it anew.</summary>
    public void Forget(Digest old, Digest version)
    {
        store.Forget(old);
        store.Forget(version);
        _signed.TryRemove(version, out _);
    }

    /// <summary>At the end of the run.</summary>
    public void Prune() => store.Prune();

    private async Task<FileDelta?> CompareAsync(FileEntry entry, Digest old)
    {
        // Whoever asks may be a connection's read loop, which must not wait for a disk.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        if (store.Load(old) is not { } signature)
        {
            return null;
        }
        try
        {
            await using var file = await source.OpenAsync(entry.Path, stop);
            using var signer = Sign(entry);
            var delta = file is null ? null : await ReadAsync(entry, file, new DeltaBuilder(new BlockIndex(signature)), signer);
            return delta is not null && IsWorthIt(delta.DataBytes, entry) ? delta : null;
        }
        catch (IOException)
        {
            // Told when the file is sent.
            return null;
        }
    }

    /// <summary>
    /// Null as soon as too little was found again, or when the file is not the version any more that was looked at: sent whole, it is deferred. What was read is signed only when
    /// its own hash says that it is that version; a signature of other bytes would mislead every push from then on.
    /// </summary>
    private async Task<FileDelta?> ReadAsync(FileEntry entry, IFileContent file, DeltaBuilder builder, VersionSigner? signer)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[PieceSize];
        for (long offset = 0; offset < entry.Size;)
        {
            stop.ThrowIfCancellationRequested();
            var count = await file.ReadAtAsync(offset, buffer.AsMemory(0, (int)Math.Min(buffer.Length, entry.Size - offset)), stop);
            if (count <= 0 || !IsWorthIt(builder.DataBytes, entry))
            {
                return null;
            }
            hash.AppendData(buffer, 0, count);
            builder.Append(buffer.AsSpan(0, count));
            signer?.Append(buffer.AsSpan(0, count));
            offset += count;
        }
        if (Digest.FromBytes(hash.GetHashAndReset()) != entry.Digest)
        {
            return null;
        }
        signer?.Finish();
        return builder.Finish();
    }

    /// <summary>With half of a file sent, the copies, the second reading on the worker and the requests cost more than the other half.</summary>
    private static bool IsWorthIt(long dataBytes, FileEntry entry) => dataBytes <= entry.Size / 2;

    private void Save(Digest version, BlockSignature signature)
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
    public sealed class VersionSigner(SourceDeltas deltas, Digest version, long length) : IDisposable
    {
        private SignatureBuilder? _builder = new(length);

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
