using DepSync.Model;
using DepSync.Workers;

namespace DepSync.Release;

/// <summary>
/// Has staged files hashed on the worker, several with one command: while one command runs, the files that come meanwhile wait for the next. Safe for concurrent calls.
/// </summary>
internal sealed class StagedHashes(IWorkerFileSystem files)
{
    private readonly Lock _lock = new();

    /// <summary>The lock's.</summary>
    private List<Waiting> _waiting = [];

    /// <summary>Some call works through what waits. The lock's.</summary>
    private bool _busy;

    /// <summary>The hash of the file as the worker has it; null where it cannot tell.</summary>
    /// <exception cref="WorkerLostException">The worker is gone.</exception>
    public Task<Digest?> HashAsync(SizedPath file, CancellationToken cancellationToken)
    {
        var waiting = new Waiting(file, new TaskCompletionSource<Digest?>(TaskCreationOptions.RunContinuationsAsynchronously));
        lock (_lock)
        {
            _waiting.Add(waiting);
            if (_busy)
            {
                return waiting.Answer.Task;
            }
            _busy = true;
        }
        _ = HashAllAsync(cancellationToken);
        return waiting.Answer.Task;
    }

    private async Task HashAllAsync(CancellationToken cancellationToken)
    {
        while (Next() is { Count: > 0 } together)
        {
            try
            {
                var digests = await files.HashFilesAsync([.. together.Select(waiting => waiting.File)], cancellationToken);
                for (var i = 0; i < together.Count; i++)
                {
                    together[i].Answer.SetResult(digests?[i]);
                }
            }
            catch (Exception exception)
            {
                foreach (var waiting in together)
                {
                    waiting.Answer.TrySetException(exception);
                }
            }
        }
    }

    private List<Waiting> Next()
    {
        lock (_lock)
        {
            var together = _waiting;
            _waiting = [];
            _busy = together.Count > 0;
            return together;
        }
    }

    private sealed record Waiting(SizedPath File, TaskCompletionSource<Digest?> Answer);
}
