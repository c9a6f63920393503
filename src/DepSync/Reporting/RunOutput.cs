using DepSync.Model;

namespace DepSync.Reporting;

/// <summary>
/// Everything that a run shows on stdout and stderr, put together from the options. <see cref="Screen"/> serves the rest of the program for its own lines and questions.
/// Safe for concurrent calls; disposing takes live progress off the screen.
/// </summary>
internal sealed class RunOutput : IRunObserver, IDisposable
{
    private readonly ProgressDisplay _progress;
    private readonly RunObservers _observers;

    /// <param name="codeOf">A worker's own exit code.</param>
    public RunOutput(OutputOptions options, TimeProvider time, Func<WorkerResult, int> codeOf)
    {
        Screen = new Screen(options);
        _progress = new ProgressDisplay(Screen, options, time);
        IRunObserver result = options.Format == OutputFormat.Json ? new JsonReporter(Screen, time, codeOf) { Run = options.Run } : new ConsoleReporter(Screen, options);
        // Progress first, so that it is gone when the result is printed; trouble last, so that it stays in sight.
        _observers = new RunObservers(_progress, result, new TroubleReporter(Screen, options));
    }

    public Screen Screen { get; }

    public void On(RunEvent runEvent) => _observers.On(runEvent);

    public void Dispose() => _progress.Dispose();
}
