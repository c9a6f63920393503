using DepSync.Config;
using DepSync.Model;
using DepSync.Scanning;
using DepSync.State;
using DepSync.Workers;

namespace DepSync.Release;

/// <summary>
/// A run over all workers: the source is scanned once, each worker goes its own way, so many at once as the configuration says; one that fails or is slow holds nobody.
/// </summary>
internal sealed class FleetRelease(RunConfig config, RunContext context)
{
    /// <summary>The hash cache on its way to disk, begun by the scan: no worker has to wait for it.</summary>
    private Task _saving = Task.CompletedTask;

    /// <summary>
    /// Runs to the end. Cancelling stops what has not begun its commit; the report then says Interrupted. What failed on one worker is in its result.
    /// </summary>
    /// <exception cref="DepSyncException">The run cannot begin: Source (manager directory), LocalFiles (state).</exception>
    public async Task<RunReport> RunAsync(CancellationToken cancellationToken)
    {
        var began = context.Clock.GetTimestamp();
        using var tree = SourceTree.Open(config.ManagerDir);
        var store = StateStore.Open(context.StateDir, tree.RealPath);
        var identity = new IdentityKeeper(config.DryRun ? null : store, store.LoadManager(), tree.RealPath);
        context.Observer.On(new RunStarted(context.Run, config.ManagerDir, [.. config.Workers.Select(worker => worker.Name)], config.DryRun, GuardKeys()));
        foreach (var warning in store.Warnings)
        {
            context.Observer.On(new Note(NoteLevel.Warning, warning));
        }
        using var deadline = new CancellationTokenSource(config.MaxTime ?? Timeout.InfiniteTimeSpan, context.Clock);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token);
        var filters = new FilterSet(config.Exclude, config.Protect);
        var deltas = Deltas(tree, store, stop.Token);
        var fleet = new FleetCase
        {
            Config = config,
            Context = context,
            Tree = tree,
            Filters = filters,
            Source = OnThreadsOfTheirOwn(Task.Run(() => ScanAsync(new ScanParts(tree, filters, store, deltas), stop.Token), stop.Token)),
            Store = store,
            Identity = identity,
            ConnectAsync = new LoginKeeper(config, context, store, context.Connect ?? new WorkerConnector(config, context.Observer, context.AskHostKey, context.Clock).ConnectAsync).ConnectAsync,
            Siblings = new RunSiblings(),
            Deltas = deltas,
            StopReason = () => cancellationToken.IsCancellationRequested ? ErrorKind.Interrupted : ErrorKind.MaxTime,
        };
        var results = await RunWorkersAsync(fleet, stop.Token);
        deltas?.Prune();
        if (!fleet.Source.IsCompleted)
        {
            // Every worker has ended without it, and the directory is about to be closed.
            await stop.CancelAsync();
            await ((Task)fleet.Source).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        await _saving;
        return await FinishAsync(fleet, results, began);
    }

