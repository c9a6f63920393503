using DepSync.Model;
using DepSync.Scanning;
using DepSync.Workers;

namespace DepSync.Release;

/// <summary>
/// What is read of a worker before anything is decided: the records, and in the flight that opens them what the last push left of the tree. That is listed whoever owns the worker, and compared only when that is settled; not
/// when it will be listed behind a claim. For one caller; disposing waits for what is under way.
/// </summary>
internal sealed class LookUnderWay : IAsyncDisposable
{
    private LookUnderWay(Task<WorkerLook> look, bool hasNews) => (Look, HasNews) = (look, hasNews);

    public Task<WorkerLook> Look { get; }

    /// <summary>As <see cref="WorkerOutlook.HasNewsAsync"/>.</summary>
    public bool HasNews { get; }

    /// <summary>Null: it was not begun.</summary>
    public TreeListing? Tree { get; private set; }

    /// <exception cref="DepSyncException">The state or the source cannot be read.</exception>
    public static async Task<LookUnderWay> BeginAsync(IWorkerFileSystem files, WorkerOutlook outlook, CancellationToken cancellationToken)
    {
        var look = WorkerLook.ReadAsync(files, outlook.Known, cancellationToken);
        try
        {
            return new LookUnderWay(look, await outlook.HasNewsAsync(cancellationToken));
        }
        catch
        {
            await ((Task)look).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            throw;
        }
    }

    /// <summary>Once.</summary>
    public void BeginTree(IWorkerFileSystem files, WorkerOutlook outlook, CancellationToken cancellationToken) =>
        Tree ??= outlook.Known is null || HasNews ? null : TreeListing.Begin(files, outlook.Expected, cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await ((Task)Look).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (Tree is not null)
        {
            await Tree.DisposeAsync();
        }
    }
}
