namespace DepSync.Tests.Support;

/// <summary>
/// Freezes whoever makes the calls of a <see cref="FaultScript"/> just before the first call that is meant: the call is sent, as it were, and arrives when the point is
/// <see cref="Thaw">thawed</see>. The calls must be made on a thread that may be held. For one run.
/// </summary>
internal sealed class FreezePoint(Func<int, string, bool> isMeant) : IDisposable
{
    private readonly TaskCompletionSource _frozen = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ManualResetEventSlim _thaw = new();
    private int _calls;

    /// <summary>Before the nth call, counted from 1.</summary>
    public static FreezePoint BeforeCall(int number) => new((count, _) => count == number);

    public static FreezePoint Before(string call) => new((_, made) => made == call);

    /// <summary>Before the first such call that comes after another one.</summary>
    public static FreezePoint Behind(string earlier, string call)
    {
        var hasPassed = false;
        return new FreezePoint((_, made) =>
        {
            var isMeant = hasPassed && made == call;
            hasPassed |= made == earlier;
            return isMeant;
        });
    }

    /// <summary>Goes into <see cref="FaultScript.Before"/>.</summary>
    public void Pass(string call)
    {
        if (!_frozen.Task.IsCompleted && isMeant(Interlocked.Increment(ref _calls), call))
        {
            _frozen.TrySetResult();
            _thaw.Wait();
        }
    }

    /// <summary>Ends when the run is frozen, or has ended without that; says whether it is.</summary>
    public async Task<bool> IsReachedAsync(Task run) => await Task.WhenAny(_frozen.Task, run) == _frozen.Task;

    public void Thaw() => _thaw.Set();

    public void Dispose()
    {
        Thaw();
        _thaw.Dispose();
    }
}
