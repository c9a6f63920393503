using DepSync.Model;

namespace DepSync.Workers;

/// <summary>Opens a worker's files by its address. Fails with <see cref="WorkerLostException"/>: not reached, not let in, or the target cannot be used. Safe for concurrent use.</summary>
internal delegate Task<IWorkerFileSystem> ConnectWorker(WorkerAddress address, CancellationToken cancellationToken);

/// <summary>The same, with what is to be asked while the target is being found; null: nothing.</summary>
internal delegate Task<IWorkerFileSystem> ConnectWorkerAhead(WorkerAddress address, PlaceGuess? guess, CancellationToken cancellationToken);

/// <summary>
/// Where a target was when it was seen last. <paramref name="Ask"/> is called for each server that greets, with what can be read there and not changed: what it calls for at once goes out in the flight that asks where the
/// target is now. What that tells counts only when <see cref="IWorkerFileSystem.Place"/> turns out to be the same; it ends with the worker's connection. Must not throw.
/// </summary>
internal sealed record PlaceGuess(string CanonicalPath, Action<IWorkerFileSystem> Ask)
{
    /// <summary>How long an answer took then; null: unknown.</summary>
    public TimeSpan? RoundTrip { get; init; }
}
