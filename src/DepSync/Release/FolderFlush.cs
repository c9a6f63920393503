using DepSync.Model;
using DepSync.Workers;

namespace DepSync.Release;

/// <summary>
/// Brings directories to disk in two parts, so that the second takes no flight of its own: opens them together with what changes them, and flushes them together with what comes last. One that could
/// not be opened by then, such as a new one that had not arrived, is opened when it is flushed. What a worker refuses is told, and holds up nothing. For one caller; disposing closes what was not flushed.
/// </summary>
internal sealed class FolderFlush(IWorkerFileSystem files, Action<RelativePath, string> notFlushed) : IAsyncDisposable
{
    private readonly Dictionary<RelativePath, IOpenDirectory> _open = [];

    /// <summary>Has called for all of them when it returns, so they come behind what was called for before.</summary>
    /// <param name="folders">In the order in which they are flushed, which is kept: those behind the first one that cannot be opened are opened with it.</param>
    public async Task OpenAsync(IReadOnlyCollection<RelativePath> folders)
    {
        var opening = folders.Select(folder => files.OpenDirectoryAsync(folder, CancellationToken.None).AsTask()).ToList();
        var areAllOpen = true;
        foreach (var (folder, found) in folders.Zip(await Task.WhenAll(opening)))
        {
            areAllOpen &= found is not null;
            if (areAllOpen)
            {
                _open.Add(folder, found!);
            }
            else if (found is not null)
            {
                await found.DisposeAsync();
            }
        }
    }

    /// <summary>In their order, each once.</summary>
    public async Task FlushAsync(IEnumerable<RelativePath> folders) => await Task.WhenAll(folders.Select(FlushAsync).ToList());

    public async ValueTask DisposeAsync()
    {
        foreach (var opened in _open.Values)
        {
            await opened.DisposeAsync();
        }
        _open.Clear();
    }

    private async Task FlushAsync(RelativePath folder)
    {
        try
        {
            if (_open.Remove(folder, out var opened))
            {
                await using (opened)
                {
                    await opened.FlushAsync(CancellationToken.None);
                }
            }
            else
            {
                await files.FlushDirectoryAsync(folder, CancellationToken.None);
            }
        }
        catch (WorkerFileException exception)
        {
            notFlushed(folder, exception.Message);
        }
    }
}
