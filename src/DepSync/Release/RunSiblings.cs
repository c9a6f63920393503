using System.Collections.Concurrent;

namespace DepSync.Release;

/// <summary>
/// The claims of one run's workers, so that two names of one directory know each other even while one of them has made its folder and not yet signed it.
/// Safe for concurrent use.
/// </summary>
internal sealed class RunSiblings
{
    private readonly ConcurrentDictionary<(string Worker, long Number), TaskCompletionSource> _claims = new();

    /// <summary>A worker is about to make the folder of that number. The result says that the folder is signed, or given up.</summary>
    public TaskCompletionSource Begin(string worker, long number) =>
        _claims.GetOrAdd((worker, number), _ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));

    /// <summary>Ends when no other worker of this run is between making and signing a folder of that number.</summary>
    public Task SignedAsync(string worker, long number) =>
        Task.WhenAll(_claims.Where(claim => claim.Key.Number == number && claim.Key.Worker != worker).Select(claim => claim.Value.Task));

    /// <summary>The other worker of this run that used that number; null when none did.</summary>
    public string? NameOf(string exceptWorker, long number) =>
        _claims.Keys.Where(claim => claim.Number == number && claim.Worker != exceptWorker).Select(claim => claim.Worker).FirstOrDefault();
}
