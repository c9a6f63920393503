using DepSync.Model;

namespace DepSync.Reporting;

/// <summary>
/// Live progress on stderr: a row a worker, at most ten redraws a second, gone when the run is done. With <c>--progress always</c> and no terminal, a line whenever a
/// worker's phase changes instead. Does nothing when neither is asked for. Safe for concurrent calls; disposing takes the rows off the screen and may run twice.
/// </summary>
internal sealed class ProgressDisplay(Screen screen, OutputOptions options, TimeProvider time) : IRunObserver, IDisposable
{
    /// <summary>As often as an eye can follow; each redraw costs a write of a few hundred bytes.</summary>
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, int> _index = [];
    private readonly List<ProgressRow> _rows = [];
    private ITimer? _timer;
    private long _started;
    private bool _ended;

    public void On(RunEvent runEvent)
    {
        if (!options.LiveProgress && !options.PlainProgress)
        {
            return;
        }
        lock (_lock)
        {
            switch (runEvent)
            {
                case RunStarted started:
                    Start(started.Workers);
                    break;
                case RunDone or RunFailed:
                    End();
                    break;
                default:
                    Follow(runEvent);
                    break;
            }
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            End();
        }
    }

    private void Start(IReadOnlyList<string> workers)
    {
        _started = time.GetTimestamp();
        foreach (var worker in workers)
        {
            _index.Add(worker, _rows.Count);
            _rows.Add(new ProgressRow(worker));
        }
        if (options.LiveProgress)
        {
            _timer = time.CreateTimer(_ => Redraw(), null, Interval, Interval);
        }
    }

    private void Follow(RunEvent runEvent)
    {
        if (runEvent.Worker is not { } worker || !_index.TryGetValue(worker, out var index))
        {
            return;
        }
        var row = _rows[index].After(runEvent, time.GetTimestamp());
        _rows[index] = row;
        if (options.PlainProgress && runEvent is PhaseChanged { Phase: not WorkerPhase.Finished } or WorkerDone)
        {
            screen.PrintError(ProgressView.Plain(row, Staging(row)));
        }
    }

    private void Redraw()
    {
        lock (_lock)
        {
            if (_ended)
            {
                return;
            }
            try
            {
                screen.Draw(ProgressView.Render(_rows, options.Window(), time.GetElapsedTime(_started), Staging));
            }
            catch (Exception exception) when (exception is not OutOfMemoryException)
            {
                // A timer's exception would end the process, in the middle of a commit, for the sake of a picture.
                End();
            }
        }
    }

    private TimeSpan Staging(ProgressRow row) => row.StagingSince == 0 ? TimeSpan.Zero : time.GetElapsedTime(row.StagingSince);

    private void End()
    {
        if (!_ended)
        {
            _ended = true;
            _timer?.Dispose();
            screen.Draw([]);
        }
    }
}
