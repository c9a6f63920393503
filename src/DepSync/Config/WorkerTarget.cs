using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;

namespace DepSync.Config;

/// <summary>
/// A worker's target taken apart: <c>[user@]host:path</c>, <c>sftp://[user@]host[:port]/path</c> or a path of this machine (<see cref="Host"/> is null). User and host
/// follow a strict grammar, because they reach an ssh command line. Pure.
/// </summary>
internal sealed partial record WorkerTarget(string? User, string? Host, int? Port, string Path)
{
    public const string Scheme = "sftp://";

    private const string Forms = "[user@]host:path, sftp://[user@]host[:port]/path or a path of this machine that starts with /, ./, ../ or ~/";

    /// <exception cref="FormatException">The message says what was expected.</exception>
    public static WorkerTarget Parse(string text, bool isWindows)
    {
        if (text.StartsWith('-'))
        {
            throw new FormatException($"expected {Forms}; '{text}' starts with '-'");
        }
        if (IsLocal(text, isWindows))
        {
            return new WorkerTarget(null, null, null, text);
        }
        if (text.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
        {
            return ParseUrl(text);
        }
        if (text.StartsWith('~'))
        {
            throw new FormatException($"expected ~/…, not '{text}': the home folder of another user is not looked up, write the whole path");
        }
        if (text.StartsWith(@"\\", StringComparison.Ordinal) || (text.Length > 2 && text[1] == ':' && text[2] == '\\'))
        {
            throw new FormatException($"expected {Forms}; '{text}' is a path of Windows");
        }
        var (authority, path) = SplitAtColon(text);
        var (user, host, rest) = ParseAuthority(authority);
        if (rest.Length > 0)
        {
            throw new FormatException($"expected ':' behind the address, not '{rest}'");
        }
        if (path.StartsWith(':'))
        {
            throw new FormatException("expected host:path; host::module is the rsync daemon's form");
        }
        if (path.StartsWith("//", StringComparison.Ordinal))
        {
            throw new FormatException($"expected {Forms}; of URLs only sftp:// is known");
        }
        return new WorkerTarget(user, host, null, CheckedPath(path));
    }

    private static bool IsLocal(string text, bool isWindows) =>
        text is "." or ".." or "~"
        || text.StartsWith('/')
        || text.StartsWith("./", StringComparison.Ordinal)
        || text.StartsWith("../", StringComparison.Ordinal)
        || text.StartsWith("~/", StringComparison.Ordinal)
        || (isWindows && (DrivePath().IsMatch(text)
            || text.StartsWith(@"\\", StringComparison.Ordinal)
            || text.StartsWith(@".\", StringComparison.Ordinal)
            || text.StartsWith(@"..\", StringComparison.Ordinal)
            || text.StartsWith(@"~\", StringComparison.Ordinal)));

    private static WorkerTarget ParseUrl(string text)
    {
        var slash = text.IndexOf('/', Scheme.Length);
        var (user, host, rest) = ParseAuthority(slash < 0 ? text[Scheme.Length..] : text[Scheme.Length..slash]);
        int? port = rest.Length == 0 ? null : rest[0] == ':' ? ParsePort(rest[1..]) : throw new FormatException($"expected ':port' or '/' behind the host, not '{rest}'");
        if (slash < 0 || slash == text.Length - 1)
        {
            throw new FormatException("expected a path: sftp://host/absolute/path or sftp://host/~/path/in/the/login/directory");
        }
        var path = Unescape(text[slash..]);
        return new WorkerTarget(user, host, port, CheckedPath(path.StartsWith("/~", StringComparison.Ordinal) ? path[1..] : path));
    }

    /// <exception cref="FormatException">Not 1 to 65535.</exception>
    public static int ParsePort(string text) =>
        text.Length <= 5 && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port is > 0 and < 65536
            ? port
            : throw new FormatException($"expected a port from 1 to 65535, not '{text}'");

    private static (string Authority, string Path) SplitAtColon(string text)
    {
        var bracket = text.IndexOf('[', StringComparison.Ordinal);
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        var from = bracket >= 0 && (slash < 0 || bracket < slash) ? Math.Max(bracket, text.IndexOf(']', bracket)) : 0;
        var colon = text.IndexOf(':', from);
        if (colon < 0 || (slash >= 0 && slash < colon))
        {
            throw new FormatException($"expected {Forms}, not '{text}'");
        }
        return (text[..colon], text[(colon + 1)..]);
    }

    private static (string? User, string Host, string Tail) ParseAuthority(string authority)
    {
        var at = authority.LastIndexOf('@');
        var user = at < 0 ? null : authority[..at];
        if (user is not null && !UserName().IsMatch(user))
        {
            throw new FormatException($"expected a user of at most 32 letters, digits, '_', '.' and '-' that does not start with '-', not '{user}'");
        }
        var host = authority[(at + 1)..];
        if (host.StartsWith('['))
        {
            var end = host.IndexOf(']', StringComparison.Ordinal);
            return end > 0 && IsIPv6(host[1..end])
                ? (user, host[1..end], host[(end + 1)..])
                : throw new FormatException($"expected an IPv6 address in brackets, not '{host}'");
        }
        var colon = host.IndexOf(':', StringComparison.Ordinal);
        var name = colon < 0 ? host : host[..colon];
        if (!IsHost(name))
        {
            throw new FormatException($"expected a host name or an address (letters, digits, '-', '_' and '.'; IPv6 in brackets), not '{name}'");
        }
        return (user, name, colon < 0 ? "" : host[colon..]);
    }

    private static bool IsHost(string name)
    {
        if (name.Length is 0 or > 253 || !name.Split('.').All(label => HostLabel().IsMatch(label)))
        {
            return false;
        }
        // A name of digits and dots alone is an address, and a mistyped one must not go to a resolver that reads 10.1 as 10.0.0.1.
        return !name.All(c => char.IsAsciiDigit(c) || c == '.') || (name.Count(c => c == '.') == 3 && IPAddress.TryParse(name, out _));
    }

    private static bool IsIPv6(string text) =>
        IPv6Characters().IsMatch(text) && IPAddress.TryParse(text.Split('%')[0], out var address) && address.AddressFamily == AddressFamily.InterNetworkV6;

    private static string CheckedPath(string path)
    {
        if (path.Length == 0)
        {
            throw new FormatException("expected a path behind the host: '/absolute', '~/path' or 'path' in the login directory");
        }
        if (path.StartsWith('-'))
        {
            throw new FormatException($"expected a path that does not start with '-': write ./{path}");
        }
        if (path.StartsWith('~') && path.Length > 1 && path[1] != '/')
        {
            throw new FormatException($"expected ~/…, not '{path}': the home folder of another user is not looked up, write the whole path");
        }
        return path;
    }

    private static string Unescape(string path)
    {
        if (!path.Contains('%', StringComparison.Ordinal))
        {
            return path;
        }
        var bytes = new List<byte>();
        for (var i = 0; i < path.Length; i++)
        {
            if (path[i] != '%')
            {
                var rune = Rune.GetRuneAt(path, i);
                bytes.AddRange(Encoding.UTF8.GetBytes(rune.ToString()));
                i += rune.Utf16SequenceLength - 1;
                continue;
            }
            if (i + 2 >= path.Length || !byte.TryParse(path.AsSpan(i + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value))
            {
                throw new FormatException("expected two hexadecimal digits behind '%' (a '%' itself is %25 in a URL)");
            }
            bytes.Add(value);
            i += 2;
        }
        try
        {
            var text = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString([.. bytes]);
            return ForbiddenCharacter.FirstIn(text) is null ? text : throw new FormatException("expected a path without control characters");
        }
        catch (ArgumentException)
        {
            throw new FormatException("expected a path that is UTF-8 once its %xx are decoded");
        }
    }

    [GeneratedRegex(@"^[A-Za-z0-9_.][A-Za-z0-9_.-]{0,31}\z")]
    private static partial Regex UserName();

    [GeneratedRegex(@"^[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\z")]
    private static partial Regex HostLabel();

    [GeneratedRegex(@"^[0-9A-Fa-f:.]{2,45}(%[A-Za-z0-9_.-]{1,32})?\z")]
    private static partial Regex IPv6Characters();

    [GeneratedRegex(@"^[A-Za-z]:[\\/]")]
    private static partial Regex DrivePath();
}
