using System.Runtime.ExceptionServices;
using DepSync.Model;
using DepSync.Planning;
using DepSync.State;
using DepSync.Workers;

namespace DepSync.Release;

/// <summary>What one worker's release starts from once it is decided that something is to be done.</summary>
internal sealed record ReleaseCase
{
    public required string Worker { get; init; }

    /// <summary>Under which its state is kept.</summary>
    public required string TargetKey { get; init; }

    public required WorkerLook Look { get; init; }

    /// <summary>What was found before the claim; null when it is known without a listing that there is something to send.</summary>
    public required WorkerComparison? Comparison { get; init; }

    public required WorkerOutlook Outlook { get; init; }
}

/// <summary>
/// One worker from the claim to the finished generation: claim, list and plan again, stage, commit, record. Until the commit everything can be dropped; from then on it
/// finishes or the next run rolls forward.
/// </summary>
internal sealed class ClaimedRelease(FleetCase fleet, IWorkerFileSystem files, ReleaseCase release)
{
    private readonly string _worker = release.Worker;
    private readonly Leftovers _leftovers = new(files, fleet.Config.KeepGenerations);
    private bool _isUnchanged;

    /// <summary>Whether the live tree may have been changed: then nothing is tried a second time in this run.</summary>
    public bool HasBegunCommit { get; private set; }

    /// <summary>What the live tree has by now, when a later step of the same release fails; null before the commit is through.</summary>
    public WorkerResult? Committed { get; private set; }

    /// <exception cref="DepSyncException">Guard, Fenced, Duplicate, Target; before the commit our folder is gone from the worker again.</exception>
    /// <exception cref="OperationCanceledException">Cancelled before the commit; likewise.</exception>
    public async Task<WorkerResult> RunAsync(CancellationToken cancellationToken)
    {
        Phase(WorkerPhase.Claiming);
        var rules = new WorkerComparer(fleet, files).Rules();
        if (!release.Look.TargetExists && await files.CreateDirectoryAsync(RelativePath.Root, 0b111_101_101, CancellationToken.None))
        {
            fleet.Tell(_worker, NoteLevel.Notice, $"created the target {files.Place.CanonicalPath}");
            rules = rules with { TargetCreated = true };
        }
        var known = fleet.Store.LoadTarget(release.TargetKey)?.Number ?? 0;
        var claim = await Claim.TakeAsync(files, Claimant(), Math.Max(known, release.Look.HighestNumber), cancellationToken);
        await using var records = new RunRecords(fleet, files, claim);
        try
        {
            return await RunClaimedAsync(new Claimed(claim, records), rules, cancellationToken);
        }
        catch (Exception exception) when (exception is not WorkerLostException)
        {
            await claim.Room.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await records.SettleAsync();
            var fenced = await claim.FenceBehindAsync(exception);
            if (!HasBegunCommit)
            {
                await claim.DropAsync();
            }
            ExceptionDispatchInfo.Throw(fenced ?? exception);
            throw;
        }
    }

