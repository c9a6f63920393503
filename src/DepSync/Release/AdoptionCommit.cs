using System.Runtime.ExceptionServices;
using DepSync.Model;
using DepSync.Scanning;
using DepSync.Workers;

namespace DepSync.Release;

/// <summary>
/// The part of an adoption that writes: stages into <c>.depsync/</c> of the manager directory, then one rename each. Until the first rename everything can be dropped; from
/// then on it finishes, or the next adoption clears up. One use.
/// </summary>
internal sealed class AdoptionCommit(AdoptionRequest request, RunContext context, AdoptionSides sides)
{
    private readonly string _name = request.From.Name;
    private readonly FlushMode _flush = request.Config.Durable ? FlushMode.Durable : FlushMode.Never;
    private bool _hasBegun;

    /// <param name="look">The worker's records when it was listed: what is committed must be a tree that no push has changed since.</param>
    /// <exception cref="DepSyncException">Target, LockHeld; before the first rename nothing is left of it.</exception>
    public async Task<WorkerResult> RunAsync(AdoptionComparer comparer, AdoptionPlan comparison, WorkerLook look, CancellationToken cancellationToken)
    {
        Raise(new PhaseChanged(WorkerPhase.Claiming));
        await ClearUpAsync(cancellationToken);
        if (comparison.Plan.IsEmpty)
        {
            Tell(comparison.Plan, null);
            return Summary(comparison.Plan, null, 0);
        }
        var here = await WorkerLook.ReadAsync(sides.Manager, LookDepth.WithoutManifest, cancellationToken);
        var folder = await AdoptionFolder.CreateAsync(sides.Manager, here);
        try
        {
            var staged = await StageAsync(folder, comparison, cancellationToken);
            cancellationToken.ThrowIfCancellationRequested();
            await RefuseMovedAsync(look, cancellationToken);
            comparison = After(staged, comparer, comparison, look.Manifest);
            return await CommitAsync(folder, comparison, staged.WithoutHeldReplacements(comparison.Plan), here);
        }
        catch (Exception exception)
        {
            if (!_hasBegun)
            {
                await DropAsync(folder);
            }
            ExceptionDispatchInfo.Throw(exception);
            throw;
        }
    }

    /// <summary>The plan that is left once everything was staged: what changed or could not be read meanwhile holds back removals, as in a push.</summary>
    private static AdoptionPlan After(StagedRelease staged, AdoptionComparer comparer, AdoptionPlan comparison, Manifest? manifest)
    {
        if (staged.Deferred.Count + staged.Unreadable.Count == 0)
        {
            return comparison;
        }
        var deferred = staged.Deferred.ToDictionary(entry => entry.Path);
        var known = comparison.Worker.WithEntries(entry => deferred.GetValueOrDefault(entry.Path, entry)).WithProblems(staged.Unreadable);
        var replanned = comparer.Plan(known, comparison.Manager, manifest);
        return replanned with { Plan = replanned.Plan with { Problems = [.. replanned.Plan.Problems, .. staged.Unreadable] } };
    }

    private async Task ClearUpAsync(CancellationToken cancellationToken)
    {
        var left = await AdoptionFolder.FindLeftoversAsync(sides.Manager, cancellationToken);
        if (left.Count == 0)
        {
            return;
        }
        var folders = left.ToDictionary(number => number, WorkerLayout.Adoption);
        var leftovers = new Leftovers(sides.Manager, request.Config.KeepGenerations);
        var cleared = await leftovers.RecoverAsync(folders);
        var troubles = await leftovers.ClearAsync(folders);
        Tell(NoteLevel.Notice, $"cleared up what an adoption left that was cut off{(cleared.HasCommitted ? "; what it had replaced is kept" : "")}");
        foreach (var trouble in cleared.Troubles.Concat(troubles).Distinct())
        {
            Tell(NoteLevel.Warning, trouble);
        }
    }

