using DepSync.Model;

namespace DepSync.Reporting;

/// <summary>
/// Trouble on stderr, in every format and verbosity: warnings, what was deferred and held back, single paths, then workers that failed, each with its hint. It comes at
/// the end, after the results, so that it is the last thing on the screen; the live progress and the log tell it at once. Safe for concurrent calls.
/// </summary>
internal sealed class TroubleReporter(Screen screen, OutputOptions options) : IRunObserver
{
    /// <summary>Enough to see what is wrong; a full disk can fail thousands of paths.</summary>
    private const int Limit = 20;

    private readonly Lock _lock = new();
    private readonly SeenProblems _seen = new();
    private readonly Tally<string> _warnings = new();
    private readonly Tally<(RelativePath Path, Deferral Deferral)> _deferred = new();
    private readonly Tally<Problem> _problems = new();
    private readonly List<Problem> _sourceProblems = [];
    private int _workers;
    private bool _dryRun;

    private Ink Ink => screen.ErrorInk;

    public void On(RunEvent runEvent)
    {
        lock (_lock)
        {
            switch (runEvent)
            {
                case RunStarted started:
                    _workers = started.Workers.Count;
                    _dryRun = started.DryRun;
                    break;
                case Note(NoteLevel.Warning, var message):
                    _warnings.Add(message, runEvent.Worker ?? "");
                    break;
                case EntryDeferred(var entry):
                    _deferred.Add((entry.Path, entry.Deferral), runEvent.Worker ?? "");
                    break;
                case EntryFailed(var problem):
                    Add(runEvent.Worker, problem);
                    break;
                case WorkerDone(var result):
                    AddAll(result.Worker, result.Problems);
                    break;
                case RunDone(var report, _):
                    AddAll(null, report.SourceProblems);
                    if (!Outcome.IsSilent(report, options, _dryRun))
                    {
                        PrintAll(report);
                    }
                    break;
                case RunFailed failed:
                    PrintWarnings();
                    PrintProblems();
                    screen.PrintError(TroubleText.Failure(Ink, failed));
                    break;
                default:
                    break;
            }
        }
    }

    private void Add(string? worker, Problem problem)
    {
        if (!_seen.Add(worker, problem))
        {
            return;
        }
        if (worker is null)
        {
            _sourceProblems.Add(problem);
        }
        else
        {
            _problems.Add(problem, worker);
        }
    }

    private void AddAll(string? worker, IReadOnlyList<Problem> problems)
    {
        foreach (var problem in problems)
        {
            Add(worker, problem);
        }
    }

    private void PrintAll(RunReport report)
    {
        PrintWarnings();
        PrintDeferred();
        PrintHeld(report);
        PrintProblems();
        foreach (var result in report.Workers)
        {
            if (result.Error is { } error)
            {
                screen.PrintError(
                    error.Kind == ErrorKind.Duplicate
                        ? TroubleText.Said(Ink, Shade.Caution, "skipped:", $"{Wording.Name(result.Worker)}: {Wording.Line(error.Message)}", error.Hint)
                        : TroubleText.Error(Ink, result.Worker, error.Message, error.Hint));
            }
        }
        if (report.Ended is { } ended)
        {
            screen.PrintError(TroubleText.Error(Ink, null, TroubleText.EndOf(ended), "what is not done yet is done by the next run"));
        }
    }

    private void PrintWarnings()
    {
        PrintList(_warnings.Keys, "warning", message =>
            TroubleText.Said(Ink, Shade.Caution, "warning:", _warnings.WorkersOf(message, _workers) is { Length: > 0 } who ? $"{who}: {Wording.Line(message)}" : Wording.Line(message)));
    }

    private void PrintDeferred()
    {
        PrintList(_deferred.Keys, "deferred file", key =>
            TroubleText.Said(Ink, Shade.Caution, "deferred:", $"{_deferred.WorkersOf(key, _workers)}: {DisplayText.Escape(key.Path)}: {Wording.Reason(key.Deferral)}"));
        if (_deferred.Keys.Count > 0)
        {
            screen.PrintError("  hint: the workers keep their old version of it; the next run tries again (exit 24)");
        }
    }

    private void PrintHeld(RunReport report)
    {
        foreach (var result in report.Workers.Where(static result => result.DeletesHeld > 0))
        {
            var reason = _sourceProblems.Count > 0 ? "the manager directory could not be read whole"
                : result.Deferred > 0 ? "files in the same top folders are deferred"
                : "other changes in the same top folders failed";
            var message = $"{Wording.Name(result.Worker)}: {Wording.Count(result.DeletesHeld, "delete")} not made, because {reason}";
            screen.PrintError(TroubleText.Said(Ink, Shade.Caution, "held:", message));
        }
    }

    private void PrintProblems()
    {
        PrintList(_problems.Keys, "problem", problem =>
            Failed(_problems.WorkersOf(problem, _workers), problem));
        PrintList(_sourceProblems, "problem", problem => Failed("manager", problem));
        if (_sourceProblems.Count > 0)
        {
            screen.PrintError("  hint: nothing is removed on any worker until the whole manager directory can be read (exit 23)");
        }
    }

    private string Failed(string who, Problem problem) =>
        TroubleText.Said(Ink, Shade.Bad, "error:", $"{who}: {DisplayText.Escape(problem.Path)}: {Wording.Line(problem.Message)}");

    private void PrintList<T>(IReadOnlyList<T> items, string noun, Func<T, string> line)
    {
        var limit = options.Verbosity == Verbosity.Verbose ? int.MaxValue : Limit;
        foreach (var item in items.Take(limit))
        {
            screen.PrintError(line(item));
        }
        if (items.Count > limit)
        {
            screen.PrintError($"... and {Wording.Count(items.Count - limit, $"more {noun}")} (-v shows all)");
        }
    }
}
