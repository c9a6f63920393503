using DepSync.Model;

namespace DepSync.Tests.Release;

/// <summary>
/// A real run at one worker on a thread of its own. It stands still before each call that it is told to stop at, as a manager that is frozen there; what it has called until then
/// is answered. Ends by itself, or as one that is killed when it is disposed of. For one thread that lets it go on.
/// </summary>
internal sealed class SteppedRun : IDisposable
{
    /// <summary>A run that takes longer between two calls hangs: it takes a millisecond.</summary>
    private static readonly TimeSpan Hang = TimeSpan.FromMinutes(1);

    private readonly object _lock = new();
    private readonly List<string> _calls = [];
    private readonly CancellationTokenSource _cancellation = new();
    private readonly Thread _thread;
    private Func<string, bool> _stopsAt;
    private Exception? _failure;
    private bool _goes = true;
    private bool _hasEnded;
    private bool _isKilled;

    /// <summary>Begins, up to the first call to stop at.</summary>
    /// <param name="run">Does the run; passes each call that it is about to make to the gate.</param>
    public SteppedRun(Func<Action<string>, CancellationToken, Task<WorkerResult>> run, Func<string, bool> stopsAt)
    {
        _stopsAt = stopsAt;
        _thread = new Thread(() => Do(run)) { IsBackground = true };
        _thread.Start();
        AwaitStop();
    }

    /// <summary>The call before which it stands; null: it has ended.</summary>
    public string? Next { get; private set; }

    /// <summary>Null until it has ended.</summary>
    public WorkerResult? Result { get; private set; }

    /// <summary>The calls that it made since it was last let go on.</summary>
    public IReadOnlyList<string> Calls => _calls;

    /// <summary>Makes the call before which it stands, and goes on up to the next one to stop at.</summary>
    public void GoOn(Func<string, bool> stopsAt)
    {
        lock (_lock)
        {
            _stopsAt = stopsAt;
            _calls.Clear();
            _calls.Add(Next ?? throw new InvalidOperationException("the run has ended"));
            (_goes, Next) = (true, null);
            Monitor.PulseAll(_lock);
        }
        AwaitStop();
    }

    public void Cancel() => _cancellation.Cancel();

    public void Dispose()
    {
        lock (_lock)
        {
            (_isKilled, _goes) = (true, true);
            Monitor.PulseAll(_lock);
        }
        _thread.Join();
        _cancellation.Dispose();
    }

    private void Do(Func<Action<string>, CancellationToken, Task<WorkerResult>> run)
    {
        WorkerResult? result = null;
        try
        {
            result = run(Pass, _cancellation.Token).GetAwaiter().GetResult();
        }
        catch (Exception exception)
        {
            _failure = exception;
        }
        lock (_lock)
        {
            (Result, _hasEnded) = (result, true);
            Monitor.PulseAll(_lock);
        }
    }

    private void Pass(string call)
    {
        lock (_lock)
        {
            if (!_isKilled && _stopsAt(call))
            {
                (Next, _goes) = (call, false);
                Monitor.PulseAll(_lock);
                while (!_goes)
                {
                    Monitor.Wait(_lock);
                }
            }
            else
            {
                _calls.Add(call);
            }
            if (_isKilled)
            {
                throw new WorkerLostException(ErrorKind.Unreachable, "killed");
            }
        }
    }

    private void AwaitStop()
    {
        lock (_lock)
        {
            while (_goes && !_hasEnded)
            {
                if (!Monitor.Wait(_lock, Hang))
                {
                    throw new TimeoutException($"the run hangs behind {_calls.LastOrDefault()}");
                }
            }
        }
        if (_failure is not null)
        {
            throw new InvalidOperationException($"the run threw: {_failure}", _failure);
        }
    }
}
