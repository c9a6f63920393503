using DepSync.Model;
using DepSync.State;
using DepSync.Workers;

namespace DepSync.Release;

/// <summary>How much of <c>.depsync/</c> is read; the manifest alone is large.</summary>
internal enum LookDepth
{
    Everything,

    WithoutManifest,

    /// <summary>Without the manifest too. Owner.json is opened once the listing has ended: a run that is gone from the listing by then has left its number there.</summary>
    Claimed,
}

/// <summary>What lies in a worker's <c>.depsync/</c> before a run touches anything. Immutable.</summary>
internal sealed record WorkerLook
{
    /// <summary>A manifest of a million entries has some 200 MB; a longer file is not one of ours.</summary>
    private const int ManifestLimit = 1 << 28;

    public required bool TargetExists { get; init; }

    public required bool FolderExists { get; init; }

    /// <summary>Whether there is an owner record, readable or not: <c>owner.json</c>, or where that is missing a <see cref="DisplacedOwner"/>.</summary>
    public bool OwnerExists { get; init; }

    public OwnerRecord? Owner { get; init; }

    public Manifest? Manifest { get; init; }

    /// <summary>The manifest's file as it is listed.</summary>
    private WorkerEntry? ManifestEntry { get; init; }

    /// <summary>The manifest as it was read, for the next run, when the owner record vouches for it; null when an earlier copy stood for it.</summary>
    public ManifestCopy? Read { get; init; }

    public IReadOnlyList<long> Runs { get; init; } = [];

    public IReadOnlyList<long> Fenced { get; init; } = [];

    public IReadOnlyList<long> Generations { get; init; } = [];

    /// <summary>Runs that were cut off: there is something to roll forward.</summary>
    public bool HasLeftovers => Runs.Count + Fenced.Count > 0;

    /// <summary>The highest number that was ever used here, as far as this worker shows.</summary>
    public long HighestNumber => new[] { Owner?.Number ?? 0, Manifest?.Number ?? 0 }.Concat(Runs).Concat(Fenced).Concat(Generations).Max();

    /// <exception cref="DepSyncException">The folder is a link, not a directory, or cannot be read (Target).</exception>
    public static Task<WorkerLook> ReadAsync(IWorkerFileSystem files, LookDepth depth, CancellationToken cancellationToken) =>
        ReadAsync(files, ReadFolderAsync(files, depth, cancellationToken), cancellationToken);

    /// <param name="copy">Stands for the worker's manifest while size, mtime and the owner record's digest say that it is the same; null: the manifest is read.</param>
    /// <inheritdoc cref="ReadAsync(IWorkerFileSystem, LookDepth, CancellationToken)"/>
    public static Task<WorkerLook> ReadAsync(IWorkerFileSystem files, KnownManifest? copy, CancellationToken cancellationToken) =>
        copy is null ? ReadAsync(files, LookDepth.Everything, cancellationToken) : ReadAsync(files, ReadFolderAsync(files, copy, cancellationToken), cancellationToken);

