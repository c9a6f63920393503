using DepSync.Model;
using DepSync.Workers;

namespace DepSync.Release;

/// <summary>
/// Makes what is staged live: the only writer of a worker's live tree. Each change is one rename out of <c>new/</c> or into <c>old/</c>, many in one flight; attributes of
/// entries that stay come last. Not cancelled: it finishes, or the next run rolls forward.
/// </summary>
internal sealed class Committer(IWorkerFileSystem files, IRunFolder run, CommitReport report)
{
    /// <summary>Renames in one flight: the window of a commit stays a few round trips whatever their number, and the server's queue short.</summary>
    private const int InFlight = 512;

    private const int OwnerWrite = 0b010_000_000;

    /// <summary>How many entries lie in <c>old/</c> that stood in the live tree, as far as the worker said so.</summary>
    private int _kept;

    /// <summary>Whether the run folder was seen behind the last rename.</summary>
    private bool _isHeld;

    /// <exception cref="DepSyncException">Fenced: another run took the worker over; what was done by then stays.</exception>
    /// <exception cref="WorkerLostException">The connection ended; the next run rolls forward.</exception>
    public async Task<CommitOutcome> CommitAsync(CommitPlan commit, SyncPlan plan, StagedRelease staged)
    {
        var ledger = new CommitLedger(plan, staged);
        await using var flush = new FolderFlush(files, report.NotFlushed);
        if (commit.LiveSteps > 0)
        {
            report.Limits(files.Capabilities);
        }
        await SetModesAsync([.. commit.Unlocked.Select(directory => directory with { Mode = directory.Mode | OwnerWrite })]);
        var began = report.Clock.GetTimestamp();
        await RunAsync(commit.OutOfTheWay, ledger.FailArrival);
        await RunAsync([.. commit.Arrivals.Where(step => !ledger.IsFailed(step.Path))], ledger.FailArrival, commit.Removals.Count == 0 ? OpenTouchedAsync : null);
        await PutBackAsync(commit, ledger);
        await RunAsync([.. commit.Removals.Where(step => !ledger.IsHeld(step.Path))], ledger.FailRemoval, OpenTouchedAsync);
        var liveTime = commit.LiveSteps == 0 ? TimeSpan.Zero : report.Clock.GetElapsedTime(began);
        if (!_isHeld)
        {
            await run.EnsureHeldAsync();
        }
        List<AttributeStep> attributes = [.. commit.Attributes.Where(step => !ledger.IsFailed(step.Path))];
        var settled = attributes.Select(step => step.Path).ToHashSet();
        List<UnlockedDirectory> locked = [.. commit.Unlocked.Where(directory => !settled.Contains(directory.Path) && ledger.Stays(directory.Path)).OrderByDescending(directory => directory.Path.Depth)];
        var setting = SetAttributesAsync(attributes, ledger);
        if (locked.Count > 0 || attributes.Count > InFlight || report.Flush == FlushMode.AtOnce)
        {
            await setting;
            await SetModesAsync(locked);
        }
        // Else in the same flight: each directory is brought to disk behind the attributes. A flush of everything goes another way and has no such order.
        await Task.WhenAll(setting, FlushAsync(commit, flush));
        var leftSeconds = await setting;
        return ledger.Finish(leftSeconds, liveTime) with { HasKept = _kept > 0 };

        Task OpenTouchedAsync() => report.Flush == FlushMode.Durable && commit.Unlocked.Count == 0 && commit.Touched.Count <= Math.Min(InFlight, files.Capabilities.FilesInFlight) / 2
            ? flush.OpenAsync(commit.ToFlush(run.Folder))
            : Task.CompletedTask;
    }

    private async Task SetModesAsync(IReadOnlyList<UnlockedDirectory> directories)
    {
        foreach (var flight in directories.Chunk(InFlight))
        {
            await Task.WhenAll(flight.Select(directory => TrySetAsync(directory.Path, EntryKind.Directory, new AttributeChange(directory.Mode))).ToList());
        }
    }