    private async Task<WorkerResult> RunClaimedAsync(Claimed claimed, PlanRules rules, CancellationToken cancellationToken)
    {
        var (claim, records) = claimed;
        var manifest = release.Look.Manifest;
        var earlier = release.Comparison;
        await using var announced = files.Expect(earlier is null ? default : StagingLoad(earlier.Plan));
        var wasShared = claim.Fenced.Count > 0 || release.Look.HasLeftovers || claim.PreviousOwner?.Number != release.Look.Owner?.Number;
        // Of the last run that finished, or else read while one was about to: then it may be of the time before it.
        if (wasShared || manifest?.Number != claim.PreviousOwner?.Number)
        {
            manifest = await WorkerLook.ReadManifestAsync(files, cancellationToken);
        }
        if (wasShared)
        {
            earlier = earlier is null ? null : earlier with { ReadBack = new Dictionary<RelativePath, Digest>() };
        }
        if (claim.Fenced.Count > 0)
        {
            var left = await _leftovers.RecoverAsync(Folders(claim.Fenced));
            var kept = left.HasCommitted ? "; what it had replaced is kept" : "";
            fleet.Tell(_worker, NoteLevel.Notice, $"rolled forward what run number {string.Join(", ", claim.Fenced)} left when it was cut off{kept}");
            TellTroubles(left.Troubles);
            manifest = left.WithoutReplaced(manifest);
        }
        if (earlier is null || earlier.Plan is { IsEmpty: false, Deferred.Count: 0, HeldDeletes.Count: 0, Problems.Count: 0 })
        {
            records.Begin(manifest, release.Outlook.Record, cancellationToken);
        }
        var comparing = new WorkerComparer(fleet, files) { Scratch = claim.Folder, Expected = ReferenceEquals(manifest, release.Outlook.Known?.Manifest) ? release.Outlook.Expected : null }.CompareAsync(manifest, rules, earlier, cancellationToken);
        var space = StorageFailure.TryFreeSpaceAsync(files, claim.Folder);
        await Task.WhenAll(comparing, claim.Room, space);
        var comparison = await comparing;
        var source = await fleet.Source;
        _isUnchanged = comparison.Plan.IsEmpty && ManifestBuilder.IsCurrent(comparison.ExpectedRecord(source)) && claim.PreviousOwner is not null;
        // After a fence the records are written whatever the plan says: what was fenced goes only once owner.json tells that its number is used up.
        if (_isUnchanged && claim.Fenced.Count == 0)
        {
            Tell(comparison, null);
            await records.SettleAsync();
            await FinishAsync(claim);
            return Summary(WorkerStatus.Unchanged, comparison, null, 0) with { Generation = comparison.Manifest?.Generation };
        }
        await using var expecting = files.Expect(StagingLoad(comparison.Plan));
        Phase(WorkerPhase.Staging);
        var meter = new StagingMeter(fleet.Context.Observer, _worker, fleet.Context.Clock);
        var items = StagingLayout.Build(comparison.Plan, comparison.Worker, claim.Folder);
        var request = new StageRequest(items, claim.Folder, claim.Uid, claim.Gid, fleet.Flush)
        {
            Space = await space,
            Deltas = fleet.Deltas is { } deltas && files.Capabilities.CopyRange ? new DeltaCase(deltas, comparison.Worker, (level, message) => fleet.Tell(_worker, level, message), fleet.Context.Clock) : null,
        };
        var staged = await new Stager(files, fleet.Tree, meter).StageAsync(request, cancellationToken);
        cancellationToken.ThrowIfCancellationRequested();
        comparison = comparison.After(staged, source, rules);
        // Whatever was asked for by any way is answered before the first rename.
        await announced.DisposeAsync();
        await expecting.DisposeAsync();
        return await CommitAsync(claimed, comparison, staged.WithoutHeldReplacements(comparison.Plan));
    }

    /// <summary>What is going to be sent, about: of a file that is put together from its old version hardly anything.</summary>
    private WorkLoad StagingLoad(SyncPlan plan)
    {
        var hasDeltas = fleet.Deltas is not null && files.Capabilities.CopyRange;
        var sizes = plan.Changes.Where(change => change is { Kind: EntryKind.File, Action: ChangeAction.Create or ChangeAction.Update or ChangeAction.Retype, Source: not null })
            .Where(change => !hasDeltas || change.Action != ChangeAction.Update || change.Source!.Size < SourceDeltas.SmallestFile)
            .Select(change => change.Source!.Size).ToList();
        return new WorkLoad { Files = sizes.Count, Bytes = sizes.Sum() };
    }

