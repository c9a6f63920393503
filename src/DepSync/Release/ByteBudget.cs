namespace DepSync.Release;

/// <summary>
/// Bounds the bytes that wait in memory to be sent. First come, first served; safe for concurrent use. A waiter goes on inline on the thread that releases.
/// </summary>
internal sealed class ByteBudget
{
    private readonly Lock _lock = new();
    private readonly Queue<(long Bytes, TaskCompletionSource Granted)> _waiting = new();
    private readonly long _limit;
    private long _free;

    public ByteBudget(long limit) => _free = _limit = limit;

    /// <summary>Takes bytes from the budget. A single claim larger than the whole budget is granted when everything is free.</summary>
    public Task AcquireAsync(long bytes, CancellationToken cancellationToken)
    {
        TaskCompletionSource granted;
        lock (_lock)
        {
            if (_waiting.Count == 0 && Fits(bytes))
            {
                _free -= bytes;
                return Task.CompletedTask;
            }
            granted = new TaskCompletionSource();
            _waiting.Enqueue((bytes, granted));
        }
        return cancellationToken.CanBeCanceled ? WaitAsync(granted, cancellationToken) : granted.Task;
    }

    public void Release(long bytes)
    {
        var wake = new List<TaskCompletionSource>();
        lock (_lock)
        {
            _free += bytes;
            while (_waiting.TryPeek(out var next) && (next.Granted.Task.IsCompleted || Fits(next.Bytes)))
            {
                _waiting.Dequeue();
                if (next.Granted.Task.IsCompleted)
                {
                    continue;
                }
                _free -= next.Bytes;
                wake.Add(next.Granted);
            }
        }
        foreach (var granted in wake)
        {
            granted.SetResult();
        }
    }

    private bool Fits(long bytes) => bytes <= _free || _free == _limit;

    private static async Task WaitAsync(TaskCompletionSource granted, CancellationToken cancellationToken) =>
        await granted.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
}