    /// <summary>What was moved out of the way of something that then did not arrive stands in the live tree again: a path is not left empty until the next run.</summary>
    private async Task PutBackAsync(CommitPlan commit, CommitLedger ledger)
    {
        var moved = commit.OutOfTheWay.OfType<CommitStep.MoveOut>().Select(step => (step.Path, step.Kept));
        if (!files.Capabilities.AtomicReplace)
        {
            moved = moved.Concat(commit.Arrivals.OfType<CommitStep.Replace>().Select(step => (step.Path, step.Kept)));
        }
        foreach (var (path, kept) in moved.Where(step => ledger.IsFailed(step.Path)))
        {
            try
            {
                if (await files.FindAsync(path, CancellationToken.None) is null)
                {
                    _isHeld = false;
                    _kept -= await RenameAsync(kept, path) ? 1 : 0;
                }
            }
            catch (WorkerFileException)
            {
                // It stays in old/, and the arrival that failed is told.
            }
        }
    }

    /// <param name="behind">Goes out in the last flight of them, behind the steps.</param>
    private async Task RunAsync(IReadOnlyList<CommitStep> steps, Action<RelativePath, string> fail, Func<Task>? behind = null)
    {
        var left = steps.Count;
        foreach (var flight in steps.Chunk(InFlight))
        {
            var running = flight.Select(RunAsync).ToList();
            left -= flight.Length;
            var last = left == 0 && behind is not null ? behind() : Task.CompletedTask;
            // Behind all else of the same flight: the folder was there for all of it, and nothing stands between the sight of it and what it allows.
            var held = run.EnsureHeldAsync();
            var results = await Task.WhenAll(running);
            await Task.WhenAll(held, last);
            _isHeld = true;
            var reasons = await Task.WhenAll(flight.Zip(results).Select(pair => ReasonAsync(pair.First, pair.Second)).ToList());
            foreach (var (step, reason) in flight.Zip(reasons).Where(pair => pair.Second is not null))
            {
                fail(step.Path, reason!);
            }
        }
    }

    /// <summary>Why a step is not done; null when it is. What was to go and is gone already is done.</summary>
    private async Task<string?> ReasonAsync(CommitStep step, StepResult result) => result switch
    {
        StepResult.Refused refused => await ExplainAsync(step, refused.Exception),
        StepResult.Absent when step is CommitStep.MoveIn or CommitStep.Replace => "it, or its folder, was taken away on the worker while the commit ran; the next run puts it right",
        _ => null,
    };

    /// <summary>The calls of a step are made before anything is awaited, so the steps of a flight take effect in their order. The last call tells what became of it.</summary>
    private async Task<StepResult> RunAsync(CommitStep step)
    {
        try
        {
            var done = step switch
            {
                CommitStep.MoveOut move => await TakeOutAsync(move.Path, move.Kept),
                CommitStep.MoveIn move => await RenameAsync(move.Staged, move.Path),
                CommitStep.Replace replace => await ReplaceAsync(replace),
                CommitStep.RemoveEmptied removed => await files.RemoveDirectoryAsync(removed.Path, CancellationToken.None),
                _ => throw new InvalidOperationException($"{step.GetType().Name} is not a step of a commit."),
            };
            return done ? StepResult.Ok : StepResult.Absent.Instance;
        }
        catch (WorkerFileException exception)
        {
            return new StepResult.Refused(exception);
        }
    }

    private async Task<bool> ReplaceAsync(CommitStep.Replace step)
    {
        var kept = !files.Capabilities.AtomicReplace ? TakeOutAsync(step.Path, step.Kept)
            : files.Capabilities.HardLinks ? KeepAsync(step)
            : Task.CompletedTask;
        var arrived = RenameAsync(step.Staged, step.Path).AsTask();
        await Task.WhenAll(kept, arrived);
        return await arrived;
    }

    /// <summary>A second name for the old version. Where the server refuses it (not ours, or no links on that filesystem) the file is replaced all the same, and told.</summary>
    private async Task KeepAsync(CommitStep.Replace step)
    {
        try
        {
            var isLinked = await files.LinkAsync(step.Path, step.Kept, CancellationToken.None);
            Interlocked.Add(ref _kept, isLinked ? 1 : 0);
        }
        catch (WorkerFileException exception)
        {
            report.NotKept(step.Path, exception.Message);
        }
    }

