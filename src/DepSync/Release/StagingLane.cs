namespace DepSync.Release;

/// <summary>
/// One of the places for files that are open on the worker at once. It is free again when the file's CLOSE is on its way, not when it is answered: an OPEN that follows on the same
/// connection is taken after it, so a long round trip holds up half as many files.
/// </summary>
internal sealed class StagingLane(SemaphoreSlim lanes, IProgress<int> sent)
{
    private int _left;

    /// <summary>Is told of bytes that the worker has acknowledged.</summary>
    public IProgress<int> Sent => sent;

    /// <summary>Frees the place; a second call does nothing. Safe for concurrent calls.</summary>
    public void Leave()
    {
        if (Interlocked.Exchange(ref _left, 1) == 0)
        {
            lanes.Release();
        }
    }
}
