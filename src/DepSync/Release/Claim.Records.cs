using DepSync.Model;
using DepSync.Workers;

namespace DepSync.Release;

/// <content>The records of a run: staged in <c>new/</c>, where nothing can be put once our folder was renamed away, and renamed into their places.</content>
internal sealed partial class Claim
{
    /// <summary>The files of <see cref="StageAsync"/> that lie in <c>new/</c>, as far as is known. Guarded by itself.</summary>
    private readonly HashSet<RelativePath> _unpublished = [];

    private int _manifests;

    /// <summary>The manifest of this run.</summary>
    public OwnFile Manifest(ReadOnlyMemory<byte> bytes) => new(bytes, WorkerLayout.StagedManifest(Folder, ++_manifests), WorkerLayout.Manifest);

    /// <summary>owner.json for this run. <paramref name="manifest"/>: the digest of the manifest that it stands beside, in hex.</summary>
    public OwnFile Owner(long generation, string? manifest)
    {
        var manager = _claimant.Manager;
        var owner = new OwnerRecord
        {
            Manager = manager.Id,
            Host = manager.Host,
            User = manager.User,
            ManagerDir = manager.ManagerDir,
            Epoch = manager.Epoch,
            Supersedes = manager.Supersedes,
            Number = Number,
            Generation = generation,
            Run = _claimant.Run,
            Worker = _claimant.Worker,
            Time = _claimant.Clock.GetUtcNow(),
            ManifestSha256 = manifest,
        };
        return new OwnFile(owner.ToBytes(), WorkerLayout.StagedOwner(Folder, ++_records), WorkerLayout.Owner);
    }

    private async Task PublishAsync(OwnFile file)
    {
        await StageAsync(file);
        await PublishStagedAsync([file]);
    }

    /// <summary>Brings a file of ours into our folder; what the worker says of it then. What is not published in the end goes with the folder.</summary>
    public Task<WorkerEntry> StageAsync(OwnFile file, CancellationToken cancellationToken = default)
    {
        lock (_unpublished)
        {
            _unpublished.Add(file.Staged);
        }
        return SmallFile.WriteNewAsync(_files, file.Staged, file.Bytes, _claimant.Flush, cancellationToken);
    }

    /// <summary>Renames staged files over their old versions, in their order and in one flight. A run that ends between the two renames of a server without an atomic one is told by <see cref="DisplacedOwner"/>.</summary>
    /// <exception cref="DepSyncException">Fenced.</exception>
    public async Task PublishStagedAsync(IReadOnlyList<OwnFile> staged)
    {
        var cleared = new List<Task>();
        var published = new List<Task<bool>>();
        foreach (var file in staged)
        {
            if (!_files.Capabilities.AtomicReplace)
            {
                // Close before its successor, so that the place is empty for as short as can be.
                cleared.Add(_files.RenameAsync(file.Place, WorkerLayout.Displaced(file.Staged), CancellationToken.None).AsTask());
            }
            published.Add(_files.RenameAsync(file.Staged, file.Place, CancellationToken.None).AsTask());
        }
        try
        {
            await Task.WhenAll([.. published, .. cleared]);
        }
        catch (WorkerFileException) when (cleared.Count > 0)
        {
            _holdsRecord = true;
            foreach (var file in staged)
            {
                await PutBackAsync(file);
            }
            _holdsRecord = false;
            throw;
        }
        foreach (var rename in published)
        {
            if (!await rename)
            {
                throw FencedBy("another run");
            }
        }
        lock (_unpublished)
        {
            _unpublished.ExceptWith(staged.Select(file => file.Staged));
        }
    }

    /// <summary>Staged files that were not published.</summary>
    private List<RelativePath> Unpublished()
    {
        lock (_unpublished)
        {
            return [.. _unpublished];
        }
    }

    /// <summary>Our folder may be removed for what failed in it, and what was displaced there is the only record.</summary>
    private async Task PutBackAsync(OwnFile file)
    {
        if (await _files.FindAsync(file.Place, CancellationToken.None) is null)
        {
            await _files.RenameAsync(WorkerLayout.Displaced(file.Staged), file.Place, CancellationToken.None);
        }
    }
}
