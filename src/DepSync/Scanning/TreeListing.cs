using DepSync.Model;
using DepSync.Workers;

namespace DepSync.Scanning;

/// <summary>
/// The directories and links of a worker's tree, what is expected asked for at once, the rest when it is wanted. Only what a walk from the top wants counts; what was expected and is not
/// there was asked for in vain. <para>Failure: as <see cref="IWorkerFileSystem"/>, of the call that wants it. Threads: one walk at a time. Disposing waits for what nobody wanted.</para>
/// </summary>
internal sealed class TreeListing : IAsyncDisposable
{
    private readonly IWorkerFileSystem _files;
    private readonly SemaphoreSlim _slots;
    private readonly IAsyncDisposable _expecting;
    private int _inFlight;
    private readonly Dictionary<RelativePath, Task<IReadOnlyList<WorkerEntry>?>> _listings = [];
    private readonly Dictionary<RelativePath, Task<byte[]?>> _links = [];

    private TreeListing(IWorkerFileSystem files, Task<WorkerEntry?> root, IAsyncDisposable expecting)
    {
        (_files, Root, _expecting) = (files, root, expecting);
        _inFlight = files.Capabilities.ListingsInFlight;
        _slots = new SemaphoreSlim(_inFlight);
    }

    /// <summary>The root's own attributes; null when the target is missing.</summary>
    public Task<WorkerEntry?> Root { get; }

    public static TreeListing Begin(IWorkerFileSystem files, ExpectedTree expected, CancellationToken cancellationToken)
    {
        var listing = new TreeListing(files, files.FindAsync(RelativePath.Root, cancellationToken).AsTask(), files.Expect(new WorkLoad { Directories = expected.Directories.Count, Entries = expected.Directories.Values.Sum() }));
        foreach (var (directory, entries) in expected.Directories)
        {
            listing._listings[directory] = listing.AskAsync(() => files.ListAsync(directory, entries, cancellationToken), cancellationToken);
        }
        foreach (var link in expected.Links)
        {
            listing._links[link] = listing.AskAsync(() => files.ReadLinkAsync(link, cancellationToken), cancellationToken);
        }
        return listing;
    }

    /// <summary>Each directory once.</summary>
    public Task<IReadOnlyList<WorkerEntry>?> ListAsync(RelativePath directory, CancellationToken cancellationToken) =>
        _listings.Remove(directory, out var begun) ? begun : AskAsync(() => _files.ListAsync(directory, 0, cancellationToken), cancellationToken);

    /// <summary>Each link once.</summary>
    public Task<byte[]?> ReadLinkAsync(RelativePath link, CancellationToken cancellationToken) =>
        _links.Remove(link, out var begun) ? begun : AskAsync(() => _files.ReadLinkAsync(link, cancellationToken), cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll([Root, .. _listings.Values, .. _links.Values]).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _listings.Clear();
        _links.Clear();
        await _expecting.DisposeAsync();
    }

    private async Task<T> AskAsync<T>(Func<ValueTask<T>> ask, CancellationToken cancellationToken)
    {
        await _slots.WaitAsync(cancellationToken);
        try
        {
            return await ask();
        }
        finally
        {
            _slots.Release(1 + Added());
        }
    }

    /// <summary>How many more the worker takes than when this was asked last.</summary>
    private int Added()
    {
        var most = _files.Capabilities.ListingsInFlight;
        var before = Volatile.Read(ref _inFlight);
        return most > before && Interlocked.CompareExchange(ref _inFlight, most, before) == before ? most - before : 0;
    }
}
