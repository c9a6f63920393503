using DepSync.Model;
using Serilog.Events;

namespace DepSync.Reporting;

/// <summary>
/// The log of the runs of this machine: one event, one line. A run that found everything in order is one line in all: what it says is held back until something else is
/// known. Opened by whoever holds the run's lock, and by nobody else. Safe for concurrent calls; disposing writes what is held back and
/// flushes. All but changes is on its way to the system when the call returns; a killed process loses the changes of its last second at most.
/// </summary>
internal sealed class RunLog : IRunObserver, IDisposable
{
    private readonly Lock _lock = new();
    private readonly SeenProblems _problems = new();
    private readonly RunOrigin _origin;
    private readonly TimeProvider _time;
    private readonly LogFile _file;
    private readonly List<string> _remarks = [];
    private List<LogLine>? _held = [];
    private RunStarted? _started;

    /// <param name="tell">Takes the one message about a log that cannot be written any more.</param>
    /// <exception cref="DepSyncException">LocalFiles: the folder or the file cannot be written.</exception>
    public RunLog(RunLogSettings settings, RunOrigin origin, TimeProvider time, Action<string> tell)
    {
        _origin = origin;
        _time = time;
        _file = new LogFile(settings, time, tell);
    }

    /// <summary>How many lines were lost.</summary>
    public int Failures => _file.Failures;

    public void On(RunEvent runEvent)
    {
        lock (_lock)
        {
            switch (runEvent)
            {
                case RunStarted started:
                    _started = started;
                    Add(LogLevel.Info, null, RunLogText.Started(started, _origin));
                    break;
                case SourceScanned scanned:
                    Add(LogLevel.Debug, null, RunLogText.Scanned(scanned));
                    break;
                case Note(var level, var message):
                    AddNote(level, runEvent.Worker, Wording.Line(message));
                    break;
                case EntryChanged(var change):
                    Release();
                    Add(LogLevel.Info, runEvent.Worker, RunLogText.Changed(change));
                    break;
                case EntryDeferred(var entry):
                    Release();
                    Add(LogLevel.Warn, runEvent.Worker, RunLogText.Deferred(entry));
                    break;
                case EntryFailed(var problem):
                    AddProblems(runEvent.Worker, [problem]);
                    break;
                case WorkerDone(var result):
                    AddWorker(result);
                    break;
                case RunDone(var report, var exitCode):
                    AddEnd(report, exitCode);
                    break;
                case RunFailed failed:
                    Release();
                    Add(LogLevel.Error, null, $"run failed: exit {failed.ExitCode}; {RunLogText.Error(failed.Kind, failed.Message, failed.Hint)}");
                    break;
                default:
                    break;
            }
            if (runEvent is not EntryChanged)
            {
                // A change is one of many, and followed by the result of its worker at the latest.
                _file.Flush();
            }
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            Release();
            _file.Dispose();
        }
    }

    private static LogLevel LevelOf(NoteLevel level) => level switch
    {
        NoteLevel.Detail => LogLevel.Debug,
        NoteLevel.Notice => LogLevel.Info,
        _ => LogLevel.Warn,
    };

    private void AddNote(NoteLevel level, string? worker, string text)
    {
        if (level != NoteLevel.Detail)
        {
            _remarks.Add($"; {Wording.Snake(level)}: {(worker is null ? "" : Wording.Name(worker) + ": ")}{text}");
        }
        Add(LevelOf(level), worker, text);
    }

    private void AddProblems(string? worker, IReadOnlyList<Problem> problems)
    {
        foreach (var problem in problems)
        {
            if (_problems.Add(worker, problem))
            {
                Release();
                Add(LogLevel.Error, worker, RunLogText.Failed(problem));
            }
        }
    }

    private void AddWorker(WorkerResult result)
    {
        AddProblems(result.Worker, result.Problems);
        var fine = Outcome.IsFine(result);
        if (!fine || result.HasDifferences)
        {
            Release();
        }
        Add(fine ? LogLevel.Info : LogLevel.Error, result.Worker, RunLogText.Done(result));
    }

    private void AddEnd(RunReport report, int exitCode)
    {
        AddProblems(null, report.SourceProblems);
        if (_held is not null && _started is { } started && Outcome.IsUneventful(report))
        {
            _held = null;
            Add(LogLevel.Info, null, RunLogText.Unchanged(started, _origin, report) + string.Concat(_remarks));
            return;
        }
        Release();
        Add(Outcome.IsFine(report) ? LogLevel.Info : LogLevel.Warn, null, RunLogText.Finished(report, exitCode));
    }

    private void Add(LogLevel level, string? worker, string text)
    {
        var line = new LogLine(_time.GetLocalNow(), level, worker, text);
        if (_held is { } held)
        {
            held.Add(line);
        }
        else
        {
            Write(line);
        }
    }

    private void Release()
    {
        if (_held is { } held)
        {
            _held = null;
            held.ForEach(Write);
        }
    }

    private void Write(LogLine line) => _file.Write(
        line.Time,
        line.Level switch
        {
            LogLevel.Debug => LogEventLevel.Debug,
            LogLevel.Info => LogEventLevel.Information,
            LogLevel.Warn => LogEventLevel.Warning,
            _ => LogEventLevel.Error,
        },
        RunLogText.Format(line, _started?.Run));
}
