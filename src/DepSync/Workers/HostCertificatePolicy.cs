using System.Globalization;

namespace DepSync.Workers;

/// <summary>
/// Whether an authority's word for a host key is to be believed: what OpenSSH checks, and one rule more (a certificate for nobody in particular is for nobody). That the
/// authority really signed it is SSH.NET's part: it verifies the signature, and the dates by the system's clock, before it asks. Pure.
/// </summary>
internal static class HostCertificatePolicy
{
    private const string Suffix = "-cert-v01@openssh.com";

    /// <summary>OpenSSH's CASignatureAlgorithms without security keys, which SSH.NET does not know. An authority's <c>ssh-rsa</c> would be SHA-1.</summary>
    private static readonly string[] SignatureAlgorithms =
        ["ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "rsa-sha2-512", "rsa-sha2-256"];

    /// <summary>The algorithm that a certificate for such a key goes by.</summary>
    public static string Algorithm(string plain) => plain + Suffix;

    public static bool IsForCertificates(string algorithm) => algorithm.EndsWith(Suffix, StringComparison.Ordinal);

    /// <summary>Only where somebody named an authority for the host there is a certificate to ask for.</summary>
    public static bool HasAuthority(IReadOnlyList<KnownHostLine> known) => known.Any(IsAuthority);

    /// <param name="known">The lines that speak of the host.</param>
    /// <param name="owner">The host's name as the user wrote it is the one that the certificate must bear.</param>
    /// <param name="certificate">What the server showed.</param>
    /// <param name="now">By the manager's clock.</param>
    public static HostKeyVerdict Judge(IReadOnlyList<KnownHostLine> known, HostKeyOwner owner, HostCertificate certificate, DateTimeOffset now)
    {
        var revoked = known.FirstOrDefault(line => line.Mark == KnownHostMark.Revoked && line.Key is not null && (line.Key.Equals(certificate.Key) || line.Key.Equals(certificate.Authority)));
        if (revoked is not null)
        {
            var what = revoked.Key!.Equals(certificate.Key) ? "its key" : "the authority that signed it";
            return Refuse(HostKeyDecision.Refuse, owner, certificate, $"{what} is marked as revoked in {HostKeyPolicy.Where(revoked)}", HostKeyPolicy.RevokedHint(owner));
        }
        if (known.FirstOrDefault(line => line.Key is null) is { } damaged)
        {
            return Refuse(HostKeyDecision.Refuse, owner, certificate, $"{HostKeyPolicy.Where(damaged)} cannot be read", "Mend or remove that line.");
        }
        return Objection(known, owner, certificate, now) is { } objection
            ? Refuse(HostKeyDecision.RefuseCertificate, owner, certificate, objection, Hint(owner))
            : new HostKeyVerdict(HostKeyDecision.Accept, certificate.Key) { Certificate = certificate };
    }

    /// <summary>The refusal of a certificate with which all is well but the signature.</summary>
    public static HostKeyVerdict Forged(HostKeyOwner owner, HostCertificate certificate) => Refuse(
        HostKeyDecision.RefuseCertificate, owner, certificate, "its signature is not that of the authority that it names, or the server does not hold its key; somebody may be in between", Hint(owner));

    private static string? Objection(IReadOnlyList<KnownHostLine> known, HostKeyOwner owner, HostCertificate certificate, DateTimeOffset now)
    {
        var time = (ulong)Math.Max(0, now.ToUnixTimeSeconds());
        // OpenSSH puts what was typed in lower case and compares whole items: no wildcards here, and a comma in an item is no separator.
        var host = owner.Host.ToLowerInvariant();
        return certificate switch
        {
            _ when !known.Any(line => IsAuthority(line) && line.Key!.Equals(certificate.Authority)) =>
                $"no @cert-authority line for the host has the authority that signed it ({certificate.Authority?.Fingerprint ?? "a key of an unknown form"})",
            { Type: not HostCertificate.HostType } => "it is a user's certificate, not a host's",
            _ when !SignatureAlgorithms.Contains(certificate.SignatureAlgorithm) => $"it is signed with {certificate.SignatureAlgorithm}, which is not safe any more",
            { CriticalOptions.Count: > 0 } => $"it has conditions that are not known here ({string.Join(", ", certificate.CriticalOptions)})",
            { Principals.Count: 0 } => "it names no host",
            _ when !certificate.Principals.Contains(host, StringComparer.Ordinal) => $"it is for {string.Join(", ", certificate.Principals)} and not for {host}",
            _ when time < certificate.ValidAfter => $"it is not valid before {Text(certificate.ValidAfter)}",
            _ when time >= certificate.ValidBefore => $"it expired at {Text(certificate.ValidBefore)}",
            _ => null,
        };
    }

    /// <summary>A time of a certificate, in this machine's zone.</summary>
    public static string Text(ulong seconds) => seconds > (ulong)DateTimeOffset.MaxValue.ToUnixTimeSeconds()
        ? "for ever"
        : DateTimeOffset.FromUnixTimeSeconds((long)seconds).ToLocalTime().ToString("yyyy-MM-dd HH:mm:ss zzz", CultureInfo.InvariantCulture);

    private static HostKeyVerdict Refuse(HostKeyDecision decision, HostKeyOwner owner, HostCertificate certificate, string reason, string hint) => new(
        decision,
        certificate.Key,
        $"The host certificate \"{certificate.Id}\" of {owner.Place} for the {certificate.Key.Type} key {certificate.Key.Fingerprint} is not believed (user {Environment.UserName}): {reason}.",
        hint);

    private static string Hint(HostKeyOwner owner) => $"Have the key signed again for {owner.Host.ToLowerInvariant()}, correct the @cert-authority line, or compare the key's fingerprint with the host's and run `{owner.TrustCommand}`.";

    public static bool IsAuthority(KnownHostLine line) => line is { Mark: KnownHostMark.CertAuthority, Key: not null };
}
