using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace DepSync.Config;

/// <summary>
/// Reads the plain part of YAML that a settings file needs (text, lists, mappings) from the parser's events: no reflection, and each value keeps its place. Anchors, aliases
/// and tags are errors, since in such a file they are patterns that want quotes. Errors go to a list with their places; reading goes on where the text allows it.
/// </summary>
internal sealed class YamlTree
{
    // The settings are two levels deep.
    private const int MaxDepth = 8;

    private const string QuoteIt = "put the value in double quotes if it is meant as text";

    private readonly string _text;
    private readonly Parser _events;
    private readonly List<(TextPlace Place, string Text)> _errors;
    private bool _refused;
    private bool _broken;

    private YamlTree(string text, List<(TextPlace Place, string Text)> errors)
    {
        _text = text;
        _events = new Parser(new StringReader(text));
        _errors = errors;
    }

    /// <summary>The root of the file's only document; null for an empty file. Where the text is no YAML, what stands before that place (and an error was added).</summary>
    public static YamlNode? Parse(string text, List<(TextPlace Place, string Text)> errors)
    {
        var tree = new YamlTree(text, errors);
        return tree.Guarded(tree.Document, null);
    }

    /// <summary>Runs a step of the parser; from its first failure on every step is <paramref name="broken"/>, so that what was read until then is kept.</summary>
    private T Guarded<T>(Func<T> step, T broken)
    {
        try
        {
            return _broken ? broken : step();
        }
        catch (YamlException e)
        {
            return Break(e.Start, Explain(e), broken);
        }
        // Its scanner lets these out for some texts that are no YAML, without a place.
        catch (Exception e) when (e is InvalidOperationException or ArgumentException or OverflowException)
        {
            return Break(_events.Current?.End ?? Mark.Empty, "not YAML behind this place", broken);
        }
    }

    private T Break<T>(Mark at, string text, T broken)
    {
        _broken = true;
        // Behind a pattern that wants quotes the brackets do not match any more: one cause, one error.
        if (!_refused)
        {
            _errors.Add((PlaceOf(at), text));
        }
        return broken;
    }

    private YamlNode? Document()
    {
        _events.Consume<StreamStart>();
        if (_events.Accept<StreamEnd>(out _))
        {
            return null;
        }
        _events.Consume<DocumentStart>();
        var root = Node(depth: 0);
        Guarded(() => _events.TryConsume<DocumentEnd>(out _), broken: true);
        if (Guarded(() => _events.Accept<DocumentStart>(out _), broken: false))
        {
            _errors.Add((PlaceOf(_events.Current!.Start), "expected one document; remove the '---'"));
        }
        return root;
    }

    private YamlNode? Node(int depth) => Guarded(() => OpenNode(depth), null);

    private YamlNode? OpenNode(int depth)
    {
        if (depth > MaxDepth)
        {
            throw new YamlException(_events.Current!.Start, _events.Current.End, "nested too deeply");
        }
        if (_events.TryConsume<AnchorAlias>(out var alias))
        {
            AddRefused(alias.Start, $"*{alias.Value}", "an alias");
            return null;
        }
        if (_events.Current is NodeEvent node)
        {
            Refuse(node);
        }
        if (_events.TryConsume<Scalar>(out var scalar))
        {
            var isNull = scalar.Style == ScalarStyle.Plain && scalar.Value is "" or "~" or "null" or "Null" or "NULL";
            return scalar.Anchor.IsEmpty && scalar.Tag.IsEmpty ? new YamlText(PlaceOf(scalar.Start), scalar.Value, isNull) : null;
        }
        if (_events.TryConsume<SequenceStart>(out var sequence))
        {
            return List(sequence, depth);
        }
        return Map(_events.Consume<MappingStart>(), depth);
    }

    private YamlList List(SequenceStart start, int depth)
    {
        var items = new List<YamlNode>();
        while (!Guarded(() => _events.TryConsume<SequenceEnd>(out _), broken: true))
        {
            if (Node(depth + 1) is { } item)
            {
                items.Add(item);
            }
        }
        return new YamlList(PlaceOf(start.Start), items);
    }

    private YamlMap Map(MappingStart start, int depth)
    {
        var entries = new List<(YamlText, YamlNode)>();
        while (!Guarded(() => _events.TryConsume<MappingEnd>(out _), broken: true))
        {
            var at = PlaceOf(_events.Current?.Start ?? start.Start);
            var key = Node(depth + 1);
            var value = Node(depth + 1);
            if (key is not (null or YamlText))
            {
                _errors.Add((at, "expected a key and a colon"));
            }
            else if (key is YamlText text && value is not null)
            {
                entries.Add((text, value));
            }
        }
        return new YamlMap(PlaceOf(start.Start), entries);
    }

    private void Refuse(NodeEvent node)
    {
        if (!node.Anchor.IsEmpty)
        {
            AddRefused(node.Start, $"&{node.Anchor.Value}", "an anchor");
        }
        if (!node.Tag.IsEmpty)
        {
            // The parser takes the bracket that closes a list for a part of the tag.
            var written = node.Tag.Value.TrimEnd(']', '}', ',');
            AddRefused(node.Start, written.StartsWith('!') ? written : $"!{written}", "a tag");
        }
    }

    private void AddRefused(Mark at, string written, string what)
    {
        _refused = true;
        _errors.Add((PlaceOf(at), $"'{written}' is {what}, which has no meaning here: {QuoteIt}, \"{written}\""));
    }

    private string Explain(YamlException e)
    {
        var first = e.Start.Index >= 0 && e.Start.Index < _text.Length ? _text[(int)e.Start.Index] : '\0';
        var hint = first switch
        {
            '*' or '&' or '!' or '%' or '@' or '`' or '|' or '>' or '[' or '{' => $" ('{first}' begins something special in YAML: {QuoteIt})",
            '\t' => " (a tab may not indent, use spaces)",
            _ => "",
        };
        return $"not YAML: {e.Message.TrimEnd('.')}{hint}";
    }

    private static TextPlace PlaceOf(Mark mark) => new(mark.Line, mark.Column);
}
