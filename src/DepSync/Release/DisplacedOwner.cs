using DepSync.Model;
using DepSync.Workers;

namespace DepSync.Release;

/// <summary>
/// The owner record while it is replaced on a server that needs two renames for it: it lies in <c>new/</c> of the run that replaces it, and stays there when that run is cut off
/// in between. As long as <c>owner.json</c> is missing it says who owns the worker. <paramref name="Record"/> is null when it is damaged.
/// </summary>
internal sealed record DisplacedOwner(RelativePath Place, OwnerRecord? Record)
{
    /// <summary>The newest in the folders of runs; null when there is none.</summary>
    public static async Task<DisplacedOwner?> FindAsync(IWorkerFileSystem files, IEnumerable<RelativePath> folders, CancellationToken cancellationToken)
    {
        DisplacedOwner? newest = null;
        foreach (var folder in folders.Select(WorkerLayout.New))
        {
            var names = (await files.ListAsync(folder, cancellationToken) ?? []).Select(entry => entry.Name).Where(name => WorkerLayout.IsDisplacedOwner(name));
            foreach (var place in names.Select(name => folder.Child(name)))
            {
                if (await SmallFile.ReadAsync(files, place, OwnerRecord.MaxSize, cancellationToken) is { } bytes
                    && new DisplacedOwner(place, OwnerRecord.TryParse(bytes)) is var found && (newest is null || found.Number > newest.Number))
                {
                    newest = found;
                }
            }
        }
        return newest;
    }

    /// <summary>Numbers on a worker only rise.</summary>
    private long Number => Record?.Number ?? 0;
}
