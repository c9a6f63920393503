using System.Globalization;
using DepSync.Model;
using DepSync.State;
using DepSync.Workers;

namespace DepSync.Release;

/// <summary>
/// One worker through a run: connect, look, compare; then nothing, a plan (dry run), or a claimed release. Its result tells every failure; nothing of one worker is thrown.
/// </summary>
internal sealed class WorkerRelease(FleetCase fleet, WorkerAddress address)
{
    private readonly string _key = TargetKey(address);
    private ClaimedRelease? _claimed;

    private bool _hasLookedAhead;

    /// <summary>The look ahead was at a place where the target is no more, which may be one that does not answer.</summary>
    private bool _wasElsewhere;

    /// <summary>Null until it is connected.</summary>
    private WorkerPlace? _place;

    public async Task<WorkerResult> RunAsync(CancellationToken cancellationToken)
    {
        var began = fleet.Context.Clock.GetTimestamp();
        var result = await TryAsync(cancellationToken);
        result = result with { Elapsed = fleet.Context.Clock.GetElapsedTime(began) };
        result = Remembered(result);
        Raise(new PhaseChanged(WorkerPhase.Finished));
        Raise(new WorkerDone(result));
        return result;
    }

    /// <summary>
    /// A connection that ends before the commit is tried once more in the same run, and one that fell silent where what was looked at ahead is not the target any more; later than that the next run decides.
    /// </summary>
    private async Task<WorkerResult> TryAsync(CancellationToken cancellationToken)
    {
        try
        {
            try
            {
                return await ReleaseAsync(cancellationToken);
            }
            catch (WorkerLostException lost) when ((lost.Kind == ErrorKind.ConnectionLost || (lost.Kind == ErrorKind.IdleTimeout && _wasElsewhere)) && _claimed is not { HasBegunCommit: true })
            {
                fleet.Tell(address.Name, NoteLevel.Notice, $"{lost.Message}; trying once more");
                return await ReleaseAsync(cancellationToken);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return WorkerFailure.Interrupted(address, fleet.StopReason());
        }
        catch (Exception exception) when (WorkerFailure.Of(address, exception) is { } failed)
        {
            return _claimed?.Committed is { } committed ? committed with { Status = failed.Status, Error = failed.Error } : failed;
        }
    }

    private async Task<WorkerResult> ReleaseAsync(CancellationToken cancellationToken)
    {
        Raise(new PhaseChanged(WorkerPhase.Connecting));
        // Not a second time: what the place of the last time has become may be what held up the first.
        var ahead = _hasLookedAhead ? null : LookAhead.Of(fleet.Store.LoadTarget(_key), cancellationToken);
        _hasLookedAhead = true;
        var connecting = fleet.ConnectAsync(address, ahead?.Guess, cancellationToken);
        using var outlook = WorkerOutlook.Begin(fleet, _key);
        ahead?.Begin(outlook);
        var known = outlook.Known;
        await using var files = await connecting;
        _place = files.Place;
        _wasElsewhere = ahead is not null && !ahead.IsAt(files.Place);
        Raise(new PhaseChanged(WorkerPhase.Comparing));
        await using var begun = (ahead is null ? null : await ahead.TakeAsync(files.Place)) ?? await LookUnderWay.BeginAsync(files, outlook, cancellationToken);
        begun.BeginTree(files, outlook, cancellationToken);
        var hasNews = begun.HasNews;
        var look = await begun.Look;
        if (look.Read is { } read && !fleet.Config.DryRun)
        {
            fleet.Store.SaveManifest(_key, read);
        }
        await new TargetGuard(fleet.Tree, fleet.Filters, fleet.Config, address).CheckAsync(files, look, fleet.Store.LoadTarget(_key), cancellationToken);
        var source = await fleet.Source.WaitAsync(cancellationToken);
        var ownership = new OwnershipGuard(fleet, address.Name).Check(look, source);
        TellOlderGeneration(look);
        var comparison = hasNews && ReferenceEquals(look.Manifest, known!.Manifest) ? null : await CompareAsync();
        if (comparison is not null && (fleet.Config.DryRun || HasNothingToDo(comparison)))
        {
            return Planned(comparison) with { Generation = look.Manifest?.Generation };
        }
        _claimed = new ClaimedRelease(fleet, files, new ReleaseCase
        {
            Worker = address.Name,
            TargetKey = _key,
            Look = look,
            Comparison = comparison,
            Outlook = outlook,
        });
        return await _claimed.RunAsync(cancellationToken);

        Task<WorkerComparison> CompareAsync()
        {
            var comparer = new WorkerComparer(fleet, files) { Begun = begun.Tree, IsMissing = !look.TargetExists };
            return comparer.CompareAsync(look.Manifest, comparer.Rules(), null, cancellationToken);
        }

        bool HasNothingToDo(WorkerComparison comparison) =>
            comparison.Plan.IsEmpty && !look.HasLeftovers && !fleet.Config.Takeover
            && look.Owner is not null && ownership is Ownership.Ours && ManifestBuilder.IsCurrent(comparison.ExpectedRecord(source));
    }

    private WorkerResult Planned(WorkerComparison comparison)
    {
        var plan = comparison.Plan;
        foreach (var change in plan.Changes)
        {
            Raise(new EntryChanged(change));
        }
        foreach (var entry in plan.Deferred)
        {
            Raise(new EntryDeferred(entry));
        }
        foreach (var problem in plan.Problems)
        {
            Raise(new EntryFailed(problem));
        }
        var result = WorkerSummary.Of(address.Name, WorkerStatus.Unchanged, plan.Changes, plan.Problems) with { Deferred = plan.Deferred.Count, DeletesHeld = plan.HeldDeletes.Count };
        return result.Status == WorkerStatus.Unchanged && fleet.Config.DryRun && result.HasDifferences ? result with { Status = WorkerStatus.Planned } : result;
    }

    private void TellOlderGeneration(WorkerLook look)
    {
        var shown = look.Manifest?.Generation ?? look.Owner?.Generation ?? 0;
        if (fleet.Store.LoadTarget(_key)?.Generation is { } remembered && shown < remembered)
        {
            fleet.Tell(address.Name, NoteLevel.Notice, $"shows generation {shown}, but generation {remembered} was pushed to it: it was rebuilt or restored, and is synced from what it holds");
        }
    }

    /// <summary>A state that cannot be written fails this worker, not the run; an error of its own is told first.</summary>
    private WorkerResult Remembered(WorkerResult result)
    {
        try
        {
            Remember(result);
            return result;
        }
        catch (DepSyncException exception)
        {
            return result with { Status = WorkerStatus.Failed, Error = result.Error ?? new WorkerError(exception.Kind, exception.Message, exception.Hint) };
        }
    }

    private void Remember(WorkerResult result)
    {
        if (fleet.Config.DryRun)
        {
            return;
        }
        var stamp = new RunStamp(fleet.Context.Run, fleet.Context.Clock.GetUtcNow());
        var isGood = result.Status is WorkerStatus.Synced or WorkerStatus.Unchanged;
        var state = fleet.Store.LoadTarget(_key) ?? TargetState.Create(_key);
        fleet.Store.SaveTarget(_key, state with
        {
            Generation = result.Generation ?? state.Generation,
            LastRun = stamp,
            LastStatus = result.Status,
            LastGood = isGood && result.Deferred + result.DeletesHeld == 0 ? stamp : state.LastGood,
            Known = state.Known || isGood,
            // Forgotten where nobody could say where it is: the next run asks first.
            CanonicalPath = _place is null ? null : LookAhead.Remembered(address, _place),
            RoundTripMs = (long?)_place?.RoundTrip?.TotalMilliseconds ?? state.RoundTripMs,
        });
    }

    private void Raise(RunEvent runEvent) => fleet.Context.Observer.On(runEvent with { Worker = address.Name });

    /// <summary>State is kept by where a worker is, not by what it is called.</summary>
    public static string TargetKey(WorkerAddress address) => address.IsLocal
        ? address.Path
        : string.Create(CultureInfo.InvariantCulture, $"{address.User}@{address.Host}:{address.Port}:{address.Path}");
}
