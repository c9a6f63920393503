using DepSync.Config;
using DepSync.Model;

namespace DepSync.Workers;

/// <summary>What known_hosts says of a key that a host showed.</summary>
internal enum ShownKeyState
{
    /// <summary>On record already.</summary>
    Known,

    /// <summary>Nothing speaks against it.</summary>
    New,

    /// <summary>Another key is on record in its place; it takes <c>--replace</c>.</summary>
    Changed,

    /// <summary>Marked as revoked; it is never recorded.</summary>
    Revoked,
}

/// <summary>A key that a host showed, what known_hosts says of it, and the lines that it would replace.</summary>
internal sealed record ShownKey(HostKey Key, ShownKeyState State, IReadOnlyList<KnownHostLine> Replaces);

/// <summary>What <c>depsync trust</c> found for one worker. Immutable.</summary>
internal sealed record TrustProposal(HostKeyOwner Owner, IReadOnlyList<ShownKey> Keys)
{
    /// <summary>The line of an authority that may vouch for the host; null when there is none.</summary>
    public KnownHostLine? Authority { get; init; }

    /// <summary>The same for the one key with that fingerprint (<c>SHA256:…</c>, the prefix may be missing); without keys when it was not shown.</summary>
    public TrustProposal Only(string fingerprint)
    {
        var wanted = fingerprint.StartsWith("SHA256:", StringComparison.Ordinal) ? fingerprint.TrimEnd('=') : $"SHA256:{fingerprint.TrimEnd('=')}";
        return this with { Keys = [.. Keys.Where(shown => shown.Key.Fingerprint == wanted)] };
    }
}

/// <summary>Whether changed keys may be replaced: only when the user said <c>--replace</c>.</summary>
internal enum KeyReplacement
{
    Forbidden,
    Allowed,
}

/// <summary>
/// The work of <c>depsync trust</c>: looks at the keys that a host shows, without logging in, and records them when told to. Looking changes nothing. The address is
/// dialled directly: what <c>~/.ssh/config</c> says of the host is not read. Safe for concurrent use.
/// </summary>
internal sealed class HostKeyTrust(SshSettings settings, KnownHostsStore store)
{
    /// <summary>Connects once for each algorithm, offering that alone, so that the host shows every key it has.</summary>
    /// <exception cref="WorkerLostException">Not reached, it shows no key, or a line of known_hosts that may speak of it cannot be read.</exception>
    public async Task<TrustProposal> FetchAsync(WorkerAddress worker, CancellationToken cancellationToken)
    {
        var owner = HostKeyOwner.Of(worker, store.UserFile);
        var keys = new List<HostKey>();
        // One algorithm for each type: both signatures of an RSA key show the same key.
        foreach (var algorithm in HostKeyPolicy.Offer([], HostKeyMode.Strict).DistinctBy(HostKeyPolicy.KeyType))
        {
            if (await FetchAsync(owner, algorithm, cancellationToken) is { } key)
            {
                keys.Add(key);
            }
        }
        return keys.Count > 0
            ? Judge(owner, store.Read().FindWithAuthorities(owner.Host, owner.Port), keys)
            : throw new WorkerLostException(ErrorKind.HostKey, $"{owner.Place} shows no host key of a type that is used today.");
    }

    /// <summary>Records what the proposal has: new keys, and with the user's word also changed ones, for which the lines that they replace go. Revoked ones never.</summary>
    /// <returns>The keys that were written.</returns>
    /// <exception cref="WorkerLostException">known_hosts cannot be written.</exception>
    public IReadOnlyList<HostKey> Record(TrustProposal proposal, KeyReplacement replacement)
    {
        var owner = proposal.Owner;
        var changed = proposal.Keys.Where(shown => shown.State == ShownKeyState.Changed && replacement == KeyReplacement.Allowed).ToArray();
        var added = proposal.Keys.Where(shown => shown.State == ShownKeyState.New).Concat(changed).Select(shown => shown.Key).ToArray();
        if (changed.Length > 0)
        {
            store.Replace(owner.Host, owner.Port, [.. changed.SelectMany(shown => shown.Replaces).Select(line => line.Key!)], added);
        }
        else if (added.Length > 0)
        {
            store.Add(owner.Host, owner.Port, added);
        }
        return added;
    }

    /// <summary>
    /// Compares what a host shows with what is on record. A key is new only where it contradicts nothing: none of its type is on record, and the host has proved itself by
    /// another key or is not on record at all. Pure.
    /// </summary>
    public static TrustProposal Judge(HostKeyOwner owner, IReadOnlyList<KnownHostLine> known, IReadOnlyList<HostKey> shown)
    {
        if (known.FirstOrDefault(line => line.Key is null) is { } damaged)
        {
            throw new WorkerLostException(ErrorKind.HostKey, $"{damaged.File}:{damaged.Line} cannot be read, and may speak of {owner.Place}.", "Mend or remove that line.");
        }
        var plain = known.Where(line => line.Mark == KnownHostMark.None).ToArray();
        var outdated = plain.Where(line => !shown.Contains(line.Key!)).ToArray();
        var proved = plain.Length > outdated.Length;
        return new TrustProposal(owner, [.. shown.Select(Judged)]) { Authority = known.FirstOrDefault(HostCertificatePolicy.IsAuthority) };

        ShownKey Judged(HostKey key)
        {
            var contradicting = outdated.Where(line => !proved || line.Key!.Type == key.Type).ToArray();
            return known.Any(line => line.Mark == KnownHostMark.Revoked && line.Key!.Equals(key)) ? new(key, ShownKeyState.Revoked, [])
                : plain.Any(line => line.Key!.Equals(key)) ? new(key, ShownKeyState.Known, [])
                : contradicting.Length > 0 ? new(key, ShownKeyState.Changed, contradicting)
                : new(key, ShownKeyState.New, []);
        }
    }

    private async Task<HostKey?> FetchAsync(HostKeyOwner owner, string algorithm, CancellationToken cancellationToken)
    {
        var target = new SshNetTarget(owner, [algorithm], (key, _) => new HostKeyVerdict(HostKeyDecision.Refuse, key));
        var transport = new SshNetTransport(target, settings, () => []);
        try
        {
            await using var stream = (await transport.OpenAsync(cancellationToken)).Stream;
        }
        catch (WorkerLostException lost) when (lost.Kind == ErrorKind.HostKey)
        {
            // Either the key was shown and the connect ended there, or the host has none of this type.
        }
        return transport.Verdict?.Key;
    }
}
