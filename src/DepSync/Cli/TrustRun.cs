using DepSync.Model;
using DepSync.Reporting;
using DepSync.Workers;

namespace DepSync.Cli;

/// <summary>What the user said on the command line about keys: a yes, a fingerprint that is a yes for its key alone, and whether changed keys may be replaced.</summary>
internal sealed record TrustRequest(Consent Consent, KeyReplacement Replacement, IReadOnlyList<string> Fingerprints);

/// <summary>
/// Fetches the host keys of the workers, each host once, shows them and records them after a yes. Hosts are asked several at a time, questions come one by one in the order of
/// the list. The result is 0, 23 (keys that were not recorded, or that changed) or 45.
/// </summary>
internal sealed class TrustRun(CommandSession session, TrustRequest request)
{
    private readonly KnownHostsStore _store = KnownHostsStore.Open(session.Config.Ssh.KnownHosts);
    private readonly TrustReporter _reporter = new(session.Screen, session.Output, session.Clock, RunId.Create(session.Clock));

    public async Task<int> RunAsync()
    {
        var trust = new HostKeyTrust(session.Config.Ssh, _store);
        var hosts = session.Config.Workers.Where(w => !w.IsLocal).GroupBy(w => (w.Host!.ToUpperInvariant(), w.Port)).Select(g => g.ToList()).ToList();
        var codes = session.Config.Workers.Where(w => w.IsLocal).Select(_ => ExitCodes.Success).ToList();
        foreach (var some in hosts.Chunk(session.Config.Parallel))
        {
            var fetched = await Task.WhenAll(some.Select(workers => FetchAsync(trust, workers[0])));
            foreach (var (workers, (proposal, lost)) in some.Zip(fetched))
            {
                codes.Add(proposal is null ? Tell(workers[0], lost!) : await DecideAsync(trust, workers, proposal));
            }
        }
        return ExitCodes.ForWorkers(codes);
    }

    private async Task<(TrustProposal? Proposal, WorkerLostException? Lost)> FetchAsync(HostKeyTrust trust, WorkerAddress worker)
    {
        try
        {
            return (await trust.FetchAsync(worker, session.Stop), null);
        }
        catch (WorkerLostException e)
        {
            return (null, e);
        }
    }

    private async Task<int> DecideAsync(HostKeyTrust trust, List<WorkerAddress> workers, TrustProposal shown)
    {
        var worker = workers[0];
        _reporter.Show($"{string.Join(", ", workers.Select(w => w.Name))} ({shown.Owner.Place})", [.. shown.Keys.Select(key => Row(key))]);
        if (shown.Authority is { } authority)
        {
            _reporter.Say($"  {HostKeyPolicy.Where(authority)} has an authority for this host: a host certificate that it signed needs no record here");
        }
        var proposal = request.Fingerprints.Count == 0 ? shown : shown with { Keys = [.. request.Fingerprints.SelectMany(f => shown.Only(f).Keys).DistinctBy(k => k.Key)] };
        var (code, recorded) = (ExitCodes.Success, Array.Empty<HostKey>() as IReadOnlyList<HostKey>);
        if (Objection(proposal) is { } objection)
        {
            code = Tell(worker, objection);
        }
        if (proposal.Keys.Any(IsRecordable) && !session.Config.DryRun)
        {
            if (await MayRecordAsync(workers))
            {
                try
                {
                    recorded = trust.Record(proposal, request.Replacement);
                }
                catch (WorkerLostException e)
                {
                    code = Tell(worker, e);
                }
            }
            else
            {
                code = Tell(worker, NotRecorded());
            }
        }
        _reporter.Tell(worker.Name, [.. proposal.Keys.Select(key => Row(key) with { Recorded = recorded.Contains(key.Key) })], _store.UserFile);
        return code;
    }

    private bool IsRecordable(ShownKey key) => key.State == ShownKeyState.New || (key.State == ShownKeyState.Changed && request.Replacement == KeyReplacement.Allowed);

    private async Task<bool> MayRecordAsync(List<WorkerAddress> workers) =>
        request.Consent == Consent.Given || request.Fingerprints.Count > 0
        || await session.Confirmation.AskAsync($"Record what is new or changed above for {DisplayText.Escape(string.Join(", ", workers.Select(w => w.Name)))}?", session.Stop);

    private DepSyncException NotRecorded() => session.Confirmation.CanAsk
        ? new DepSyncException(ErrorKind.Entries, "the keys were not recorded")
        : new DepSyncException(ErrorKind.Entries, "the keys were not recorded: there is no terminal to ask on", "compare the fingerprints, then give --yes, or --fingerprint with the right one");

    /// <summary>Why a host is not in order although it was reached; null when it is, or will be after a yes.</summary>
    private DepSyncException? Objection(TrustProposal proposal)
    {
        if (proposal.Keys.Count == 0)
        {
            return new DepSyncException(ErrorKind.Entries, "the host shows no key with this fingerprint", "the keys that it shows are listed above");
        }
        if (proposal.Keys.Any(k => k.State == ShownKeyState.Revoked))
        {
            return new DepSyncException(ErrorKind.Entries, "a key that the host shows is marked as revoked; it is never recorded", "find out from the host's owner which key is the right one");
        }
        return proposal.Keys.Any(k => k.State == ShownKeyState.Changed) && request.Replacement == KeyReplacement.Forbidden
            ? new DepSyncException(ErrorKind.Entries, "the host key has changed; somebody may be in between", $"if the host was really set up anew, run `{proposal.Owner.TrustCommand} --replace`")
            : null;
    }

    private int Tell(WorkerAddress worker, DepSyncException error)
    {
        session.Screen.PrintError(TroubleText.Error(session.Screen.ErrorInk, worker.Name, error.Message, error.Hint));
        return ExitCodes.ForError(error.Kind);
    }

    private static ShownKeyRow Row(ShownKey shown) => new(
        shown.Key.Type,
        shown.Key.Fingerprint,
        Name(shown.State),
        [.. shown.Replaces.Select(line => $"{line.Key?.Type} {line.Key?.Fingerprint} ({line.File}:{line.Line})")]);

    private static string Name(ShownKeyState state) => state switch
    {
        ShownKeyState.Known => "known",
        ShownKeyState.New => "new",
        ShownKeyState.Changed => "changed",
        _ => "revoked",
    };
}
