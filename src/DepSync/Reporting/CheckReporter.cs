namespace DepSync.Reporting;

internal enum CheckState
{
    Ok,

    /// <summary>A sync works, and something about it could be better.</summary>
    Warning,
    Failed,
}

/// <summary>One thing that <c>check</c> looked at on a worker. <see cref="Mend"/> says what to do about it.</summary>
internal sealed record CheckFinding(string Name, CheckState State, string Message, string? Mend);

/// <summary>Prints what <c>check</c> found, a worker in one piece: a line a finding, or with <c>--json</c> an object. Safe for concurrent calls.</summary>
internal sealed class CheckReporter
{
    private readonly Lock _lock = new();
    private readonly Screen _screen;
    private readonly OutputOptions _options;
    private readonly JsonLineWriter _json;

    public CheckReporter(Screen screen, OutputOptions options, TimeProvider time, string run)
    {
        _screen = screen;
        _options = options;
        _json = new JsonLineWriter(screen, time) { Run = run };
    }

    public void Print(string worker, IReadOnlyList<CheckFinding> findings)
    {
        lock (_lock)
        {
            if (_options.Format == OutputFormat.Json)
            {
                foreach (var finding in findings)
                {
                    _json.Write(new JsonCheck(worker, finding.Name, finding.State != CheckState.Failed, finding.Message, finding.Mend, Wording.Snake(finding.State)), JsonLineWriter.Contract.JsonCheck);
                }
                return;
            }
            var shown = _options.Verbosity == Verbosity.Quiet ? [.. findings.Where(f => f.State == CheckState.Failed)] : findings;
            if (shown.Count > 0)
            {
                _screen.Print(string.Join('\n', Lines(worker, shown)));
            }
        }
    }

    /// <summary>How it ended, for people.</summary>
    public void PrintEnd(int ready, int total)
    {
        if (_options is { Format: OutputFormat.Human, Verbosity: not Verbosity.Quiet })
        {
            _screen.Print($"{Wording.Count(total, "worker")}: {ready} ready{(ready < total ? $", {total - ready} not" : "")}");
        }
    }

    private IEnumerable<string> Lines(string worker, IReadOnlyList<CheckFinding> findings)
    {
        yield return Wording.Name(worker);
        var width = findings.Max(f => f.Name.Length);
        foreach (var finding in findings)
        {
            var state = finding.State switch
            {
                CheckState.Ok => _screen.OutInk.Paint(Shade.Good, "ok     "),
                CheckState.Warning => _screen.OutInk.Paint(Shade.Caution, "warning"),
                _ => _screen.OutInk.Paint(Shade.Bad, "failed "),
            };
            yield return $"  {state}  {finding.Name.PadRight(width)}  {Wording.Line(finding.Message)}";
            if (finding.Mend is { } mend)
            {
                yield return $"           {new string(' ', width)}  mend: {Wording.Line(mend)}";
            }
        }
    }
}