    private async Task<WorkerResult> CommitAsync(Claimed claimed, WorkerComparison comparison, StagedRelease staged)
    {
        var (claim, records) = claimed;
        Phase(WorkerPhase.Committing);
        var source = await fleet.Source;
        var commit = CommitPlanner.Build(new CommitCase(comparison.Plan, source, comparison.Worker, staged.Ready, claim.Folder, claim.Uid) { RootTouched = !release.Look.FolderExists });
        // In the same flights; all have ended before the first rename.
        var journal = commit.LiveSteps + commit.Unlocked.Count > 0 ? WriteJournalAsync(claim, commit) : Task.CompletedTask;
        var kept = claim.Fenced.Count == 0 ? new GenerationStore(files).TryListAsync(claim.Generations) : Task.FromResult<KeptGenerations?>(null);
        await Task.WhenAll(claim.ConfirmAsync(), journal, kept, records.StageOwnerAsync(comparison));
        HasBegunCommit = true;
        var report = new CommitReport(fleet.Context.Observer, _worker, claim.Uid) { Clock = fleet.Context.Clock, Flush = staged.Flush };
        var outcome = await new Committer(files, claim, report).CommitAsync(commit, comparison.Plan, staged);
        Tell(comparison, outcome);
        Committed = Summary(_isUnchanged ? WorkerStatus.Unchanged : WorkerStatus.Synced, comparison, outcome, staged.BytesSent) with
        {
            DeletesHeld = comparison.Plan.HeldDeletes.Count + outcome.Held.Count,
            CommitTime = outcome.LiveTime,
        };
        var published = await records.PublishAsync(comparison, outcome);
        if (records.NotFlushed is { } reason)
        {
            fleet.Tell(_worker, NoteLevel.Notice, $"{WorkerLayout.Folder} could not be brought to disk: {reason}");
        }
        // While the worker puts away what was replaced.
        var saving = SaveAsync(published.Copy);
        try
        {
            await RetireAsync(claim, new Retirement(published.Generation, outcome.HasKept, await kept) { MayHaveKept = commit.Kept.Count });
        }
        finally
        {
            await saving;
        }
        return Committed with { Generation = published.Generation };
    }