    private async Task<StagedRelease> StageAsync(AdoptionFolder folder, AdoptionPlan comparison, CancellationToken cancellationToken)
    {
        Raise(new PhaseChanged(WorkerPhase.Staging));
        var items = StagingLayout.Build(comparison.Plan, comparison.Manager, folder.Folder);
        var stage = new StageRequest(items, folder.Folder, folder.Owner.Uid, folder.Owner.Gid, _flush) { Space = await StorageFailure.TryFreeSpaceAsync(sides.Manager, folder.Folder) };
        var meter = new StagingMeter(context.Observer, _name, context.Clock);
        return await new Stager(sides.Manager, new WorkerFileSource(sides.Worker), meter).StageAsync(stage, cancellationToken);
    }

    private async Task RefuseMovedAsync(WorkerLook then, CancellationToken cancellationToken)
    {
        var now = await WorkerLook.ReadAsync(sides.Worker, LookDepth.WithoutManifest, cancellationToken);
        if (Push(now) != Push(then) || !now.Runs.SequenceEqual(then.Runs) || !now.Fenced.SequenceEqual(then.Fenced))
        {
            throw new DepSyncException(ErrorKind.Target, "the worker was pushed to while it was read; nothing was adopted", "stop the other manager's cron line, then run it again");
        }
    }

    private static (string?, long?) Push(WorkerLook look) => (look.Owner?.Run, look.Owner?.Number);

    private async Task<WorkerResult> CommitAsync(AdoptionFolder folder, AdoptionPlan comparison, StagedRelease staged, WorkerLook here)
    {
        Raise(new PhaseChanged(WorkerPhase.Committing));
        var plan = comparison.Plan;
        var commit = CommitPlanner.Build(new CommitCase(plan, comparison.Worker, comparison.Manager, staged.Ready, folder.Folder, folder.Owner.Uid) { RootTouched = !here.FolderExists });
        if (commit.LiveSteps + commit.Unlocked.Count > 0)
        {
            var journal = new CommitJournal(folder.Number, commit.Kept, commit.Unlocked);
            await SmallFile.WriteNewAsync(sides.Manager, WorkerLayout.Journal(folder.Folder), journal.ToBytes(), _flush);
        }
        await folder.EnsureHeldAsync();
        _hasBegun = true;
        var report = new CommitReport(context.Observer, _name, folder.Owner.Uid) { Clock = context.Clock, Flush = _flush };
        var outcome = await new Committer(sides.Manager, folder, report).CommitAsync(commit, plan, staged);
        Tell(plan, outcome);
        await RetireAsync(folder);
        return Summary(plan, outcome, staged.BytesSent);
    }

    /// <summary>The adoption is done by now, so what fails here is told and left to the next one.</summary>
    private async Task RetireAsync(AdoptionFolder folder)
    {
        try
        {
            await folder.RetireAsync(request.Config.KeepGenerations);
        }
        catch (WorkerFileException exception)
        {
            Tell(NoteLevel.Warning, $"the adoption is done, but {folder.Folder} could not be put away: {exception.Message}");
        }
    }

    private static async Task DropAsync(AdoptionFolder folder)
    {
        try
        {
            await folder.DropAsync();
        }
        catch (WorkerFileException)
        {
            // The failure that led here is told; the next adoption clears up.
        }
    }

    private void Tell(SyncPlan plan, CommitOutcome? outcome)
    {
        foreach (var change in outcome?.Done ?? [])
        {
            Raise(new EntryChanged(change));
        }
        foreach (var entry in plan.Deferred)
        {
            Raise(new EntryDeferred(entry));
        }
        foreach (var problem in plan.Problems.Concat(outcome?.Problems ?? []))
        {
            Raise(new EntryFailed(problem));
        }
    }

    private WorkerResult Summary(SyncPlan plan, CommitOutcome? outcome, long bytesRead) =>
        WorkerSummary.Of(_name, outcome is null ? WorkerStatus.Unchanged : WorkerStatus.Synced, outcome?.Done ?? [], [.. plan.Problems, .. outcome?.Problems ?? []]) with
        {
            BytesSent = bytesRead,
            Deferred = plan.Deferred.Count,
            DeletesHeld = plan.HeldDeletes.Count + (outcome?.Held.Count ?? 0),
            CommitTime = outcome?.LiveTime ?? TimeSpan.Zero,
        };

    private void Tell(NoteLevel level, string message) => Raise(new Note(level, message));

    private void Raise(RunEvent runEvent) => context.Observer.On(runEvent with { Worker = _name });
}
