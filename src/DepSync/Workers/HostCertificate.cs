namespace DepSync.Workers;

/// <summary>
/// A host key with an authority's word for it, as a server showed it: nothing of it is believed before <see cref="HostCertificatePolicy"/> has looked at it. Immutable.
/// </summary>
/// <param name="Key">The key that is vouched for.</param>
/// <param name="Authority">The key that signed; null when it is none that can be read.</param>
internal sealed record HostCertificate(HostKey Key, HostKey? Authority)
{
    /// <summary>Its type as OpenSSH numbers them: 1 is a user's.</summary>
    public const uint HostType = 2;

    public required uint Type { get; init; }

    /// <summary>What the authority called it.</summary>
    public required string Id { get; init; }

    /// <summary>The names that it holds for.</summary>
    public required IReadOnlyList<string> Principals { get; init; }

    /// <summary>Seconds since 1970, as in the certificate: the first second that it holds.</summary>
    public required ulong ValidAfter { get; init; }

    /// <summary>Seconds since 1970: the first second that it does not hold any more; the largest number is "for ever".</summary>
    public required ulong ValidBefore { get; init; }

    public required IReadOnlyCollection<string> CriticalOptions { get; init; }

    /// <summary>How the authority signed.</summary>
    public required string SignatureAlgorithm { get; init; }
}
