namespace DepSync.Workers;

/// <summary>Whether the user's <c>~/.ssh/config</c> has something to say of a host: the builtin client does not read it, so a failure should name the client that does. Pure.</summary>
internal static class SshConfigHosts
{
    public static bool Mentions(string text, string host) =>
        text.Split('\n').Any(line => Patterns(line) is { Length: > 0 } patterns && Matches(patterns, host.ToLowerInvariant()));

    private static string[] Patterns(string line)
    {
        var words = line.Split([' ', '\t', '=', '\r', '"'], StringSplitOptions.RemoveEmptyEntries);
        return words.Length > 1 && words[0].Equals("Host", StringComparison.OrdinalIgnoreCase) ? words[1..] : [];
    }

    private static bool Matches(string[] patterns, string host) =>
        patterns.Any(pattern => KnownHosts.MatchesPattern(pattern.ToLowerInvariant(), host))
        && !patterns.Any(pattern => pattern.StartsWith('!') && KnownHosts.MatchesPattern(pattern[1..].ToLowerInvariant(), host));
}
