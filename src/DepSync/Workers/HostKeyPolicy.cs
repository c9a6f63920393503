using System.Globalization;
using DepSync.Config;
using DepSync.Model;

namespace DepSync.Workers;

internal enum HostKeyDecision
{
    Accept,

    /// <summary>Accepted, and to be written to known_hosts (in a dry run it is not).</summary>
    AcceptAndRecord,

    /// <summary>Not known; somebody may say yes.</summary>
    Ask,
    Refuse,

    /// <summary>Its certificate cannot be believed. The key itself may be one that is on record.</summary>
    RefuseCertificate,
}

/// <summary>What is to be done with a key that a host showed. Message and hint are there unless it is accepted.</summary>
internal sealed record HostKeyVerdict(HostKeyDecision Decision, HostKey Key, string Message = "", string? Hint = null)
{
    /// <summary>The certificate that the key was accepted for.</summary>
    public HostCertificate? Certificate { get; init; }

    public bool IsAccepted => Decision is HostKeyDecision.Accept or HostKeyDecision.AcceptAndRecord;
}

/// <summary>Who shows the key, and how the messages name it: the worker's name is what <c>depsync trust</c> takes.</summary>
internal sealed record HostKeyOwner(string Worker, string Host, int Port, string User)
{
    /// <summary>The user's file, which <c>depsync trust</c> writes.</summary>
    public string KnownHostsFile { get; init; } = "~/.ssh/known_hosts";

    public static HostKeyOwner Of(WorkerAddress worker, string knownHostsFile) =>
        new(worker.Name, worker.Host!, worker.Port, worker.User ?? Environment.UserName) { KnownHostsFile = knownHostsFile };

    public string Place => Port == KnownHosts.DefaultPort ? Host : string.Create(CultureInfo.InvariantCulture, $"{Host} port {Port}");

    public string TrustCommand => $"depsync trust {(Worker.AsSpan().IndexOfAny(" \t\"'") < 0 ? Worker : $"\"{Worker}\"")}";
}

/// <summary>
/// Whether a host's key is the right one. A revoked key is refused whatever else holds, a key that differs from the recorded ones always (also when it is of another
/// type), a damaged line too; only a host of which nothing is known is a question of the mode. Pure.
/// </summary>
internal static class HostKeyPolicy
{
    /// <summary>Algorithms that are offered, in OpenSSH's order; SHA-1 signatures (ssh-rsa) are out as there.</summary>
    private static readonly string[] Algorithms =
    [
        "ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "rsa-sha2-512", "rsa-sha2-256",
    ];

    /// <summary>
    /// The signature algorithms to offer. With keys on record only theirs: so the server shows the key that can be checked, and not one of another type that would look new.
    /// With an authority on record those of certificates before them; never without, as there would be nobody to believe.
    /// </summary>
    public static IReadOnlyList<string> Offer(IReadOnlyList<KnownHostLine> known, HostKeyMode mode)
    {
        var types = known.Where(IsPlain).Select(line => line.Key!.Type).ToHashSet();
        var wanted = Algorithms.Where(algorithm => types.Contains(KeyType(algorithm))).ToArray();
        var plain = mode == HostKeyMode.Insecure || wanted.Length == 0 ? Algorithms : wanted;
        return mode != HostKeyMode.Insecure && HostCertificatePolicy.HasAuthority(known) ? [.. Algorithms.Select(HostCertificatePolicy.Algorithm), .. plain] : plain;
    }

    /// <summary>The type of the key that signs with this algorithm.</summary>
    public static string KeyType(string algorithm) => algorithm.StartsWith("rsa-", StringComparison.Ordinal) ? "ssh-rsa" : algorithm;

