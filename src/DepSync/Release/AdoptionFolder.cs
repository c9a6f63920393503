using DepSync.Model;
using DepSync.Workers;

namespace DepSync.Release;

/// <summary>
/// <c>.depsync/adopt-N</c> in the manager directory: what an adoption stages and takes out. It has a name of its own, so that a directory that is also some manager's worker
/// keeps that manager's records.
/// </summary>
internal sealed class AdoptionFolder : IRunFolder
{
    private readonly IWorkerFileSystem _manager;

    private AdoptionFolder(IWorkerFileSystem manager, long number) => (_manager, Number, Folder) = (manager, number, WorkerLayout.Adoption(number));

    public long Number { get; }

    public RelativePath Folder { get; }

    /// <summary>Owner and group of what this user creates here; null where the system does not tell.</summary>
    public (int? Uid, int? Gid) Owner { get; private set; }

    /// <summary>Adoptions that were cut off; empty when there is nothing to clear up.</summary>
    public static async Task<IReadOnlyList<long>> FindLeftoversAsync(IWorkerFileSystem manager, CancellationToken cancellationToken)
    {
        var entries = await manager.ListAsync(WorkerLayout.Folder, cancellationToken) ?? [];
        return [.. entries.Where(entry => entry.Kind == EntryKind.Directory).Select(entry => WorkerLayout.AdoptionNumber(entry.Name)).OfType<long>().Order()];
    }

    /// <param name="look">What lies in the directory's <c>.depsync/</c>.</param>
    /// <exception cref="DepSyncException">LockHeld: another adoption of the same directory made its folder at the same time.</exception>
    public static async Task<AdoptionFolder> CreateAsync(IWorkerFileSystem manager, WorkerLook look)
    {
        await manager.CreateDirectoryAsync(WorkerLayout.Folder, WorkerLayout.FolderMode, CancellationToken.None);
        var folder = new AdoptionFolder(manager, look.HighestNumber + 1);
        if (!await manager.CreateDirectoryAsync(folder.Folder, WorkerLayout.FolderMode, CancellationToken.None))
        {
            throw Taken();
        }
        await manager.CreateDirectoryAsync(WorkerLayout.New(folder.Folder), WorkerLayout.FolderMode, CancellationToken.None);
        await manager.CreateDirectoryAsync(WorkerLayout.Old(folder.Folder), WorkerLayout.FolderMode, CancellationToken.None);
        var made = await manager.FindAsync(WorkerLayout.New(folder.Folder), CancellationToken.None);
        folder.Owner = (made?.Uid, made?.Gid);
        return folder;
    }

    public async Task EnsureHeldAsync()
    {
        if (await _manager.FindAsync(Folder, CancellationToken.None) is null)
        {
            throw Taken();
        }
    }

    /// <summary>Keeps what was taken out as a generation, as a push does on a worker, and drops the folder.</summary>
    public async Task RetireAsync(int keepGenerations)
    {
        var old = await _manager.ListAsync(WorkerLayout.Old(Folder), CancellationToken.None) ?? [];
        if (old.Count > 0 && keepGenerations > 0)
        {
            var store = new GenerationStore(_manager);
            await store.KeepAsync(Folder, Number, Number);
            await store.PruneAsync(keepGenerations, kept: null);
        }
        await DropAsync();
    }

    public Task DropAsync() => TreeRemover.RemoveAsync(_manager, Folder);

    private static DepSyncException Taken() => new(ErrorKind.LockHeld, "another adoption works in the manager directory at the same time", "let one end before the next one starts");
}
