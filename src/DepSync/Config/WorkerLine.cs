using System.Text;

namespace DepSync.Config;

/// <summary>
/// One line of workers-list.txt, split at blanks: the target, then <c>key=value</c> options. Double quotes stand around the whole target, around its path or around a
/// value; inside, <c>\"</c> is a quote and <c>\\</c> a backslash, any other backslash itself. A <c>#</c> at the start or after a blank begins a comment. Pure.
/// </summary>
internal sealed record WorkerLine(string Target, IReadOnlyList<(string Key, string Value)> Options)
{
    /// <summary>The line's words; null for a blank line or a comment.</summary>
    /// <exception cref="FormatException">The message says what was expected.</exception>
    public static WorkerLine? Parse(string line)
    {
        if (ForbiddenCharacter.FirstIn(line.Replace('\t', ' ')) is { } forbidden)
        {
            throw new FormatException($"expected text without {forbidden}");
        }
        string? target = null;
        var options = new List<(string, string)>();
        var position = 0;
        while (true)
        {
            while (position < line.Length && IsBlank(line[position]))
            {
                position++;
            }
            if (position == line.Length || line[position] == '#')
            {
                return target is null ? null : new WorkerLine(target, options);
            }
            var quotedFrom = -1;
            var word = Word(line, ref position, ref quotedFrom, target is null);
            if (target is null)
            {
                target = word;
                continue;
            }
            var equals = word.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0 || quotedFrom == 0)
            {
                throw new FormatException($"expected key=value behind the target, not '{word}' (one worker a line; a target with blanks stands in double quotes)");
            }
            options.Add((word[..equals], word[(equals + 1)..]));
        }
    }

    private static string Word(string line, ref int position, ref int quotedFrom, bool isTarget)
    {
        var word = new StringBuilder();
        while (position < line.Length && !IsBlank(line[position]))
        {
            if (line[position] != '"')
            {
                word.Append(line[position++]);
                continue;
            }
            if (!MayQuote(word.ToString(), isTarget))
            {
                throw new FormatException("expected a double quote only around the whole target, its path or a value");
            }
            quotedFrom = word.Length;
            Quoted(line, ref position, word);
            if (position < line.Length && !IsBlank(line[position]))
            {
                throw new FormatException("expected a blank behind the closing double quote");
            }
        }
        return word.ToString();
    }

    private static void Quoted(string line, ref int position, StringBuilder word)
    {
        position++;
        while (position < line.Length && line[position] != '"')
        {
            if (line[position] == '\\' && position + 1 < line.Length && line[position + 1] is '"' or '\\')
            {
                position++;
            }
            word.Append(line[position++]);
        }
        if (position == line.Length)
        {
            throw new FormatException("expected a closing double quote");
        }
        position++;
    }

    /// <summary>Whether a quote may open behind what was read so far: at the start, where the path begins, behind the equals sign of an option.</summary>
    private static bool MayQuote(string before, bool isTarget)
    {
        if (before.Length == 0)
        {
            return true;
        }
        if (!isTarget)
        {
            return before.IndexOf('=', StringComparison.Ordinal) == before.Length - 1;
        }
        return before.StartsWith(WorkerTarget.Scheme, StringComparison.OrdinalIgnoreCase)
            ? before.Length > WorkerTarget.Scheme.Length && !before[WorkerTarget.Scheme.Length..].Contains('/', StringComparison.Ordinal)
            : before[^1] == ':' && !before.Contains('/', StringComparison.Ordinal);
    }

    private static bool IsBlank(char c) => c is ' ' or '\t';
}