    private async Task SaveAsync(ManifestCopy copy)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        fleet.Store.SaveManifest(release.TargetKey, copy);
    }

    private async Task WriteJournalAsync(Claim claim, CommitPlan commit) =>
        await SmallFile.WriteNewAsync(files, WorkerLayout.Journal(claim.Folder), new CommitJournal(claim.Number, commit.Kept, commit.Unlocked).ToBytes(), fleet.Flush);

    /// <summary>The push is done and recorded by now, so what fails here is told and left to the next run.</summary>
    private async Task RetireAsync(Claim claim, Retirement retirement)
    {
        bool hasLeft;
        try
        {
            hasLeft = await KeepAsync(claim, retirement);
        }
        catch (Exception exception) when (exception is WorkerFileException or WorkerLostException)
        {
            fleet.Tell(_worker, NoteLevel.Warning, $"the push is done, but what it replaced could not be put away, and the next run tries again: {exception.Message}");
            return;
        }
        if (!hasLeft)
        {
            await FinishAsync(claim);
        }
    }

    /// <summary>Whether our folder is gone already: it goes in the flight that moves what it keeps out of it, unless something is left to be done that the next run is to find undone.</summary>
    private async Task<bool> KeepAsync(Claim claim, Retirement retirement)
    {
        var keep = fleet.Config.KeepGenerations;
        var store = new GenerationStore(files);
        // Before ours, which may make the folder of their generation. A run with a number above ours, which claimed while we did, is left to the next run: our number in owner.json does not tell that its number is used up.
        TellTroubles(await _leftovers.ClearAsync(Folders(claim.Fenced.Where(number => number < claim.Number))));
        var kept = retirement.Before;
        // What was done and called a failure is nobody's copy but ours.
        var hasKept = retirement.HasKept || (retirement.MayHaveKept > 0 && await files.ListAsync(WorkerLayout.Old(claim.Folder), retirement.MayHaveKept, CancellationToken.None) is { Count: > 0 });
        if (!hasKept || keep == 0)
        {
            await store.PruneAsync(keep, kept);
            return false;
        }
        var keeping = store.KeepAsync(claim.Folder, claim.Number, retirement.Generation);
        // In its flight begins what most likely follows from it: what is too much then goes, or, where nothing is, our folder.
        var likely = kept?.With(GenerationStore.Added(claim.Number, retirement.Generation));
        var beyond = likely?.Beyond(keep).ToList();
        var pruning = beyond is { Count: > 0 } ? store.PruneAsync(keep, likely) : Task.CompletedTask;
        var leaving = beyond is { Count: 0 } ? claim.TryLeaveAsync() : Task.FromResult(false);
        await Task.WhenAll(pruning, leaving).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        var added = await keeping;
        await pruning;
        kept = added is null ? null : kept?.With(added);
        if (beyond is null || kept is null || !kept.Beyond(keep).SequenceEqual(beyond))
        {
            await store.PruneAsync(keep, kept);
        }
        return added is not null && await leaving;
    }

    /// <summary>The right to change the worker, and what is left of it in the end.</summary>
    private sealed record Claimed(Claim Claim, RunRecords Records);

    /// <summary>What is to be put away of a push, as which generation. <paramref name="Before"/>: what was kept before; null when that has to be listed again.</summary>
    private sealed record Retirement(long Generation, bool HasKept, KeptGenerations? Before)
    {
        /// <summary>How many entries were to be kept.</summary>
        public int MayHaveKept { get; init; }
    }

    private static Dictionary<long, RelativePath> Folders(IEnumerable<long> fenced) => fenced.ToDictionary(number => number, WorkerLayout.Fenced);

    private void TellTroubles(IReadOnlyList<string> troubles)
    {
        foreach (var trouble in troubles)
        {
            fleet.Tell(_worker, NoteLevel.Warning, trouble);
        }
    }

    /// <summary>Drops our folder; what is left of it when that fails is the next run's to roll forward.</summary>
    private async Task FinishAsync(Claim claim)
    {
        try
        {
            await claim.AbandonAsync();
        }
        catch (Exception exception) when (exception is WorkerFileException or WorkerLostException)
        {
            fleet.Tell(_worker, NoteLevel.Warning, $"{claim.Folder} could not be removed: {exception.Message}");
        }
    }

    private Claimant Claimant() => new()
    {
        Manager = fleet.Identity.Current,
        Run = fleet.Context.Run,
        Worker = _worker,
        Takes = fleet.Config.Takeover,
        Flush = fleet.Flush,
        Clock = fleet.Context.Clock,
        Siblings = fleet.Siblings,
        RecordNumber = RecordNumber,
        NoteNewerEpoch = (owner, at) => fleet.Identity.Fence(owner, _worker, at),
    };

    private void RecordNumber(long number)
    {
        var state = fleet.Store.LoadTarget(release.TargetKey) ?? TargetState.Create(release.TargetKey);
        fleet.Store.SaveTarget(release.TargetKey, state with { Number = Math.Max(state.Number, number) });
    }

    private void Tell(WorkerComparison comparison, CommitOutcome? outcome)
    {
        if (NameText.Of(comparison.Worker.Names) is { } names)
        {
            fleet.Tell(_worker, NoteLevel.Notice, names);
        }
        foreach (var change in outcome?.Done ?? [])
        {
            Raise(new EntryChanged(change));
        }
        foreach (var entry in comparison.Plan.Deferred)
        {
            Raise(new EntryDeferred(entry));
        }
        foreach (var problem in comparison.Plan.Problems.Concat(outcome?.Problems ?? []))
        {
            Raise(new EntryFailed(problem));
        }
    }

    private WorkerResult Summary(WorkerStatus status, WorkerComparison comparison, CommitOutcome? outcome, long bytesSent) =>
        WorkerSummary.Of(_worker, status, outcome?.Done ?? [], [.. comparison.Plan.Problems, .. outcome?.Problems ?? []]) with
        {
            BytesSent = bytesSent,
            Deferred = comparison.Plan.Deferred.Count,
            DeletesHeld = comparison.Plan.HeldDeletes.Count,
        };

    private void Raise(RunEvent runEvent) => fleet.Context.Observer.On(runEvent with { Worker = _worker });

    private void Phase(WorkerPhase phase) => Raise(new PhaseChanged(phase));
}