    /// <summary>Who waits for it goes on in parallel: by itself a task lets them go on one after the other, on its own thread, and a worker on this machine keeps that thread until its push is done.</summary>
    private static Task<T> OnThreadsOfTheirOwn<T>(Task<T> task)
    {
        var apart = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        task.ContinueWith(ended => apart.SetFromTask(ended), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        return apart.Task;
    }

    /// <summary>None where nothing that is put together on a worker could be checked there.</summary>
    private SourceDeltas? Deltas(SourceTree tree, StateStore store, CancellationToken stop) => config.WholeFile || config.DryRun || !config.Ssh.Exec
        ? null
        : new SourceDeltas(tree, new SignatureStore(Path.Combine(store.Folder, "signatures"), context.Clock), stop)
        {
            SignsNewFiles = config.Workers.Any(worker => !worker.IsLocal),
            Tell = message => context.Observer.On(new Note(NoteLevel.Notice, message)),
        };

    private async Task<Snapshot> ScanAsync(ScanParts parts, CancellationToken cancellationToken)
    {
        var began = context.Clock.GetTimestamp();
        var hashes = HashCache.Load(Path.Combine(parts.Store.Folder, "hashes"), context.Clock);
        var rules = new ScanRules { Filters = parts.Filters, Settle = config.Settle, IgnoreExplodedWebapps = config.IgnoreExplodedWebapps };
        var source = await new SourceScanner(parts.Tree, hashes, rules, context.Clock) { Observer = parts.Deltas }.ScanAsync(cancellationToken);
        if (!config.DryRun)
        {
            _saving = Task.Run(() => Save(hashes, source.Problems.Count == 0 ? UnseenEntries.Drop : UnseenEntries.Keep), CancellationToken.None);
        }
        var bytes = source.Entries.Sum(entry => entry.Size);
        context.Observer.On(new SourceScanned(source.Entries.Count, bytes, hashes.Read, context.Clock.GetElapsedTime(began)));
        foreach (var special in source.SpecialFiles)
        {
            context.Observer.On(new Note(NoteLevel.Notice, $"{special} is a device, socket or FIFO and is not mirrored"));
        }
        foreach (var warning in source.Warnings)
        {
            context.Observer.On(new Note(NoteLevel.Warning, $"{warning.Path}: {warning.Message}"));
        }
        return source;
    }

    /// <summary>Without it the next run reads every file again: told, and no reason to fail.</summary>
    private void Save(HashCache hashes, UnseenEntries unseen)
    {
        try
        {
            hashes.Save(unseen);
        }
        catch (DepSyncException exception)
        {
            context.Observer.On(new Note(NoteLevel.Warning, $"the next run hashes every file again: {exception.Message}"));
        }
    }

    private async Task<WorkerResult[]> RunWorkersAsync(FleetCase fleet, CancellationToken cancellationToken)
    {
        if (config.Takeover)
        {
            await SurveyAsync(fleet, cancellationToken);
        }
        return await ForEachWorkerAsync(fleet, worker => new WorkerRelease(fleet, worker).RunAsync(cancellationToken));
    }

    /// <summary>Before a takeover, asks every worker that can be reached who owns it, so that the new epoch is above all of them.</summary>
    private async Task SurveyAsync(FleetCase fleet, CancellationToken cancellationToken)
    {
        await ForEachWorkerAsync(fleet, async worker =>
        {
            try
            {
                await using var files = await fleet.ConnectAsync(worker, null, cancellationToken);
                if ((await WorkerLook.ReadAsync(files, LookDepth.WithoutManifest, cancellationToken)).Owner is { } owner)
                {
                    fleet.Identity.Meet(owner);
                }
            }
            catch (Exception exception) when (exception is DepSyncException or WorkerFileException or OperationCanceledException)
            {
                // Told when its turn comes; it is superseded all the same.
            }
            return true;
        });
        fleet.Identity.TakeOver();
    }

    /// <summary>A worker on this machine works on the thread that it is given, so each one gets its own; all of them are waited for, whatever happens.</summary>
    private async Task<T[]> ForEachWorkerAsync<T>(FleetCase fleet, Func<WorkerAddress, Task<T>> act)
    {
        using var slots = new SemaphoreSlim(config.Parallel);
        return await Task.WhenAll(fleet.Config.Workers.Select(async worker =>
        {
            await slots.WaitAsync(CancellationToken.None);
            try
            {
                return await Task.Run(() => act(worker), CancellationToken.None);
            }
            finally
            {
                slots.Release();
            }
        }));
    }

    private async Task<RunReport> FinishAsync(FleetCase fleet, WorkerResult[] results, long began)
    {
        var stopped = results.Any(result => result.Error?.Kind is ErrorKind.Interrupted or ErrorKind.MaxTime);
        var source = fleet.Source.IsCompletedSuccessfully ? await fleet.Source : null;
        var isGood = source is { Problems.Count: 0 } && results.All(result => result.Status is WorkerStatus.Synced or WorkerStatus.Unchanged && result.Deferred + result.DeletesHeld == 0);
        if (isGood && !config.DryRun)
        {
            fleet.Identity.RecordGoodRun(context.Run, context.Clock.GetUtcNow(), source!);
        }
        return new RunReport
        {
            Workers = results,
            Elapsed = context.Clock.GetElapsedTime(began),
            Ended = stopped ? fleet.StopReason() : null,
            SourceProblems = source?.Problems ?? [],
        };
    }

    private List<string> GuardKeys() =>
    [
        .. config.AllowEmpty.Select(path => $"--allow-empty {(path.IsRoot ? "." : path)}"),
        .. config.FirstContact.Select(name => $"--first-contact {name}"),
        .. config.MaxDelete == DeleteLimit.Default ? [] : new[] { $"--max-delete {config.MaxDelete}" },
    ];

    /// <summary>What the one scan of a run needs.</summary>
    private sealed record ScanParts(SourceTree Tree, FilterSet Filters, StateStore Store, SourceDeltas? Deltas);
}
