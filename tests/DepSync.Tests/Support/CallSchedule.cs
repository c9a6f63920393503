using System.Diagnostics;

namespace DepSync.Tests.Support;

/// <summary>
/// Lets two actors make their calls one at a time, in the order of a path: each time both could go on, its next step says which one does (the first one where the path has ended).
/// <see cref="Next"/> gives the path of another order, until all have been tried. An actor makes its calls on a thread that may be held, and waits for the other one by its
/// <see cref="ClockOf">clock</see>.
/// </summary>
internal sealed class CallSchedule(IReadOnlyList<bool> path)
{
    private readonly Lock _lock = new();
    private readonly State[] _states = [State.Running, State.Running];
    private readonly ManualResetEventSlim[] _turns = [new(), new()];
    private readonly ITimer?[] _waits = new ITimer?[2];
    private readonly List<bool> _taken = [];
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private enum State
    {
        Running,
        AtCall,
        Waiting,
        Ended,
    }

    /// <summary>The calls that were made, with the actor that made them, for a test to tell.</summary>
    public List<string> Order { get; } = [];

    /// <summary>The first path that has not been tried yet; null when there is none.</summary>
    public IReadOnlyList<bool>? Next()
    {
        var next = _taken.ToList();
        while (next.Count > 0 && next[^1])
        {
            next.RemoveAt(next.Count - 1);
        }
        return next.Count == 0 ? null : [.. next[..^1], true];
    }

    /// <summary>A clock that never moves; whoever waits by it counts as waiting for the other actor.</summary>
    public TimeProvider ClockOf(int actor) => new WaitingClock(this, actor);

    /// <summary>Before a call of an actor: returns when it is its turn.</summary>
    public void Pass(int actor, string call)
    {
        _turns[actor].Reset();
        Set(actor, State.AtCall);
        _turns[actor].Wait();
        lock (_lock)
        {
            Order.Add($"{actor}: {call}");
        }
    }

    /// <summary>Runs both actors to their ends.</summary>
    public async Task<T[]> RunAsync<T>(Func<int, Task<T>> act)
    {
        var actors = new[] { 0, 1 }.Select(actor => Task.Run(async () =>
        {
            try
            {
                return await act(actor);
            }
            finally
            {
                Set(actor, State.Ended);
            }
        })).ToList();
        while (await ChooseAsync() is { } actor)
        {
            Set(actor, State.Running);
            _turns[actor].Set();
        }
        return await Task.WhenAll(actors);
    }

    /// <summary>Who is to go on; null when both have ended.</summary>
    private async Task<int?> ChooseAsync()
    {
        var began = Stopwatch.StartNew();
        while (true)
        {
            Task changed;
            lock (_lock)
            {
                if (Array.TrueForAll(_states, state => state == State.Ended))
                {
                    return null;
                }
                if (!_states.Contains(State.Running) && _states.Contains(State.AtCall))
                {
                    return Array.TrueForAll(_states, state => state == State.AtCall) ? Step() : Array.IndexOf(_states, State.AtCall);
                }
                changed = _changed.Task;
            }
            Assert.True(began.Elapsed < TimeSpan.FromMinutes(1), $"both wait: {string.Join(", ", _states)} after {string.Join(", ", Order)}");
            await changed.WaitAsync(TimeSpan.FromMinutes(1));
        }
    }

    private int Step()
    {
        var second = _taken.Count < path.Count && path[_taken.Count];
        _taken.Add(second);
        return second ? 1 : 0;
    }

    private void Set(int actor, State state)
    {
        lock (_lock)
        {
            _states[actor] = state;
            _changed.TrySetResult();
            _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    /// <summary>The last wait that an actor began; one that has ended may say so late.</summary>
    private void Wait(int actor, ITimer timer)
    {
        lock (_lock)
        {
            _waits[actor] = timer;
        }
        Set(actor, State.Waiting);
    }

    private void EndWait(int actor, ITimer timer)
    {
        lock (_lock)
        {
            if (_waits[actor] == timer && _states[actor] == State.Waiting)
            {
                Set(actor, State.Running);
            }
        }
    }

    private sealed class WaitingClock(CallSchedule schedule, int actor) : TimeProvider
    {
        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            var timer = new Timer(schedule, actor);
            schedule.Wait(actor, timer);
            return timer;
        }
    }

    private sealed class Timer(CallSchedule schedule, int actor) : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan period) => true;

        public void Dispose() => schedule.EndWait(actor, this);

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
