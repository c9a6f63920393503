using System.Text;
using DepSync.Model;

namespace DepSync.Scanning;

/// <summary>
/// One line of .gitignore syntax, read as git reads it: <c>!</c> negates, a trailing slash asks for a directory, any other slash anchors to the root, <c>*</c> and
/// <c>?</c> stay inside a component, <c>**</c> as a whole component stands for any number of folders. Matches bytes and allocates nothing. Immutable.
/// </summary>
internal sealed class GlobPattern
{
    private readonly GlobSegment[] _segments;
    private readonly bool _directoryOnly;

    /// <summary>Without a slash the pattern is compared with the name alone, at any depth.</summary>
    private readonly bool _nameOnly;

    private GlobPattern(GlobSegment[] segments, bool directoryOnly, bool nameOnly)
    {
        _segments = segments;
        _directoryOnly = directoryOnly;
        _nameOnly = nameOnly;
    }

    public bool IsNegated { get; private init; }

    /// <summary>Null for a comment and for an empty line.</summary>
    /// <exception cref="DepSyncException"><see cref="ErrorKind.Config"/>: the pattern can never match anything.</exception>
    public static GlobPattern? Parse(string text)
    {
        var pattern = TrimTrailingSpaces(Encoding.UTF8.GetBytes(text));
        if (pattern.IsEmpty || pattern[0] == '#')
        {
            return null;
        }
        var negated = pattern[0] == '!';
        pattern = negated ? pattern[1..] : pattern;
        var directoryOnly = pattern.EndsWith("/"u8);
        pattern = directoryOnly ? pattern[..^1] : pattern;
        var nameOnly = !pattern.Contains((byte)'/');
        pattern = pattern.StartsWith("/"u8) ? pattern[1..] : pattern;
        try
        {
            return new GlobPattern(GlobParser.Parse(pattern), directoryOnly, nameOnly) { IsNegated = negated };
        }
        catch (FormatException e)
        {
            throw new DepSyncException(ErrorKind.Config, $"The pattern '{text}' is not valid: {e.Message}", "Patterns have the syntax of .gitignore.", e);
        }
    }

    public bool Matches(ReadOnlySpan<byte> path, EntryKind kind)
    {
        if (_directoryOnly && kind != EntryKind.Directory)
        {
            return false;
        }
        return _nameOnly ? _segments[0].Matches(path[(path.LastIndexOf((byte)'/') + 1)..]) : MatchesPath(path);
    }

    private bool MatchesPath(ReadOnlySpan<byte> path)
    {
        // Past the last component: one behind the end, where the slash of a further component would be skipped.
        var end = path.Length + 1;
        var (segment, at) = (0, 0);
        var (retrySegment, retryAt) = (-1, 0);
        while (true)
        {
            if (segment < _segments.Length && _segments[segment].IsAnyFolders)
            {
                if (segment == _segments.Length - 1)
                {
                    if (at < end)
                    {
                        return true;
                    }
                }
                else
                {
                    (retrySegment, retryAt) = (++segment, at);
                    continue;
                }
            }
            else if (segment == _segments.Length && at == end)
            {
                return true;
            }
            else if (segment < _segments.Length && at < end && _segments[segment].Matches(Component(path, at)))
            {
                segment++;
                at = Next(path, at);
                continue;
            }
            if (retrySegment < 0 || retryAt >= end)
            {
                return false;
            }
            retryAt = Next(path, retryAt);
            (segment, at) = (retrySegment, retryAt);
        }
    }

    private static ReadOnlySpan<byte> Component(ReadOnlySpan<byte> path, int at) => path[at..(Next(path, at) - 1)];

    private static int Next(ReadOnlySpan<byte> path, int at) => path[at..].IndexOf((byte)'/') is var slash and >= 0 ? at + slash + 1 : path.Length + 1;

    private static ReadOnlySpan<byte> TrimTrailingSpaces(ReadOnlySpan<byte> line)
    {
        var end = 0;
        for (var i = 0; i < line.Length; i++)
        {
            if (line[i] == '\\')
            {
                i++;
                end = Math.Min(i + 1, line.Length);
            }
            else if (line[i] != ' ')
            {
                end = i + 1;
            }
        }
        return line[..end];
    }
}
