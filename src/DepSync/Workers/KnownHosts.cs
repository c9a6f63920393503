using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace DepSync.Workers;

internal enum KnownHostMark
{
    /// <summary>A host's own key.</summary>
    None,

    /// <summary>The key of an authority that signs host keys; never a host's own.</summary>
    CertAuthority,

    /// <summary>A key that must not be trusted any more, whatever else is written.</summary>
    Revoked,
}

/// <summary>One line that speaks of a host. <see cref="Key"/> is null when the line's key is damaged.</summary>
internal sealed record KnownHostLine(string File, int Line, KnownHostMark Mark, string Hosts, HostKey? Key);

/// <summary>
/// The lines of known_hosts files, read as OpenSSH reads them: lists, wildcards, negation, <c>[host]:port</c>, hashed names, marks. An entry without a port speaks of port 22 alone.
/// Damage is kept: a line that speaks of the host and cannot be read, or of which nobody can tell whom it speaks of, is found with a null key, so that it is never
/// taken for "no entry". Pure and immutable.
/// </summary>
internal sealed class KnownHosts
{
    public const int DefaultPort = 22;

    private const string HashPrefix = "|1|";

    private readonly IReadOnlyList<KnownHostLine> _lines;

    private KnownHosts(IReadOnlyList<KnownHostLine> lines) => _lines = lines;

    public static KnownHosts Empty { get; } = new([]);

    /// <summary>Reads the text of one file; <paramref name="file"/> is its name for messages.</summary>
    public static KnownHosts Parse(string file, string text)
    {
        var lines = new List<KnownHostLine>();
        var number = 0;
        foreach (var raw in text.TrimStart('\uFEFF').Split('\n'))
        {
            number++;
            if (ParseLine(file, number, raw.Trim(' ', '\t', '\r')) is { } line)
            {
                lines.Add(line);
            }
        }
        return new KnownHosts(lines);
    }

    /// <summary>The lines of both, these first.</summary>
    public KnownHosts And(KnownHosts other) => new([.. _lines, .. other._lines]);

    /// <summary>All lines that speak of the host, in the order of the files.</summary>
    public IReadOnlyList<KnownHostLine> Find(string host, int port)
    {
        var name = HostName(host, port);
        return [.. _lines.Where(line => Matches(line.Hosts, name) == true)];
    }

    /// <summary>
    /// The same, and for another port than 22 the authorities and revoked keys that stand there without a port: OpenSSH looks there too when it finds nothing under
    /// <c>[host]:port</c>, so that one such line serves a host on every port.
    /// </summary>
    public IReadOnlyList<KnownHostLine> FindWithAuthorities(string host, int port)
    {
        var own = Find(host, port);
        return port == DefaultPort ? own : [.. own, .. Find(host, DefaultPort).Except(own).Where(line => line.Mark != KnownHostMark.None)];
    }

    /// <summary>How known_hosts names a host: lower case, and <c>[host]:port</c> for any port but 22.</summary>
    public static string HostName(string host, int port) =>
        port == DefaultPort ? host.ToLowerInvariant() : string.Create(CultureInfo.InvariantCulture, $"[{host.ToLowerInvariant()}]:{port}");

    /// <summary>Whether a line's first field speaks of the name; null when the field is damaged.</summary>
    public static bool? Matches(string hosts, string name) => hosts.StartsWith('|') ? MatchesHash(hosts, name) : MatchesList(hosts, name);

    private static KnownHostLine? ParseLine(string file, int number, string text)
    {
        if (text.Length == 0 || text[0] == '#')
        {
            return null;
        }
        var rest = text;
        var mark = KnownHostMark.None;
        if (text[0] == '@')
        {
            var word = NextField(ref rest);
            if (word is not ("@cert-authority" or "@revoked"))
            {
                return new KnownHostLine(file, number, mark, "*", null);
            }
            mark = word == "@revoked" ? KnownHostMark.Revoked : KnownHostMark.CertAuthority;
        }
        var hosts = NextField(ref rest);
        var type = NextField(ref rest);
        var key = NextField(ref rest);
        if (type.Length > 0 && !type.AsSpan().ContainsAnyExceptInRange('0', '9'))
        {
            // A key of SSH 1 (bits, exponent, modulus): OpenSSH passes over it too.
            return null;
        }
        // Without a second field nobody can tell whether the first is a host or the rest of a cut line; a damaged hash may be anybody's.
        return type.Length == 0 || Matches(hosts, "") is null
            ? new KnownHostLine(file, number, mark, "*", null)
            : new KnownHostLine(file, number, mark, hosts, HostKey.Parse(type, key));
    }

    private static string NextField(ref string rest)
    {
        var end = rest.AsSpan().IndexOfAny(' ', '\t');
        var field = end < 0 ? rest : rest[..end];
        rest = end < 0 ? "" : rest[end..].TrimStart(' ', '\t');
        return field;
    }

    private static bool? MatchesHash(string hosts, string name)
    {
        var parts = hosts.StartsWith(HashPrefix, StringComparison.Ordinal) ? hosts[HashPrefix.Length..].Split('|') : [];
        Span<byte> salt = stackalloc byte[SHA1.HashSizeInBytes];
        Span<byte> hash = stackalloc byte[SHA1.HashSizeInBytes];
        if (parts.Length != 2 || !TryDecode(parts[0], salt) || !TryDecode(parts[1], hash))
        {
            return null;
        }
        Span<byte> actual = stackalloc byte[SHA1.HashSizeInBytes];
#pragma warning disable CA5350 // The format is OpenSSH's: it hides names, it protects nothing.
        HMACSHA1.HashData(salt, Encoding.UTF8.GetBytes(name), actual);
#pragma warning restore CA5350
        return actual.SequenceEqual(hash);
    }

    private static bool TryDecode(string base64, Span<byte> bytes)
    {
        Span<byte> decoded = stackalloc byte[64];
        if (base64.Length > 64 || !Convert.TryFromBase64String(base64, decoded, out var length) || length != bytes.Length)
        {
            return false;
        }
        decoded[..length].CopyTo(bytes);
        return true;
    }

    private static bool MatchesList(string hosts, string name)
    {
        var found = false;
        foreach (var pattern in hosts.ToLowerInvariant().Split(','))
        {
            var negated = pattern.StartsWith('!');
            if (MatchesPattern(negated ? pattern.AsSpan(1) : pattern, name))
            {
                if (negated)
                {
                    return false;
                }
                found = true;
            }
        }
        return found;
    }

    /// <summary>Wildcards <c>*</c> and <c>?</c>; linear in the length of both but for backing up to the last star.</summary>
    public static bool MatchesPattern(ReadOnlySpan<char> pattern, ReadOnlySpan<char> name)
    {
        int p = 0, n = 0, star = -1, mark = 0;
        while (n < name.Length)
        {
            if (p < pattern.Length && pattern[p] == '*')
            {
                star = p++;
                mark = n;
            }
            else if (p < pattern.Length && (pattern[p] == '?' || pattern[p] == name[n]))
            {
                p++;
                n++;
            }
            else if (star >= 0)
            {
                p = star + 1;
                n = ++mark;
            }
            else
            {
                return false;
            }
        }
        return pattern[p..].TrimStart('*').IsEmpty;
    }
}