    public static HostKeyVerdict Judge(IReadOnlyList<KnownHostLine> known, HostKeyMode mode, HostKeyOwner owner, HostKey key)
    {
        if (known.FirstOrDefault(line => line.Mark == KnownHostMark.Revoked && key.Equals(line.Key)) is { } revoked)
        {
            return Refuse(
                key, $"The {key.Type} key of {owner.Place} ({key.Fingerprint}) is marked as revoked in {Where(revoked)} (user {Environment.UserName}).",
                RevokedHint(owner));
        }
        if (mode == HostKeyMode.Insecure)
        {
            return new HostKeyVerdict(HostKeyDecision.Accept, key);
        }
        if (known.FirstOrDefault(line => line.Key is null) is { } damaged)
        {
            return Refuse(key, $"{Where(damaged)} cannot be read, so the host key of {owner.Place} cannot be checked (user {Environment.UserName}).", "Mend or remove that line.");
        }
        if (known.Any(line => IsPlain(line) && line.Key!.Equals(key)))
        {
            return new HostKeyVerdict(HostKeyDecision.Accept, key);
        }
        return known.Where(IsPlain).OrderByDescending(line => line.Key!.Type == key.Type).FirstOrDefault() is { } other
            ? Refuse(key, Changed(owner, other, key), ChangedHint(owner))
            : JudgeNew(known, mode, owner, key);
    }

    /// <summary>The refusal when the server has no key of a type that is on record; null when nothing is on record.</summary>
    public static (string Message, string Hint)? NoKnownType(IReadOnlyList<KnownHostLine> known, HostKeyOwner owner) =>
        known.FirstOrDefault(IsPlain) is not { } line
            ? null
            : ($"The host key of {owner.Place} has changed: {Where(line)} (user {Environment.UserName}) has a {line.Key!.Type} key ({line.Key.Fingerprint}), and the server offers none of the types on record.",
                ChangedHint(owner));

    private static HostKeyVerdict JudgeNew(IReadOnlyList<KnownHostLine> known, HostKeyMode mode, HostKeyOwner owner, HostKey key)
    {
        if (mode == HostKeyMode.AcceptNew)
        {
            return new HostKeyVerdict(HostKeyDecision.AcceptAndRecord, key);
        }
        var message = $"The {key.Type} host key of {owner.Place} ({key.Fingerprint}) is not in {owner.KnownHostsFile} (user {Environment.UserName}).";
        var hint = $"Compare the fingerprint with the host's, then run `{owner.TrustCommand}`."
            + (HostCertificatePolicy.HasAuthority(known) ? " A @cert-authority line speaks of the host, which showed no certificate: is HostCertificate set in its sshd_config?" : "");
        return new HostKeyVerdict(mode == HostKeyMode.Ask ? HostKeyDecision.Ask : HostKeyDecision.Refuse, key, message, hint);
    }

    private static string Changed(HostKeyOwner owner, KnownHostLine line, HostKey key) =>
        $"The host key of {owner.Place} has changed: {Where(line)} (user {Environment.UserName}) has the {line.Key!.Type} key {line.Key.Fingerprint}, "
        + $"the server showed the {key.Type} key {key.Fingerprint}. Somebody may be in between.";

    /// <summary>The command shows the keys that the host has; that it is run again is the way out once the host has another one.</summary>
    public static string RevokedHint(HostKeyOwner owner) =>
        $"Do not connect: find out from the host's owner why. When the host has another key, run `{owner.TrustCommand}`.";

    public static string ChangedHint(HostKeyOwner owner) => $"If the host was really set up anew, run `{owner.TrustCommand} --replace`.";

    private static HostKeyVerdict Refuse(HostKey key, string message, string hint) => new(HostKeyDecision.Refuse, key, message, hint);

    public static bool IsPlain(KnownHostLine line) => line is { Mark: KnownHostMark.None, Key: not null };

    public static string Where(KnownHostLine line) => string.Create(CultureInfo.InvariantCulture, $"{line.File}:{line.Line}");

    /// <summary>The failure as the worker's.</summary>
    public static WorkerLostException Failure(HostKeyVerdict verdict) => new(ErrorKind.HostKey, verdict.Message, verdict.Hint);
}
