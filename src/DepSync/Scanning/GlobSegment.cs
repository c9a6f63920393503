namespace DepSync.Scanning;

/// <summary>
/// One component of a glob pattern: literal bytes, <c>?</c>, <c>*</c> and <c>[...]</c>. Matches bytes, in time bounded by the product of both lengths. Immutable.
/// </summary>
internal sealed class GlobSegment
{
    private readonly Token[] _tokens;
    private readonly byte[] _prefix;
    private readonly byte[] _suffix;
    private readonly Shape _shape;

    public GlobSegment(IReadOnlyList<Token> tokens)
    {
        _tokens = [.. tokens];
        _prefix = [.. tokens.TakeWhile(token => token.Kind == TokenKind.Literal).Select(token => token.Literal)];
        if (_prefix.Length == _tokens.Length)
        {
            (_suffix, _shape) = ([], Shape.Literal);
            return;
        }
        _suffix = [.. tokens.Reverse().TakeWhile(token => token.Kind == TokenKind.Literal).Select(token => token.Literal).Reverse()];
        var starOnly = _tokens.AsSpan()[_prefix.Length..^_suffix.Length] is [{ Kind: TokenKind.Star }];
        _shape = starOnly ? Shape.StarBetween : _tokens.Length > 1 && _tokens.All(token => token.Kind == TokenKind.Star) ? Shape.AnyFolders : Shape.General;
    }

    internal enum TokenKind : byte
    {
        Literal,
        AnyByte,
        Star,
        Set,
    }

    private enum Shape
    {
        Literal,
        StarBetween,
        AnyFolders,
        General,
    }

    /// <summary>Two or more stars and nothing else: as a whole component of a path pattern it stands for any number of folders.</summary>
    public bool IsAnyFolders => _shape == Shape.AnyFolders;

    /// <summary>The component when it has no wildcard; null otherwise.</summary>
    public ReadOnlySpan<byte> Literal => _shape == Shape.Literal ? _prefix : [];

    public bool Matches(ReadOnlySpan<byte> name) => _shape switch
    {
        Shape.Literal => name.SequenceEqual(_prefix),
        Shape.StarBetween => name.Length >= _prefix.Length + _suffix.Length && name.StartsWith(_prefix) && name.EndsWith(_suffix),
        Shape.AnyFolders => true,
        _ => name.StartsWith(_prefix) && name.EndsWith(_suffix) && MatchesTokens(name),
    };

    /// <summary>When a later star was reached, an earlier one need not be tried again: what stands between them matched as early as it can.</summary>
    private bool MatchesTokens(ReadOnlySpan<byte> name)
    {
        var (token, at) = (0, 0);
        var (starToken, starAt) = (-1, 0);
        while (true)
        {
            if (token < _tokens.Length && _tokens[token].Kind == TokenKind.Star)
            {
                (starToken, starAt) = (++token, at);
            }
            else if (token == _tokens.Length ? at == name.Length : at < name.Length && _tokens[token].Matches(name[at]))
            {
                if (token == _tokens.Length)
                {
                    return true;
                }
                token++;
                at++;
            }
            else if (starToken < 0 || starAt == name.Length)
            {
                return false;
            }
            else
            {
                (token, at) = (starToken, ++starAt);
            }
        }
    }

    /// <summary>One element of a component. <see cref="Set"/> has 256 places and is set for <see cref="TokenKind.Set"/> alone.</summary>
    internal readonly record struct Token(TokenKind Kind, byte Literal = 0, bool[]? Set = null)
    {
        public bool Matches(byte value) => Kind switch
        {
            TokenKind.Literal => value == Literal,
            TokenKind.AnyByte => true,
            _ => Set![value],
        };
    }
}
