using System.Collections.Concurrent;
using DepSync.Config;
using DepSync.Model;

namespace DepSync.Workers;

/// <summary>
/// The host keys of one run: what known_hosts says, what was accepted meanwhile, and the questions, one at a time. In a dry run nothing is written; a key that was accepted counts
/// for this run alone. Safe for concurrent use.
/// </summary>
internal sealed class HostKeyChecks(RunConfig config, KnownHostsStore store, HostKeyPrompt? prompt, TimeProvider clock)
{
    /// <summary>By the name that known_hosts would have.</summary>
    private readonly ConcurrentDictionary<string, HostKey> _accepted = new();

    private readonly Lock _asking = new();
    private Task _lastQuestion = Task.CompletedTask;

    /// <summary>Where to connect and what to believe there, from the files as they are now.</summary>
    /// <exception cref="WorkerLostException">The files cannot be read.</exception>
    public SshNetTarget Target(WorkerAddress worker)
    {
        var owner = HostKeyOwner.Of(worker, store.UserFile);
        var known = Known(owner);
        return new SshNetTarget(owner, HostKeyPolicy.Offer(known, config.Ssh.HostKey), (key, certificate) => certificate is null
            ? HostKeyPolicy.Judge(known, config.Ssh.HostKey, owner, key)
            : HostCertificatePolicy.Judge(known, owner, certificate, clock.GetUtcNow()));
    }

    /// <summary>
    /// The same without certificates, for a host whose certificate is not believed and whose own key is on record, as OpenSSH does; null when none is.
    /// </summary>
    /// <exception cref="WorkerLostException">The files cannot be read.</exception>
    public SshNetTarget? PlainTarget(WorkerAddress worker)
    {
        var target = Target(worker);
        return Known(target.Owner).Any(HostKeyPolicy.IsPlain)
            ? target with { HostKeyAlgorithms = [.. target.HostKeyAlgorithms.Where(algorithm => !HostCertificatePolicy.IsForCertificates(algorithm))] }
            : null;
    }

    /// <summary>The refusal of a server that has no key of the types that were offered, told as what it is when keys are on record.</summary>
    public WorkerLostException Explain(HostKeyOwner owner, WorkerLostException lost) =>
        HostKeyPolicy.NoKnownType(Known(owner), owner) is { } changed ? new WorkerLostException(ErrorKind.HostKey, changed.Message, changed.Hint, lost) : lost;

    /// <summary>Remembers a key that was accepted; in known_hosts too unless this is a dry run.</summary>
    /// <exception cref="WorkerLostException">The file cannot be written.</exception>
    public void Remember(HostKeyOwner owner, HostKey key)
    {
        _accepted[KnownHosts.HostName(owner.Host, owner.Port)] = key;
        if (!config.DryRun)
        {
            store.Add(owner.Host, owner.Port, [key]);
        }
    }

    /// <summary>Whether a yes can be had and recorded for another program than ours.</summary>
    public bool CanAskAndRecord => prompt is not null && config.Ssh.HostKey == HostKeyMode.Ask && !config.DryRun;

    /// <summary>The keys that a host shows to somebody who does not log in.</summary>
    public Task<TrustProposal> FetchAsync(WorkerAddress worker, CancellationToken cancellationToken) => new HostKeyTrust(config.Ssh, store).FetchAsync(worker, cancellationToken);

    /// <summary>Puts the question, after those that were put before; a host that was answered for meanwhile is not asked about again.</summary>
    public Task<bool> AskAsync(HostKeyOwner owner, HostKey key, CancellationToken cancellationToken)
    {
        lock (_asking)
        {
            var answer = AskAfterAsync(_lastQuestion, owner, key, cancellationToken);
            _lastQuestion = answer;
            return answer;
        }
    }

    private async Task<bool> AskAfterAsync(Task earlier, HostKeyOwner owner, HostKey key, CancellationToken cancellationToken)
    {
        await earlier.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ForceYielding);
        if (prompt is null)
        {
            return false;
        }
        var name = KnownHosts.HostName(owner.Host, owner.Port);
        if (_accepted.TryGetValue(name, out var known))
        {
            return known.Equals(key);
        }
        var isYes = await prompt(owner, key, cancellationToken);
        if (isYes)
        {
            // Here, before the next question: the one who asked goes on whenever it is its turn.
            _accepted[name] = key;
        }
        return isYes;
    }

    private List<KnownHostLine> Known(HostKeyOwner owner)
    {
        var lines = store.Read().FindWithAuthorities(owner.Host, owner.Port).ToList();
        var name = KnownHosts.HostName(owner.Host, owner.Port);
        if (_accepted.TryGetValue(name, out var accepted))
        {
            lines.Add(new KnownHostLine("accepted in this run", 0, KnownHostMark.None, name, accepted));
        }
        return lines;
    }
}
