using DepSync.Model;
using DepSync.Workers;

namespace DepSync.Release;

/// <summary>Removes a folder under <c>.depsync/</c> with all that it holds. Own directories without the rights for it are opened first. Absent is done.</summary>
internal static class TreeRemover
{
    /// <summary>Calls in one flight: enough to hide a round trip, few enough to keep the queue of the server short.</summary>
    private const int InFlight = 256;

    private const int OwnerRights = 0b111_000_000;

    /// <exception cref="WorkerFileException">Something in it cannot be removed.</exception>
    public static async Task RemoveAsync(IWorkerFileSystem files, RelativePath folder)
    {
        if (!WorkerLayout.Folder.Equals(folder.TopFolder) || folder.Depth < 2)
        {
            throw new ArgumentException($"'{folder}' is not DepSync's own.", nameof(folder));
        }
        // Together; what is listed counts only of a directory.
        var (finding, listing) = (files.FindAsync(folder, CancellationToken.None).AsTask(), files.ListAsync(folder, CancellationToken.None).AsTask());
        await Task.WhenAll(finding, WorkerFileException.IgnoreAsync(listing));
        var entry = await finding;
        if (entry is { Kind: EntryKind.Directory })
        {
            if (!listing.IsCompletedSuccessfully || !await TryRemoveFlatAsync(files, folder, await listing))
            {
                await RemoveDirectoryAsync(files, new Folder(folder, entry.Value.Mode));
            }
        }
        else if (entry is not null)
        {
            await files.RemoveFileAsync(folder, CancellationToken.None);
        }
    }

    /// <summary>Removes a directory of a few entries, none of which is a directory, in one flight. Whether it is gone.</summary>
    private static async Task<bool> TryRemoveFlatAsync(IWorkerFileSystem files, RelativePath folder, IReadOnlyList<WorkerEntry>? entries)
    {
        if (entries is null || entries.Count > InFlight || entries.Any(entry => entry.Kind == EntryKind.Directory))
        {
            return false;
        }
        var emptied = entries.Select(entry => WorkerFileException.IgnoreAsync(files.RemoveFileAsync(folder.Child(entry.Name), CancellationToken.None).AsTask())).ToList();
        var removed = files.RemoveDirectoryAsync(folder, CancellationToken.None).AsTask();
        await Task.WhenAll([.. emptied, WorkerFileException.IgnoreAsync(removed)]);
        return removed.IsCompletedSuccessfully;
    }

    /// <summary>Level by level, so that a tree of thousands of directories takes a few round trips a level and not a few a directory.</summary>
    private static async Task RemoveDirectoryAsync(IWorkerFileSystem files, Folder top)
    {
        var levels = new Stack<List<Folder>>([[top]]);
        while (levels.Peek().Count > 0)
        {
            levels.Push(await EmptyAsync(files, levels.Peek()));
        }
        foreach (var level in levels)
        {
            await ForEachAsync(level, folder => files.RemoveDirectoryAsync(folder.Path, CancellationToken.None).AsTask());
        }
    }

    /// <summary>Removes everything in the folders that is no directory; the directories in them.</summary>
    private static async Task<List<Folder>> EmptyAsync(IWorkerFileSystem files, List<Folder> level)
    {
        if (files.Capabilities.UnixModes)
        {
            var shut = level.Where(folder => (folder.Mode & OwnerRights) != OwnerRights);
            await ForEachAsync(shut, folder => files.SetAttributesAsync(folder.Path, EntryKind.Directory, new AttributeChange(Mode: folder.Mode | OwnerRights), CancellationToken.None).AsTask());
        }
        var below = new List<Folder>();
        foreach (var flight in level.Chunk(InFlight))
        {
            var listings = await Task.WhenAll(flight.Select(folder => files.ListAsync(folder.Path, CancellationToken.None).AsTask()).ToList());
            var found = flight.Zip(listings).SelectMany(pair => (pair.Second ?? []).Select(entry => (Path: pair.First.Path.Child(entry.Name), entry.Kind, entry.Mode))).ToList();
            await ForEachAsync(found.Where(entry => entry.Kind != EntryKind.Directory), entry => files.RemoveFileAsync(entry.Path, CancellationToken.None).AsTask());
            below.AddRange(found.Where(entry => entry.Kind == EntryKind.Directory).Select(entry => new Folder(entry.Path, entry.Mode)));
        }
        return below;
    }

    private static async Task ForEachAsync<T>(IEnumerable<T> items, Func<T, Task> act)
    {
        foreach (var flight in items.Chunk(InFlight))
        {
            await Task.WhenAll(flight.Select(act).ToList());
        }
    }

    private readonly record struct Folder(RelativePath Path, int Mode);
}
