using DepSync.Model;
using static DepSync.Scanning.GlobSegment;

namespace DepSync.Scanning;

/// <summary>Reads the components of a glob pattern. Pure.</summary>
internal static class GlobParser
{
    /// <param name="pattern">Without negation, leading and trailing slash.</param>
    /// <exception cref="FormatException">The pattern can never match anything; the message is a sentence that says why.</exception>
    public static GlobSegment[] Parse(ReadOnlySpan<byte> pattern)
    {
        var segments = new List<GlobSegment>();
        var tokens = new List<Token>();
        for (var i = 0; i < pattern.Length; i++)
        {
            switch (pattern[i])
            {
                case 0:
                    throw new FormatException("no name holds a NUL.");
                case (byte)'*':
                    tokens.Add(new Token(TokenKind.Star));
                    break;
                case (byte)'?':
                    tokens.Add(new Token(TokenKind.AnyByte));
                    break;
                case (byte)'[':
                    tokens.Add(ParseSet(pattern, ref i));
                    break;
                case (byte)'\\':
                    AddLiteral(++i < pattern.Length ? pattern[i] : throw new FormatException("it ends with a backslash, which quotes nothing."));
                    break;
                default:
                    AddLiteral(pattern[i]);
                    break;
            }
        }
        segments.Add(Close(tokens));
        return [.. segments];

        void AddLiteral(byte value)
        {
            if (value == '/')
            {
                segments.Add(Close(tokens));
            }
            else
            {
                tokens.Add(new Token(TokenKind.Literal, value));
            }
        }
    }

    private static GlobSegment Close(List<Token> tokens)
    {
        var segment = new GlobSegment(tokens);
        if (tokens.Count == 0 || (!segment.Literal.IsEmpty && !RelativePath.IsName(segment.Literal)))
        {
            throw new FormatException("a component is empty, '.' or '..', and no entry has such a name.");
        }
        tokens.Clear();
        return segment;
    }

    /// <summary>Reads <c>[...]</c>; <paramref name="i"/> stands on its first byte and is left on its last.</summary>
    private static Token ParseSet(ReadOnlySpan<byte> pattern, ref int i)
    {
        var set = new bool[256];
        i++;
        var negated = i < pattern.Length && pattern[i] is (byte)'!' or (byte)'^';
        i += negated ? 1 : 0;
        byte? low = null;
        for (var first = true; first || At(pattern, i) != ']'; i++, first = false)
        {
            if (At(pattern, i) == '-' && low is { } from && At(pattern, i + 1) != ']')
            {
                i++;
                var to = Unquoted(pattern, ref i);
                for (int value = from; value <= to; value++)
                {
                    set[value] = true;
                }
                low = null;
            }
            else if (ClassName(pattern[i..]) is { Length: > 0 } name)
            {
                AddClass(set, name);
                i += name.Length + 3;
                low = null;
            }
            else
            {
                low = Unquoted(pattern, ref i);
                set[low.Value] = true;
            }
        }
        if (negated)
        {
            set = Array.ConvertAll(set, member => !member);
        }
        return new Token(TokenKind.Set, Set: set);
    }

    private static byte Unquoted(ReadOnlySpan<byte> pattern, ref int i) => At(pattern, i) == '\\' ? At(pattern, ++i) : pattern[i];

    private static byte At(ReadOnlySpan<byte> pattern, int i) =>
        i < pattern.Length ? pattern[i] : throw new FormatException("a '[' is not closed by a ']'; write '\\[' for the character.");

    /// <summary>The name in a <c>[:name:]</c> at the start; empty for anything else.</summary>
    private static ReadOnlySpan<byte> ClassName(ReadOnlySpan<byte> rest) =>
        rest.StartsWith("[:"u8) && rest[2..].IndexOf((byte)']') is var close and > 1 && rest[close + 1] == ':' ? rest[2..(close + 1)] : [];

    private static void AddClass(bool[] set, ReadOnlySpan<byte> name)
    {
        Func<char, bool> isMember = System.Text.Encoding.ASCII.GetString(name) switch
        {
            "alnum" => char.IsAsciiLetterOrDigit,
            "alpha" => char.IsAsciiLetter,
            "blank" => c => c is ' ' or '\t',
            "cntrl" => c => c is < ' ' or '\x7f',
            "digit" => char.IsAsciiDigit,
            "graph" => c => c is > ' ' and < '\x7f',
            "lower" => char.IsAsciiLetterLower,
            "print" => c => c is >= ' ' and < '\x7f',
            "punct" => c => c is > ' ' and < '\x7f' && !char.IsAsciiLetterOrDigit(c),
            "space" => c => c is ' ' or (>= '\t' and <= '\r'),
            "upper" => char.IsAsciiLetterUpper,
            "xdigit" => char.IsAsciiHexDigit,
            var unknown => throw new FormatException($"there is no class '[:{unknown}:]'."),
        };
        for (var value = 0; value < 128; value++)
        {
            set[value] |= isMember((char)value);
        }
    }
}
