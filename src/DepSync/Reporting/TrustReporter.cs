using System.Text;

namespace DepSync.Reporting;

/// <summary>A host key that <c>trust</c> saw: <c>known</c>, <c>new</c>, <c>changed</c> or <c>revoked</c>, and what is on record in its place.</summary>
internal sealed record ShownKeyRow(string KeyType, string Fingerprint, string State, IReadOnlyList<string> OnRecord)
{
    public bool Recorded { get; init; }
}

/// <summary>Prints host keys: for people before a question is put, with <c>--json</c> an object a key when it is decided. Not safe for concurrent calls.</summary>
internal sealed class TrustReporter
{
    private readonly Screen _screen;
    private readonly bool _isJson;
    private readonly JsonLineWriter _json;

    public TrustReporter(Screen screen, OutputOptions options, TimeProvider time, string run)
    {
        _screen = screen;
        _isJson = options.Format == OutputFormat.Json;
        _json = new JsonLineWriter(screen, time) { Run = run };
    }

    /// <summary>The keys of a host, before anything is decided.</summary>
    public void Show(string title, IReadOnlyList<ShownKeyRow> rows)
    {
        if (_isJson)
        {
            return;
        }
        var text = new StringBuilder(Wording.Line(title));
        foreach (var row in rows)
        {
            var shade = row.State is "changed" or "revoked" ? Shade.Bad : row.State == "new" ? Shade.Caution : Shade.Good;
            text.Append('\n').Append("  ").Append(_screen.OutInk.Paint(shade, row.State.PadRight(8))).Append(Wording.Line(row.KeyType.PadRight(20))).Append(' ').Append(row.Fingerprint);
            foreach (var old in row.OnRecord)
            {
                text.Append("\n          on record: ").Append(Wording.Line(old));
            }
        }
        _screen.Print(text.ToString());
    }

    /// <summary>A line for people.</summary>
    public void Say(string text)
    {
        if (!_isJson)
        {
            _screen.Print(Wording.Line(text));
        }
    }

    /// <summary>What became of them.</summary>
    public void Tell(string worker, IReadOnlyList<ShownKeyRow> rows, string file)
    {
        if (_isJson)
        {
            foreach (var row in rows)
            {
                _json.Write(new JsonHostKey(worker, row.KeyType, row.Fingerprint, row.State, row.Recorded), JsonLineWriter.Contract.JsonHostKey);
            }
        }
        else if (rows.Count(r => r.Recorded) is > 0 and var count)
        {
            _screen.Print($"  {Wording.Count(count, "key")} recorded in {Wording.Line(file)}");
        }
    }
}
