using DepSync.Model;
using DepSync.Workers;

namespace DepSync.Release;

/// <summary>Runs the flush of one item and keeps its refusal, so that the item is not committed.</summary>
internal delegate Task GuardItem(StagedItem item, Func<Task> flush);

/// <summary>
/// Brings what is staged to disk, where it was not when each file was sent. A flush of the whole filesystem that fails is made good file by file: nothing is committed on the
/// word of a flush that did not end well. One use.
/// </summary>
internal sealed class StagingFlush(IWorkerFileSystem files, StageRequest request)
{
    /// <summary>Items in one flight, as in staging.</summary>
    private const int ItemsInFlight = 256;

    private const int OwnerRead = 0b100_000_000;

    /// <summary>
    /// Whether a file is brought to disk over the handle that it is written with, also where all others are flushed at once: one that its owner may not read cannot be opened again when
    /// that flush fails.
    /// </summary>
    public static bool IsFlushedWhenSent(StagedItem item, FlushMode flush, WorkerCapabilities able) =>
        flush == FlushMode.Durable || (flush == FlushMode.AtOnce && able.UnixModes && (item.Change.Source!.Mode & OwnerRead) == 0);

    /// <summary>The way that was gone, which the commit follows.</summary>
    public async Task<FlushMode> RunAsync(long bytes, GuardItem guard, CancellationToken cancellationToken)
    {
        if (request.Flush == FlushMode.Never)
        {
            return request.Flush;
        }
        if (request.Flush == FlushMode.AtOnce && await files.FlushAllAsync(bytes, cancellationToken))
        {
            // The commit's.
            files.ExpectFlush();
            return request.Flush;
        }
        if (request.Flush == FlushMode.AtOnce)
        {
            foreach (var flight in request.Items.Where(item => item.Change.Kind == EntryKind.File && !IsFlushedWhenSent(item, request.Flush, files.Capabilities)).Chunk(ItemsInFlight))
            {
                await Task.WhenAll(flight.Select(item => guard(item, () => FlushFileAsync(item.Staged, cancellationToken))).ToList());
            }
        }
        // A new directory is on disk with its entries before it is renamed into the live tree.
        foreach (var flight in request.Items.Where(item => item.Change.Kind == EntryKind.Directory).Chunk(ItemsInFlight))
        {
            // A server that cannot do this is told of when the commit flushes the same directories in their places.
            await Task.WhenAll(flight.Select(item => WorkerFileException.IgnoreAsync(files.FlushDirectoryAsync(item.Staged, cancellationToken).AsTask())).ToList());
        }
        return FlushMode.Durable;
    }

    /// <summary>Brings one staged file to disk that was closed already; nothing where it is not there.</summary>
    /// <exception cref="WorkerFileException">It is not known to be on disk.</exception>
    public static async Task FlushAsync(IWorkerFileSystem files, RelativePath staged, CancellationToken cancellationToken)
    {
        await using var file = await files.OpenAsync(staged, cancellationToken);
        if (file is not null)
        {
            await file.FlushAsync(cancellationToken);
            await file.CloseAsync(cancellationToken);
        }
    }

    /// <summary>What cannot be flushed is taken away again: it may lie in a new directory that goes live as a whole. What was not staged is not there.</summary>
    /// <exception cref="DepSyncException">Target: it cannot be removed.</exception>
    private async Task FlushFileAsync(RelativePath staged, CancellationToken cancellationToken)
    {
        try
        {
            await FlushAsync(files, staged, cancellationToken);
        }
        catch (WorkerFileException)
        {
            await FileStager.RemoveAsync(files, staged);
            throw;
        }
    }
}
