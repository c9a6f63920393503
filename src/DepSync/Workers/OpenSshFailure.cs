using DepSync.Model;

namespace DepSync.Workers;

/// <summary>
/// What a failure of the <c>ssh</c> program means. It tells no more than exit status 255 and text, so this is the one place where texts decide, and only between messages and
/// exit codes: whatever is not in the table is "unreachable". Pure.
/// </summary>
internal static class OpenSshFailure
{
    /// <summary>ssh's own failures; any other status is the remote program's.</summary>
    private const int OwnStatus = 255;

    /// <summary>In this order: a host key message also stands beside messages of the login.</summary>
    private static readonly (string Text, ErrorKind Kind)[] Table =
    [
        ("Host key verification failed", ErrorKind.HostKey),
        ("REMOTE HOST IDENTIFICATION HAS CHANGED", ErrorKind.HostKey),
        ("REVOKED HOST KEY DETECTED", ErrorKind.HostKey),
        ("host key is known for", ErrorKind.HostKey),
        ("no matching host key type found", ErrorKind.HostKey),
        ("Permission denied", ErrorKind.Login),
        ("Too many authentication failures", ErrorKind.Login),
        ("No more authentication methods to try", ErrorKind.Login),
        ("Authentication failed", ErrorKind.Login),
        ("subsystem request failed", ErrorKind.Protocol),
    ];

    /// <summary>Of ssh's lines about a host key those that say which key, and where another one stands.</summary>
    private static readonly string[] HostKeyMarks = ["host key is known for", "host key for", "no matching host key type", "SHA256:", "offending", "revoked and"];

    /// <summary>The failure of a connect that ended before the server said anything. <paramref name="status"/> is null when ssh had to be killed.</summary>
    public static WorkerLostException Explain(HostKeyOwner owner, int? status, string errorText)
    {
        var kind = Array.Find(Table, row => errorText.Contains(row.Text, StringComparison.OrdinalIgnoreCase)) is { Text: not null } row
            ? row.Kind
            : status is null or OwnStatus ? ErrorKind.Unreachable : ErrorKind.Protocol;
        var told = LastLines(errorText);
        return kind switch
        {
            ErrorKind.HostKey => new(
                kind, $"ssh refused the host key of {owner.Place} by {owner.KnownHostsFile} (user {Environment.UserName}): {HostKeyLines(errorText) ?? told}", HostKeyHint(owner, errorText)),
            ErrorKind.Login => new(kind, $"{owner.Place} refused the login: {told}", "Does `ssh -o BatchMode=yes` with the same destination work for this user?") { IsRefusedLogin = true },
            ErrorKind.Protocol => new(kind, $"{owner.Place} offers no sftp subsystem: {told}", "Let sshd_config on the worker have the line `Subsystem sftp internal-sftp`."),
            _ => new(kind, $"No connection to {owner.Place}: {told}"),
        };
    }

    private static string HostKeyHint(HostKeyOwner owner, string errorText) =>
        Has(errorText, "revoked") ? HostKeyPolicy.RevokedHint(owner)
        : Has(errorText, "has changed") ? HostKeyPolicy.ChangedHint(owner)
        : $"Compare the fingerprint with the host's, then run `{owner.TrustCommand}`.";

    /// <summary>What is known of the key, without the warning that stands around it; null when ssh said nothing of the kind.</summary>
    private static string? HostKeyLines(string errorText)
    {
        var lines = Lines(errorText).Where(line => Array.Exists(HostKeyMarks, mark => Has(line, mark))).ToList();
        return lines.Count == 0 ? null : string.Join(" / ", lines);
    }

    private static bool Has(string text, string part) => text.Contains(part, StringComparison.OrdinalIgnoreCase);

    private static string[] Lines(string errorText) => errorText.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    /// <summary>The last lines say what happened; what stands before is greetings and warnings.</summary>
    private static string LastLines(string errorText)
    {
        var lines = Lines(errorText);
        return lines.Length == 0 ? "ssh ended without a word." : string.Join(" / ", lines[^Math.Min(lines.Length, 3)..]);
    }
}
