using DepSync.Model;
using DepSync.Scanning;

namespace DepSync.Release;

/// <summary>
/// What this machine can tell of a worker before it answers, from what the last push left and the source: worked out while the connection is made. Changes nothing, and may be disposed without having been asked: what still waits for the source ends then.
/// What it tells holds for as long as the worker shows the same manifest. Safe for concurrent use.
/// </summary>
internal sealed class WorkerOutlook : IDisposable
{
    /// <summary>So many are scanned while a connection is made (20,000 unchanged files take some 50 ms): a run then waits for the scan before it decides what to ask the worker.</summary>
    private const int EntriesScannedAtOnce = 20_000;

    private readonly FleetCase _fleet;
    private readonly string _key;
    private readonly Lazy<ExpectedTree> _expected;
    private readonly Task<bool> _news;
    private readonly CancellationTokenSource _over = new();

    private WorkerOutlook(FleetCase fleet, string key, KnownManifest? known)
    {
        (_fleet, _key, Known) = (fleet, key, known);
        _expected = new(() => known is null ? ExpectedTree.None : ExpectedTree.Of(known.Manifest, fleet.Filters));
        _news = known is null || fleet.Config.DryRun ? Task.FromResult(false) : FindNewsAsync();
        Record = known is null ? Task.FromResult<ManifestAhead?>(null) : WriteAheadAsync(known.Manifest);
    }

    public static WorkerOutlook Begin(FleetCase fleet, string key) => new(fleet, key, KnownManifest.Of(fleet.Store.LoadManifest(key)));

    /// <summary>This machine's copy of what the last push left.</summary>
    public KnownManifest? Known { get; }

    /// <summary>What the worker is likely to hold.</summary>
    public ExpectedTree Expected => _expected.Value;

    /// <summary>The manifest that a push leaves which does all; null when there is nothing to push, as far as this manager remembers. Its number is a guess.</summary>
    public Task<ManifestAhead?> Record { get; }

    /// <summary>
    /// Whether there is something to send, as far as this manager remembers: then the worker is claimed before its first listing, because the one behind the claim is the one that counts.
    /// Only where the last run left nothing undone, so that what cannot be done does not claim the worker each minute, and where no guard can refuse what the manager did; and a large tree is
    /// listed while the source is still read.
    /// </summary>
    /// <exception cref="DepSyncException">The state or the source cannot be read.</exception>
    public async Task<bool> HasNewsAsync(CancellationToken cancellationToken) =>
        Known is not null && (Known.Manifest.Entries.Count <= EntriesScannedAtOnce || _fleet.Source.IsCompleted) && await _news.WaitAsync(cancellationToken);

    /// <summary>The source of the token is not disposed: what works for nobody at this moment still asks for it.</summary>
    public void Dispose() => _over.Cancel();

    private async Task<bool> FindNewsAsync()
    {
        // On another thread: the caller waits for the worker.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        if (_fleet.Store.LoadTarget(_key) is not { LastGood: { } good } state || good != state.LastRun)
        {
            return false;
        }
        var source = await _fleet.Source.WaitAsync(_over.Token);
        return source.Problems.Count == 0 && ManifestBuilder.IsOutgrown(Known!.Manifest, source) && _fleet.Guard(new SyncPlan { Changes = [] }, source, source, Known.Manifest) is null;
    }

    /// <summary>And sees to it that what is asked for next is there: the tree is listed with news or without.</summary>
    private async Task<ManifestAhead?> WriteAheadAsync(Manifest known)
    {
        // Likewise, also where that is known.
        await ((Task)_news).ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        var hasNews = await _news;
        _over.Token.ThrowIfCancellationRequested();
        _ = Expected;
        return hasNews ? ManifestAhead.Of(await _fleet.Source.WaitAsync(_over.Token), known, (_fleet.Store.LoadTarget(_key)?.Number ?? 0) + 1) : null;
    }
}
