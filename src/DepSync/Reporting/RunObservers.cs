using DepSync.Model;

namespace DepSync.Reporting;

/// <summary>Hands each event to several observers, in order. One that throws, against the contract, takes nothing from the others nor from the run.</summary>
internal sealed class RunObservers(params IReadOnlyList<IRunObserver> observers) : IRunObserver
{
    private int _failures;

    /// <summary>How many events an observer failed to take.</summary>
    public int Failures => Volatile.Read(ref _failures);

    public void On(RunEvent runEvent)
    {
        foreach (var observer in observers)
        {
            try
            {
                observer.On(runEvent);
            }
            catch (Exception exception) when (exception is not OutOfMemoryException)
            {
                Interlocked.Increment(ref _failures);
            }
        }
    }
}