    private async Task<bool> TakeOutAsync(RelativePath path, RelativePath kept)
    {
        var moved = await RenameAsync(path, kept);
        Interlocked.Add(ref _kept, moved ? 1 : 0);
        return moved;
    }

    private ValueTask<bool> RenameAsync(RelativePath from, RelativePath to) => files.RenameAsync(from, to, CancellationToken.None);

    private async Task<Dictionary<RelativePath, long>> SetAttributesAsync(IReadOnlyList<AttributeStep> steps, CommitLedger ledger)
    {
        var left = new Dictionary<RelativePath, long>();
        foreach (var flight in steps.Chunk(InFlight))
        {
            var results = await Task.WhenAll(flight.Select(step => TrySetAsync(step.Path, step.Kind, step.Change)).ToList());
            var refused = flight.Zip(results).Where(pair => pair.Second is not null).ToList();
            var found = await Task.WhenAll(refused.Select(pair => TryFindAsync(pair.First.Path)).ToList());
            foreach (var ((step, failure), now) in refused.Zip(found))
            {
                if (now is null || (step.Change.Mode is { } mode && (mode & 0b111_111_111) != (now.Value.Mode & 0b111_111_111)) || step.Kind != EntryKind.Directory || !report.IsForeign(now.Value.Uid))
                {
                    ledger.FailEntry(step.Path, $"its attributes cannot be set: {report.Owner(now?.Uid)} ({failure!.Message})");
                    continue;
                }
                left[step.Path] = now.Value.Seconds;
                report.ForeignTime(step.Path, now.Value.Uid);
            }
        }
        report.MoreForeignTimes();
        return left;
    }

    private async Task<WorkerFileException?> TrySetAsync(RelativePath path, EntryKind kind, AttributeChange change)
    {
        if (!files.Capabilities.UnixModes)
        {
            change = change with { Mode = null };
        }
        try
        {
            await files.SetAttributesAsync(path, kind, change, CancellationToken.None);
            return null;
        }
        catch (WorkerFileException exception)
        {
            return exception;
        }
    }

    private async Task FlushAsync(CommitPlan commit, FolderFlush flush)
    {
        if (report.Flush == FlushMode.Never || commit.Touched.Count == 0 || (report.Flush == FlushMode.AtOnce && await files.FlushAllAsync(0, CancellationToken.None)))
        {
            return;
        }
        foreach (var flight in commit.ToFlush(run.Folder).Chunk(InFlight))
        {
            await flush.FlushAsync(flight);
        }
    }

    /// <summary>Null also when the worker refuses to tell.</summary>
    private async Task<WorkerEntry?> TryFindAsync(RelativePath path)
    {
        try
        {
            return await files.FindAsync(path, CancellationToken.None);
        }
        catch (WorkerFileException)
        {
            return null;
        }
    }

    private async Task<string> ExplainAsync(CommitStep step, WorkerFileException exception)
    {
        var folder = await TryFindAsync(step.Path.Parent);
        var entry = await TryFindAsync(step.Path);
        if (exception.Error == WorkerFileError.PermissionDenied)
        {
            var itself = entry is null ? "" : $"; itself: {report.Owner(entry.Value.Uid)}";
            return $"cannot be changed: its folder: {report.Owner(folder?.Uid)}{itself}";
        }
        var here = await StorageFailure.TryFreeSpaceAsync(files, step.Path.Parent);
        var own = await StorageFailure.TryFreeSpaceAsync(files, run.Folder);
        return here is { } there && own is { } ours && there.IsAnotherFilesystemThan(ours)
            ? "another filesystem is mounted at or above it on the worker, and a rename cannot cross that; list the mounted folder as a worker of its own, or exclude it"
            : $"cannot be changed: {exception.Message}";
    }

    /// <summary>What became of one step.</summary>
    private abstract record StepResult
    {
        public static StepResult Ok { get; } = new Completed();

        internal sealed record Completed : StepResult;

        internal sealed record Absent : StepResult
        {
            public static Absent Instance { get; } = new();
        }

        internal sealed record Refused(WorkerFileException Exception) : StepResult;
    }
}
