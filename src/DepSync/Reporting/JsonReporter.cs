using DepSync.Model;

namespace DepSync.Reporting;

/// <summary>
/// <c>--json</c>: one object a line on stdout, written when it happens, and nothing else. Its fields are in <see cref="JsonContract"/>. Safe for concurrent calls.
/// </summary>
/// <param name="codeOf">A worker's own exit code.</param>
internal sealed class JsonReporter(Screen screen, TimeProvider time, Func<WorkerResult, int> codeOf) : IRunObserver
{
    private static readonly JsonContract Contract = JsonLineWriter.Contract;

    private readonly Lock _lock = new();
    private readonly JsonLineWriter _lines = new(screen, time);
    private readonly SeenProblems _problems = new();
    private readonly long _started = time.GetTimestamp();
    private int _workers;
    private int _workersOk;

    /// <summary>What the lines are stamped with before the run tells its id.</summary>
    public string? Run { init => _lines.Run = value; }

    public void On(RunEvent runEvent)
    {
        lock (_lock)
        {
            switch (runEvent)
            {
                case RunStarted started:
                    _lines.Run = started.Run;
                    _workers = started.Workers.Count;
                    _lines.Write(new JsonRunStarted(started.ManagerDir, started.Workers, started.DryRun), Contract.JsonRunStarted);
                    break;
                case EntryChanged(var change):
                    _lines.Write(Line(runEvent.Worker, change), Contract.JsonChange);
                    break;
                case EntryDeferred(var entry):
                    var (path, base64) = PathOf(entry.Path);
                    _lines.Write(new JsonDeferred { Worker = runEvent.Worker, Path = path, PathBase64 = base64, Deferral = Wording.Snake(entry.Deferral) }, Contract.JsonDeferred);
                    break;
                case EntryFailed(var problem):
                    WriteProblem(runEvent.Worker, problem);
                    break;
                case Note(not NoteLevel.Detail and var level, var message):
                    _lines.Write(new JsonNote(runEvent.Worker, Wording.Snake(level), message), Contract.JsonNote);
                    break;
                case WorkerDone(var result):
                    WriteWorker(result);
                    break;
                case RunDone(var report, var exitCode):
                    WriteRunDone(report, exitCode);
                    break;
                case RunFailed failed:
                    _lines.Write(
                        new JsonRunDone
                        {
                            ExitCode = failed.ExitCode,
                            WorkersTotal = _workers,
                            WorkersOk = _workersOk,
                            WorkersFailed = _workers - _workersOk,
                            Seconds = Seconds(time.GetElapsedTime(_started)),
                            Error = new JsonError(Wording.Snake(failed.Kind), failed.Message, failed.Hint),
                        },
                        Contract.JsonRunDone);
                    break;
                default:
                    break;
            }
        }
    }

    private static JsonChange Line(string? worker, Change change)
    {
        var (path, base64) = PathOf(change.Path);
        return new JsonChange
        {
            Worker = worker,
            Path = path,
            PathBase64 = base64,
            Action = Wording.Snake(change.Action),
            Kind = Wording.Snake(change.Kind),
            Reason = Wording.Snake(change.Reason),
            Size = SizeOf(change),
            Itemize = change.Itemize,
        };
    }

    private static long? SizeOf(Change change) => change switch
    {
        { Action: ChangeAction.Delete } or { Kind: EntryKind.Directory } => null,
        { Kind: EntryKind.Symlink } => change.Source?.LinkTarget?.Length,
        _ => change.Source?.Size,
    };

    private static (string Text, string? Base64) PathOf(RelativePath path) =>
        path.IsRoot ? (".", null)
        : System.Text.Unicode.Utf8.IsValid(path.Bytes) ? (path.ToString(), null)
        : (path.ToString(), Convert.ToBase64String(path.Bytes));

    private static double Seconds(TimeSpan time) => Math.Round(time.TotalSeconds, 3);

    private void WriteProblem(string? worker, Problem problem)
    {
        if (_problems.Add(worker, problem))
        {
            var (path, base64) = PathOf(problem.Path);
            _lines.Write(new JsonProblem { Worker = worker, Path = path, PathBase64 = base64, Message = problem.Message }, Contract.JsonProblem);
        }
    }

    private void WriteWorker(WorkerResult result)
    {
        foreach (var problem in result.Problems)
        {
            WriteProblem(result.Worker, problem);
        }
        _workersOk += Outcome.IsFine(result) ? 1 : 0;
        _lines.Write(
            new JsonWorkerDone
            {
                Worker = result.Worker,
                Status = Wording.Snake(result.Status),
                Created = result.Created,
                Updated = result.Updated,
                Deleted = result.Deleted,
                Attributes = result.Attributes,
                Deferred = result.Deferred,
                DeletesHeld = result.DeletesHeld,
                BytesSent = result.BytesSent,
                BytesTotal = result.BytesTotal,
                Seconds = Seconds(result.Elapsed),
                CommitMs = (long)Math.Round(result.CommitTime.TotalMilliseconds),
                Generation = result.Generation,
                Code = codeOf(result),
                Error = result.Error is { } error ? new JsonError(Wording.Snake(error.Kind), error.Message, error.Hint) : null,
            },
            Contract.JsonWorkerDone);
    }

    private void WriteRunDone(RunReport report, int exitCode)
    {
        foreach (var problem in report.SourceProblems)
        {
            WriteProblem(null, problem);
        }
        var ok = report.Workers.Count(Outcome.IsFine);
        _lines.Write(
            new JsonRunDone
            {
                ExitCode = exitCode,
                WorkersTotal = report.Workers.Count,
                WorkersOk = ok,
                WorkersFailed = report.Workers.Count - ok,
                Seconds = Seconds(report.Elapsed),
                Error = report.Ended is { } ended ? new JsonError(Wording.Snake(ended), TroubleText.EndOf(ended), null) : null,
            },
            Contract.JsonRunDone);
    }
}
