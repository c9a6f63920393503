using DepSync.Model;

namespace DepSync.Reporting;

/// <summary>
/// The result for people, on stdout. A dry run: each worker's itemized lines in one piece, then a summary. A real run: what changed, then how each worker ended, as a
/// table on a terminal. Nothing at all when there is nothing to say (<see cref="Outcome.IsSilent"/>). Safe for concurrent calls.
/// </summary>
internal sealed class ConsoleReporter(Screen screen, OutputOptions options) : IRunObserver
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, List<string>> _planned = [];
    private readonly ChangeSummary _summary = new(options.Verbosity);
    private readonly List<string> _notes = [];
    private IReadOnlyList<string> _workers = [];
    private int _nameWidth;
    private bool _dryRun;
    private bool _itemized;

    private Ink Ink => screen.OutInk;

    public void On(RunEvent runEvent)
    {
        if (options.Verbosity == Verbosity.Quiet)
        {
            return;
        }
        lock (_lock)
        {
            switch (runEvent)
            {
                case RunStarted started:
                    _workers = started.Workers;
                    _dryRun = started.DryRun;
                    // A pipe gets one blank between name and line, a screen gets columns.
                    _nameWidth = options.Out.IsTerminal ? _workers.Max(static worker => SpectreText.WidthOf(Wording.Name(worker))) : 0;
                    break;
                case EntryChanged(var change):
                    AddChange(runEvent.Worker ?? "", change);
                    break;
                case Note(NoteLevel.Notice, var message) when options.Verbosity == Verbosity.Verbose:
                    _notes.Add(runEvent.Worker is { } named ? $"{Wording.Name(named)}: {Wording.Line(message)}" : Wording.Line(message));
                    break;
                case WorkerDone(var result):
                    PrintPlanned(result.Worker);
                    break;
                case RunDone(var report, var exitCode):
                    PrintResult(report, exitCode);
                    break;
                default:
                    break;
            }
        }
    }

    private void AddChange(string worker, Change change)
    {
        if (_dryRun)
        {
            if (!_planned.TryGetValue(worker, out var lines))
            {
                _planned.Add(worker, lines = []);
            }
            lines.Add(change.Itemize);
        }
        else if (options.Itemize)
        {
            Itemize(worker, change.Itemize);
        }
        else
        {
            _summary.Add(worker, change);
        }
    }

    private void PrintPlanned(string worker)
    {
        if (_planned.Remove(worker, out var lines))
        {
            foreach (var line in lines)
            {
                Itemize(worker, line);
            }
        }
    }

    private void Itemize(string worker, string line)
    {
        var name = _workers.Count > 1 ? SpectreText.Pad(Wording.Name(worker), _nameWidth) + " " : "";
        // rsync leaves a tab in a name as it is, and so do its lines here; whatever else could mislead a terminal is escaped already.
        screen.Print(name + string.Join('\t', line.Split('\t').Select(Wording.Line)));
        _itemized = true;
    }

    private void PrintResult(RunReport report, int exitCode)
    {
        if (Outcome.IsSilent(report, options, _dryRun) || report.Workers.Count == 0)
        {
            return;
        }
        string[] before = [.. _notes.Select(note => $"note: {note}"), .. _summary.Lines(_workers.Count, Ink)];
        foreach (var line in before)
        {
            screen.Print(line);
        }
        if (_itemized || before.Length > 0)
        {
            screen.Print("");
        }
        var table = options.Out.IsTerminal ? ResultTable.Render(report.Workers, Ink, options.Window().Width) : null;
        screen.Print(table ?? string.Join('\n', ResultLines.Workers(report.Workers, Ink)));
        if (_dryRun)
        {
            screen.Print($"dry run, nothing was changed. {ResultLines.Total(report, exitCode)}");
        }
        else if (report.Workers.Count > 1)
        {
            screen.Print(ResultLines.Total(report, exitCode));
        }
    }
}