    /// <param name="reading">Goes out in the same flight; what it reads counts only once the two looks say that the folder is ours to read.</param>
    private static async Task<WorkerLook> ReadAsync(IWorkerFileSystem files, Task<WorkerLook> reading, CancellationToken cancellationToken)
    {
        var root = files.FindAsync(RelativePath.Root, cancellationToken).AsTask();
        var folder = files.FindAsync(WorkerLayout.Folder, cancellationToken).AsTask();
        try
        {
            return await JudgeAsync(files, (root, folder), reading);
        }
        finally
        {
            await Task.WhenAll(root, folder, reading).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static async Task<WorkerLook> JudgeAsync(IWorkerFileSystem files, (Task<WorkerEntry?> Root, Task<WorkerEntry?> Folder) looks, Task<WorkerLook> reading)
    {
        var (root, folder) = looks;
        if (await root is not { } target)
        {
            return new WorkerLook { TargetExists = false, FolderExists = false };
        }
        if (target.Kind != EntryKind.Directory)
        {
            throw new DepSyncException(ErrorKind.Target, $"The target {files.Place.CanonicalPath} is not a directory.");
        }
        if (await folder is not { } own)
        {
            return new WorkerLook { TargetExists = true, FolderExists = false };
        }
        if (own.Kind != EntryKind.Directory)
        {
            var what = own.Kind == EntryKind.Symlink ? "a link" : "not a directory";
            throw new DepSyncException(ErrorKind.Target, $"{files.Place.CanonicalPath}/{WorkerLayout.FolderName} is {what}; DepSync works only in a folder of its own.", "remove it on the worker");
        }
        try
        {
            return await reading;
        }
        catch (WorkerFileException exception) when (exception.Error == WorkerFileError.PermissionDenied)
        {
            throw new DepSyncException(
                ErrorKind.Target,
                $"{files.Place.CanonicalPath}/{WorkerLayout.FolderName} cannot be read: it belongs to uid {own.Uid?.ToString() ?? "?"} with mode {Convert.ToString(own.Mode, 8)}.",
                "push as the user who pushed before, or give the folder to this login",
                exception);
        }
    }

    private static async Task<WorkerLook> ReadFolderAsync(IWorkerFileSystem files, KnownManifest known, CancellationToken cancellationToken)
    {
        var look = await ReadFolderAsync(files, LookDepth.WithoutManifest, cancellationToken);
        // What was cut off may have written a manifest and not yet the record that vouches for it.
        if (!look.HasLeftovers && look.ManifestEntry is { } entry && entry.Size == known.Size && entry.Seconds == known.Seconds && look.Vouches(known.Digest))
        {
            return look with { Manifest = known.Manifest };
        }
        return look.WithManifest(await ReadManifestBytesAsync(files, cancellationToken));
    }

    private static async Task<WorkerLook> ReadFolderAsync(IWorkerFileSystem files, LookDepth depth, CancellationToken cancellationToken)
    {
        var listing = files.ListAsync(WorkerLayout.Folder, cancellationToken).AsTask();
        var generations = files.ListAsync(WorkerLayout.Generations, cancellationToken).AsTask();
        if (depth == LookDepth.Claimed)
        {
            await listing;
        }
        var owner = SmallFile.ReadAsync(files, WorkerLayout.Owner, OwnerRecord.MaxSize, cancellationToken);
        var manifest = depth == LookDepth.Everything ? ReadManifestBytesAsync(files, cancellationToken) : Task.FromResult<byte[]?>(null);
        await Task.WhenAll(listing, generations, owner, manifest);
        var entries = await listing ?? [];
        if (entries.Any(entry => entry.Kind != EntryKind.Directory && entry.Name.AsSpan().SequenceEqual(WorkerLayout.Generations.Name)))
        {
            // Over SFTP all that is kept, and removed when it is old, would be that of the place where a link leads.
            throw new DepSyncException(ErrorKind.Target, $"{files.Place.CanonicalPath}/{WorkerLayout.Generations} is a link or a file; DepSync works only in folders of its own.", "remove it on the worker");
        }
        var runs = WorkerLayout.Numbers(entries, WorkerLayout.RunNumber);
        var fenced = WorkerLayout.Numbers(entries, WorkerLayout.FencedNumber);
        var ownerStands = entries.Any(entry => entry.Name.AsSpan().SequenceEqual(WorkerLayout.Owner.Name));
        // Listed and gone when it was opened: another run is between its two renames.
        var displaced = await owner is not null ? null : await DisplacedOwner.FindAsync(files, runs.Select(WorkerLayout.Run).Concat(fenced.Select(WorkerLayout.Fenced)), cancellationToken);
        return new WorkerLook
        {
            TargetExists = true,
            FolderExists = true,
            OwnerExists = ownerStands || displaced is not null,
            Owner = await owner is { } ownerBytes ? OwnerRecord.TryParse(ownerBytes) : displaced?.Record,
            ManifestEntry = entries.Where(entry => entry.Kind == EntryKind.File && entry.Name.AsSpan().SequenceEqual(WorkerLayout.Manifest.Name)).Select(entry => (WorkerEntry?)entry).FirstOrDefault(),
            Runs = runs,
            Fenced = fenced,
            Generations = WorkerLayout.Numbers(await generations ?? [], WorkerLayout.GenerationNumber),
        }.WithManifest(await manifest);
    }

    private WorkerLook WithManifest(byte[]? bytes)
    {
        if (bytes is null || !ManifestFormat.TryParse(bytes, out var manifest))
        {
            return this;
        }
        var copy = ManifestCopy.Of(bytes, ManifestEntry?.Seconds ?? 0);
        return this with { Manifest = manifest, Read = Vouches(copy.Digest) && !HasLeftovers ? copy : null };
    }

    private bool Vouches(Digest digest) => Owner?.ManifestSha256 == digest.ToString();

    /// <summary>owner.json alone, in two parts: ends when it is open; the task that it brings tells whether it is there, and what it says.</summary>
    public static async Task<Task<(bool Exists, OwnerRecord? Owner)>> OpenedOwnerAsync(IWorkerFileSystem files)
    {
        var standing = files.FindAsync(WorkerLayout.Owner, CancellationToken.None).AsTask();
        var opening = SmallFile.OpenedAsync(files, WorkerLayout.Owner, OwnerRecord.MaxSize, CancellationToken.None);
        await Task.WhenAll(standing, opening);
        return ReadAsync((await standing) is not null, await opening);

        static async Task<(bool Exists, OwnerRecord? Owner)> ReadAsync(bool stands, Task<byte[]?> reading) => (stands, await reading is { } bytes ? OwnerRecord.TryParse(bytes) : null);
    }

    /// <summary>Null when it is absent or damaged: then everything is compared by content.</summary>
    public static async Task<Manifest?> ReadManifestAsync(IWorkerFileSystem files, CancellationToken cancellationToken) =>
        await ReadManifestBytesAsync(files, cancellationToken) is { } bytes && ManifestFormat.TryParse(bytes, out var manifest) ? manifest : null;

    private static Task<byte[]?> ReadManifestBytesAsync(IWorkerFileSystem files, CancellationToken cancellationToken) =>
        SmallFile.ReadAsync(files, WorkerLayout.Manifest, ManifestLimit, cancellationToken);
}

/// <summary>What a copy of a worker's manifest says, and by what the worker's is known to be the same. Without its bytes: each worker that is served holds one.</summary>
internal sealed record KnownManifest(Manifest Manifest, Digest Digest)
{
    public required int Size { get; init; }

    public required long Seconds { get; init; }

    /// <summary>Null when there is no copy, or none that can be read.</summary>
    public static KnownManifest? Of(ManifestCopy? copy) => copy is not null && copy.TryParse(out var manifest)
        ? new KnownManifest(manifest, copy.Digest) { Size = copy.Bytes.Length, Seconds = copy.Seconds }
        : null;
}
