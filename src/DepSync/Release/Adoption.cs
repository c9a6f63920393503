using DepSync.Config;
using DepSync.Model;
using DepSync.Scanning;
using DepSync.State;
using DepSync.Workers;

namespace DepSync.Release;

/// <summary>
/// Brings the manager directory up to what one worker holds, staged and renamed as a push is. The worker is only read, and whose it is stays as it is. One use.
/// </summary>
internal sealed class Adoption(AdoptionRequest request, RunContext context)
{
    private readonly RunConfig _config = request.Config;
    private readonly string _name = request.From.Name;

    /// <summary>Opens the manager directory as a target.</summary>
    public Func<string, IWorkerFileSystem> OpenManager { get; init; } = LocalWorker.Open;

    /// <summary>Whose the worker is; null before <see cref="RunAsync"/> has seen it, and when it is nobody's or this manager's.</summary>
    public OwnerRecord? OtherOwner { get; private set; }

    /// <summary>Runs to the end. Cancelling stops what has not begun its commit; what failed is in the one result.</summary>
    /// <exception cref="DepSyncException">The run cannot begin: Source (manager directory), LocalFiles (state).</exception>
    public async Task<RunReport> RunAsync(CancellationToken cancellationToken)
    {
        var began = context.Clock.GetTimestamp();
        using var tree = SourceTree.Open(_config.ManagerDir);
        var store = StateStore.Open(context.StateDir, tree.RealPath);
        var state = store.LoadManager();
        context.Observer.On(new RunStarted(context.Run, _config.ManagerDir, [_name], _config.DryRun, []));
        foreach (var warning in store.Warnings)
        {
            Tell(NoteLevel.Warning, warning);
        }
        var result = await TryAsync(tree, store, state, cancellationToken);
        result = result with { Elapsed = context.Clock.GetElapsedTime(began) };
        context.Observer.On(new PhaseChanged(WorkerPhase.Finished) { Worker = _name });
        context.Observer.On(new WorkerDone(result) { Worker = _name });
        return new RunReport { Workers = [result], Elapsed = result.Elapsed, Ended = result.Error?.Kind == ErrorKind.Interrupted ? ErrorKind.Interrupted : null };
    }

    private async Task<WorkerResult> TryAsync(SourceTree tree, StateStore store, ManagerState? state, CancellationToken cancellationToken)
    {
        try
        {
            Raise(new PhaseChanged(WorkerPhase.Connecting));
            var connect = context.Connect ?? new WorkerConnector(_config, context.Observer, context.AskHostKey, context.Clock).ConnectAsync;
            await using var worker = new ReadOnlyWorker(await connect(request.From, null, cancellationToken));
            var local = OpenManager(tree.RealPath);
            await using var manager = _config.DryRun ? new ReadOnlyWorker(local) : local;
            return await AdoptAsync(new AdoptionSides(worker, manager, tree), store.LoadTarget(WorkerRelease.TargetKey(request.From)), state, cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return WorkerFailure.Interrupted(request.From, ErrorKind.Interrupted);
        }
        catch (Exception exception) when (WorkerFailure.Of(request.From, exception) is { } failed)
        {
            return failed;
        }
    }

    private async Task<WorkerResult> AdoptAsync(AdoptionSides sides, TargetState? known, ManagerState? state, CancellationToken cancellationToken)
    {
        Raise(new PhaseChanged(WorkerPhase.Comparing));
        var filters = new FilterSet(_config.Exclude, _config.Protect);
        var look = await WorkerLook.ReadAsync(sides.Worker, LookDepth.Everything, cancellationToken);
        await new TargetGuard(sides.Tree, filters, _config, request.From).CheckAsync(sides.Worker, look, known, cancellationToken);
        if (!look.TargetExists)
        {
            throw new DepSyncException(ErrorKind.Target, $"The worker has no {sides.Worker.Place.CanonicalPath}: there is nothing to adopt.", "look at its line in the workers list");
        }
        OtherOwner = look.Owner is { } owner && owner.Manager != state?.Id ? owner : null;
        GuardCutOff(look);
        var comparer = new AdoptionComparer(request, sides, filters);
        var comparison = await comparer.CompareAsync(look.Manifest, state?.MountPoints ?? [], cancellationToken);
        TellFindings(look, comparison);
        if (!_config.DryRun)
        {
            return await new AdoptionCommit(request, context, sides).RunAsync(comparer, comparison, look, cancellationToken);
        }
        return Planned(comparison.Plan) with { Generation = look.Manifest?.Generation };
    }

    /// <summary>A tree between two pushes is whole file by file, and still not one tree: what was to move may be gone from its old place and not yet at its new one.</summary>
    private void GuardCutOff(WorkerLook look)
    {
        if (!look.HasLeftovers)
        {
            return;
        }
        const string What = "A push to the worker was cut off, or is under way: its tree may be between two generations.";
        if (request.Extras == Extras.Remove)
        {
            throw new DepSyncException(ErrorKind.Guard, What, "Adopt from another worker, let its manager push once more, or leave --delete out");
        }
        Tell(NoteLevel.Warning, What);
    }

    private void TellFindings(WorkerLook look, AdoptionPlan comparison)
    {
        var drift = comparison.Plan.Changes.Count(change => change.Reason == ChangeReason.Drift);
        if (look.Manifest is null)
        {
            Tell(NoteLevel.Warning, "the worker has no manifest that could be read, so nothing tells whether what it holds is what was pushed");
        }
        else if (drift > 0)
        {
            Tell(NoteLevel.Warning, $"{drift} of the changes are drift: the worker does not hold there what was pushed to it; they are adopted as they are (--json and the log name each)");
        }
        if (comparison.Extras > 0)
        {
            Tell(NoteLevel.Warning, $"{comparison.Extras} {(comparison.Extras == 1 ? "entry that the worker does not have stays" : "entries that the worker does not have stay")}; --delete removes what only the manager directory has");
        }
    }

    private WorkerResult Planned(SyncPlan plan)
    {
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
        var result = WorkerSummary.Of(_name, WorkerStatus.Unchanged, plan.Changes, plan.Problems) with { Deferred = plan.Deferred.Count };
        return result.Status == WorkerStatus.Unchanged && result.HasDifferences ? result with { Status = WorkerStatus.Planned } : result;
    }

    private void Tell(NoteLevel level, string message) => Raise(new Note(level, message));

    private void Raise(RunEvent runEvent) => context.Observer.On(runEvent with { Worker = _name });
}
