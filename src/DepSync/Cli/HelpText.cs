using System.Globalization;
using System.Text;

namespace DepSync.Cli;

/// <summary>What a verb's help says: the line behind its name, the forms of its call, a paragraph, its options and examples.</summary>
internal sealed record VerbHelp(string Name, string Summary, string Usage, string Text)
{
    public required IReadOnlyList<OptionGroup> Groups { get; init; }

    public required IReadOnlyList<(string Call, string Meaning)> Examples { get; init; }

    /// <summary>The exit codes that this verb can end with.</summary>
    public required IReadOnlyList<int> Codes { get; init; }
}

/// <summary>The help, as text of at most 100 columns. Pure.</summary>
internal static class HelpText
{
    private const int Width = 100;

    public static string ForProgram(IReadOnlyList<VerbHelp> verbs, string version)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"depsync {version}: pushes a manager's deployment folder to all its workers and keeps them equal to it.\n");
        text.Append("\nUsage:\n  depsync VERB [OPTIONS]\n\nVerbs:\n");
        Columns(text, [.. verbs.Select(v => (v.Name, v.Summary))]);
        text.Append("\nOptions:\n");
        Columns(text, [("-h, --help", "this help; depsync VERB --help has that of a verb"), ("--version", "the version")]);
        text.Append("\nOptions win over DEPSYNC_... in the environment (--host-key is DEPSYNC_HOST_KEY), that over\ndepsync.yaml, and the file over the defaults.\n");
        AppendCodes(text, [.. ExitCodes.Meanings.Select(m => m.Code)]);
        text.Append("\nExamples:\n");
        Columns(text, [.. verbs.Where(v => v.Examples.Count > 0).Select(v => v.Examples[0])]);
        return text.ToString();
    }

    public static string ForVerb(VerbHelp verb)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"depsync {verb.Name}: {verb.Summary}\n\nUsage:\n  {verb.Usage}\n\n");
        foreach (var line in Wrapped(verb.Text, Width))
        {
            text.Append(line).Append('\n');
        }
        foreach (var group in verb.Groups)
        {
            text.Append(CultureInfo.InvariantCulture, $"\n{group.Heading}:\n");
            Columns(text, [.. group.Options.Select(o => (Form(o), o.Text))]);
        }
        text.Append("\nHelp:\n");
        Columns(text, [("-h, --help", "this help")]);
        AppendCodes(text, verb.Codes);
        text.Append("\nExamples:\n");
        foreach (var (call, meaning) in verb.Examples)
        {
            text.Append(CultureInfo.InvariantCulture, $"  {call}\n      {meaning}\n");
        }
        return text.ToString();
    }

    private static void AppendCodes(StringBuilder text, IReadOnlyList<int> codes)
    {
        text.Append("\nExit codes:\n");
        Columns(text, [.. ExitCodes.Meanings.Where(m => codes.Contains(m.Code)).Select(m => (m.Code.ToString(CultureInfo.InvariantCulture), m.Meaning))]);
        if (codes.Count > 4)
        {
            text.Append(CultureInfo.InvariantCulture, $"  Where several apply, the first of these counts: {string.Join(", ", ExitCodes.Order.Where(codes.Contains))}.\n");
        }
    }

    private static string Form(OptionHelp option) =>
        (option.Letter is null ? "    " : $"-{option.Letter}, ") + "--" + option.Name + (option.Value is null ? "" : " " + option.Value);

    private static void Columns(StringBuilder text, IReadOnlyList<(string First, string Second)> rows)
    {
        // A form that is longer than most takes a line of its own instead of pushing all texts to the right.
        var column = Math.Min(rows.Max(r => r.First.Length), 30);
        foreach (var (first, second) in rows)
        {
            var lines = Wrapped(second, Width - column - 4).ToList();
            text.Append("  ").Append(first.Length > column ? first + "\n" + new string(' ', column + 2) : first.PadRight(column)).Append("  ").Append(lines[0]).Append('\n');
            foreach (var line in lines.Skip(1))
            {
                text.Append(' ', column + 4).Append(line).Append('\n');
            }
        }
    }

    private static IEnumerable<string> Wrapped(string text, int width)
    {
        var line = new StringBuilder();
        foreach (var word in text.Split(' '))
        {
            if (line.Length > 0 && line.Length + 1 + word.Length > width)
            {
                yield return line.ToString();
                line.Clear();
            }
            line.Append(line.Length > 0 ? " " : "").Append(word);
        }
        yield return line.ToString();
    }
}
