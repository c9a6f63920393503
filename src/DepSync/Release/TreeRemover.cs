using DepSync.Model;
using DepSync.Workers;

namespace DepSync.Release;

/// <summary>Removes a folder under <c>.depsync/</c> with all that it holds. Own directories without the rights for it are opened first. Absent is done.</summary>
internal static class TreeRemover
{
    /// <summary>Entries removed in one flight: enough to hide a round trip, few enough to keep the queue of the server short.</summary>
    private const int InFlight = 256;

    /// <exception cref="WorkerFileException">Something in it cannot be removed.</exception>
    public static async Task RemoveAsync(IWorkerFileSystem files, RelativePath folder)
    {
        if (!WorkerLayout.Folder.Equals(folder.TopFolder) || folder.Depth < 2)
        {
            throw new ArgumentException($"'{folder}' is not DepSync's own.", nameof(folder));
        }
        var entry = await files.FindAsync(folder, CancellationToken.None);
        if (entry is { Kind: EntryKind.Directory })
        {
            await RemoveDirectoryAsync(files, folder, entry.Value.Mode);
        }
        else if (entry is not null)
        {
            await files.RemoveFileAsync(folder, CancellationToken.None);
        }
    }

    private static async Task RemoveDirectoryAsync(IWorkerFileSystem files, RelativePath directory, int mode)
    {
        const int OwnerRights = 0b111_000_000;
        if ((mode & OwnerRights) != OwnerRights && files.Capabilities.UnixModes)
        {
            await files.SetAttributesAsync(directory, EntryKind.Directory, new AttributeChange(Mode: mode | OwnerRights), CancellationToken.None);
        }
        var entries = await files.ListAsync(directory, CancellationToken.None) ?? [];
        foreach (var flight in entries.Chunk(InFlight))
        {
            var removals = flight.Where(entry => entry.Kind != EntryKind.Directory).Select(entry => files.RemoveFileAsync(directory.Child(entry.Name), CancellationToken.None).AsTask());
            await Task.WhenAll(removals.ToList());
        }
        foreach (var below in entries.Where(entry => entry.Kind == EntryKind.Directory))
        {
            await RemoveDirectoryAsync(files, directory.Child(below.Name), below.Mode);
        }
        await files.RemoveDirectoryAsync(directory, CancellationToken.None);
    }
}
