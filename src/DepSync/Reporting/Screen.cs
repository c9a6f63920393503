using System.Globalization;
using System.Text;

namespace DepSync.Reporting;

/// <summary>
/// The two standard streams and, on a terminal, the live area below what was printed. Lines on either stream push the live area down instead of running into it.
/// Each line is on its way when the call returns. Safe for concurrent calls; never throws.
/// </summary>
internal sealed class Screen
{
    private readonly Lock _lock = new();
    private readonly LineStream _out;
    private readonly LineStream _error;
    private readonly bool _outMeetsLive;
    private int _liveLines;
    private bool _paused;
    private bool _failureTold;

    public Screen(OutputOptions options)
    {
        _out = new LineStream(options.Out.Writer);
        _error = new LineStream(options.Error.Writer);
        _outMeetsLive = options.Out.IsTerminal;
        OutInk = new Ink(options.IsColored(options.Out));
        ErrorInk = new Ink(options.IsColored(options.Error));
    }

    public Ink OutInk { get; }

    public Ink ErrorInk { get; }

    /// <summary>Writes a line (or several, joined by newlines) of the result to stdout.</summary>
    public void Print(string text)
    {
        lock (_lock)
        {
            if (_outMeetsLive)
            {
                ClearLive();
            }
            _out.Write(text + "\n");
            if (_out.Failure is { } failure && !_failureTold)
            {
                _failureTold = true;
                ClearLive();
                _error.Write($"{ErrorInk.Paint(Shade.Bad, "error:")} standard output cannot be written: {Wording.Line(failure)}\n");
            }
        }
    }

    /// <summary>Writes a line (or several) of trouble or progress to stderr.</summary>
    public void PrintError(string text)
    {
        lock (_lock)
        {
            ClearLive();
            _error.Write(text + "\n");
        }
    }

    /// <summary>Replaces the live area; no lines end it. Each line has to fit into the terminal's width.</summary>
    public void Draw(IReadOnlyList<string> lines)
    {
        lock (_lock)
        {
            if (_paused || lines.Count == 0)
            {
                ClearLive();
                return;
            }
            var text = new StringBuilder();
            AppendUp(text);
            foreach (var line in lines)
            {
                text.Append(line).Append("\e[K\n");
            }
            // The cursor always rests below the area, so a run that is killed leaves a clean prompt.
            _error.Write(text.Append("\e[J").ToString());
            _liveLines = lines.Count;
        }
    }

    /// <summary>Takes the live area away until the returned value is disposed: for a question to the user.</summary>
    public IDisposable Pause()
    {
        lock (_lock)
        {
            ClearLive();
            _paused = true;
            return new Resumption(this);
        }
    }

    private void ClearLive()
    {
        if (_liveLines > 0)
        {
            var text = new StringBuilder();
            AppendUp(text);
            // Line by line: erasing the whole screen at once makes some terminals keep it in their history.
            text.Insert(text.Length, "\e[K\n", _liveLines);
            AppendUp(text);
            _error.Write(text.ToString());
            _liveLines = 0;
        }
    }

    private void AppendUp(StringBuilder text)
    {
        if (_liveLines > 0)
        {
            text.Append(CultureInfo.InvariantCulture, $"\r\e[{_liveLines}A");
        }
    }

    private sealed class Resumption(Screen screen) : IDisposable
    {
        public void Dispose()
        {
            lock (screen._lock)
            {
                screen._paused = false;
            }
        }
    }
}
