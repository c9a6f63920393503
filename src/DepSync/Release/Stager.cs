using System.Collections.Concurrent;
using DepSync.Model;
using DepSync.Scanning;
using DepSync.Workers;

namespace DepSync.Release;

/// <summary>
/// Brings what a plan creates or replaces into the run folder's <c>new/</c>; writes nowhere else. Files go in parallel, bounded by number and by bytes.
/// </summary>
internal sealed class Stager(IWorkerFileSystem files, IFileSource source, StagingMeter meter)
{
    /// <summary>
    /// From here on the filesystem is flushed at once, where the worker can. Measured over loopback to ext4 on a virtual disk, pushes of 4 KiB files, medians of three, each flushed against
    /// all at once: 64 files 129 and 131 ms, 128 files 157 and 168, 512 files 308 and 237. So they are even near 200; a slower disk pays earlier, a distant worker later, for its three
    /// commands take some five round trips.
    /// </summary>
    public const int ItemsForOneFlush = 256;

    /// <exception cref="DepSyncException">The worker cannot take what is to be sent (Target): no space, no inodes, read-only, quota. The message tells the free space.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; the run folder is to be dropped.</exception>
    public async Task<StagedRelease> StageAsync(StageRequest request, CancellationToken cancellationToken)
    {
        var bytes = request.Items.Where(item => item.Change.Kind == EntryKind.File).Sum(item => item.Change.Source!.Size);
        cancellationToken.ThrowIfCancellationRequested();
        CheckSpace(request.Space, bytes);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var outcome = new StageOutcome();
        meter.Begin(bytes, request.Items.Count(item => item.Change.Kind == EntryKind.File));
        var shell = new ShellProbe(files, request.RunFolder);
        var flush = FlushModeAsync(request, shell, cancellationToken);
        await StageFoldersAndLinksAsync(request, outcome, stop.Token);
        request = request with { Flush = await flush };
        await StageFilesAsync(new FileStaging(request, shell, outcome), stop);
        request = request with { Flush = await new StagingFlush(files, request).RunAsync(bytes, outcome.GuardAsync, stop.Token) };
        return outcome.Finish(request.Items, meter.BytesSent) with { Flush = request.Flush };
    }

    /// <summary>Whether the worker's programs are of use is asked while folders are made.</summary>
    private static async Task<FlushMode> FlushModeAsync(StageRequest request, ShellProbe shell, CancellationToken cancellationToken) =>
        request.Flush == FlushMode.Durable && request.Items.Count >= ItemsForOneFlush && await shell.Answer.WaitAsync(cancellationToken) ? FlushMode.AtOnce : request.Flush;

    private async Task StageFoldersAndLinksAsync(StageRequest request, StageOutcome outcome, CancellationToken cancellationToken)
    {
        foreach (var flight in request.Items.Where(item => item.Change.Kind != EntryKind.File).Chunk(files.Capabilities.FilesInFlight))
        {
            await Task.WhenAll(flight.Select(item => outcome.GuardAsync(item, () => StageOneAsync(item, request, cancellationToken))).ToList());
        }
    }

    private async Task StageOneAsync(StagedItem item, StageRequest request, CancellationToken cancellationToken)
    {
        var entry = item.Change.Source!;
        if (entry.Kind == EntryKind.Directory)
        {
            var made = files.CreateDirectoryAsync(item.Staged, WorkerLayout.FolderMode, cancellationToken).AsTask();
            var owner = TryOwnAsync(item, request, cancellationToken);
            var isNew = await made;
            await owner;
            if (!isNew)
            {
                throw FileStager.Taken(item.Staged, null);
            }
            return;
        }
        await files.CreateSymlinkAsync(item.Staged, entry.LinkTarget, cancellationToken);
        if (files.Capabilities.LinkTimes)
        {
            await TryOwnAsync(item, request, cancellationToken);
            await files.SetAttributesAsync(item.Staged, EntryKind.Symlink, new AttributeChange(Seconds: entry.WorkerSeconds), cancellationToken);
        }
    }

    /// <summary>So many files under way, each followed by the next one on the thread that hears of its end.</summary>
    private async Task StageFilesAsync(FileStaging staging, CancellationTokenSource stop)
    {
        var (request, shell, outcome) = staging;
        var stager = new FileStager(files, source, request, new ByteBudget(files.Capabilities.BytesInFlight));
        var deltas = request.Deltas is null ? null : new DeltaStager(files, source, stager, request.Deltas) { Shell = shell };
        if (request.Flush == FlushMode.AtOnce && !request.Items.Any(item => deltas?.MayPutTogether(item) ?? false))
        {
            // Where staged files are hashed that is the next command.
            files.ExpectFlush();
        }
        var waiting = new ConcurrentQueue<StagedItem>(request.Items.Where(item => item.Change.Kind == EntryKind.File));
        // Not on the thread that reads the main session's answers, which sends for it only once it has handed all of them out: what is begun here is read and hashed first.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        var open = new ByteBudget(files.Capabilities.FilesInFlight);
        var underWay = Math.Max(files.Capabilities.FilesUnderWay, files.Capabilities.FilesInFlight);
        await Task.WhenAll(Enumerable.Range(0, Math.Min(underWay, waiting.Count)).Select(_ => StageWaitingAsync(new StagingSlot(open, meter, stop.Token))).ToList());

        async Task StageWaitingAsync(StagingSlot slot)
        {
            try
            {
                while (!waiting.IsEmpty)
                {
                    await slot.EnterAsync();
                    if (!waiting.TryDequeue(out var item))
                    {
                        slot.Leave();
                        break;
                    }
                    stop.Token.ThrowIfCancellationRequested();
                    try
                    {
                        if (deltas is null || !await deltas.TryStageAsync(item, meter, stop.Token))
                        {
                            outcome.Defer(item, await stager.StageAsync(item, slot));
                        }
                        meter.FileDone();
                    }
                    catch (Exception exception) when (outcome.Takes(item, exception))
                    {
                        if (outcome.FailedWriting(item) is { } refusal)
                        {
                            throw await StorageFailure.DiagnoseAsync(files, request.RunFolder, refusal);
                        }
                    }
                    finally
                    {
                        slot.Leave();
                    }
                }
            }
            catch
            {
                await stop.CancelAsync();
                throw;
            }
        }
    }

    /// <summary>A worker that fills up hurts the server on it before it hurts the push, so what cannot fit is not begun.</summary>
    private static void CheckSpace(FreeSpace? free, long bytes)
    {
        if (bytes > 0 && free is { } space && (space.ReadOnly || space.Bytes < (ulong)bytes))
        {
            throw StorageFailure.Explain(space, $"{bytes} bytes are to be staged");
        }
    }

    /// <summary>An owner that the login may not set is no failure: the entry is then the login's own.</summary>
    private Task TryOwnAsync(StagedItem item, StageRequest request, CancellationToken cancellationToken) => request.OwnerFor(item) is { } owner
        ? WorkerFileException.IgnoreAsync(files.SetAttributesAsync(item.Staged, item.Change.Kind, owner, cancellationToken).AsTask())
        : Task.CompletedTask;

    private sealed record FileStaging(StageRequest Request, ShellProbe Shell, StageOutcome Outcome);

    /// <summary>Collects what became of each item; safe for concurrent calls.</summary>
    private sealed class StageOutcome
    {
        private readonly ConcurrentDictionary<RelativePath, WorkerFileException> _refused = new();
        private readonly ConcurrentDictionary<RelativePath, string> _unreadable = new();
        private readonly ConcurrentDictionary<RelativePath, FileEntry> _deferred = new();

        public async Task GuardAsync(StagedItem item, Func<Task> stage)
        {
            try
            {
                await stage();
            }
            catch (Exception exception) when (Takes(item, exception))
            {
            }
        }

        /// <summary>Keeps a failure of this item alone; false for one of the worker, or of the run.</summary>
        public bool Takes(StagedItem item, Exception failure)
        {
            if (failure is WorkerFileException refusal)
            {
                _refused[item.Change.Path] = refusal;
            }
            else if (failure is IOException)
            {
                _unreadable[item.Change.Path] = failure.Message;
            }
            return failure is WorkerFileException or IOException;
        }

        /// <summary>A failure that SFTP does not explain, of an item whose folder is there: most likely the worker has no room.</summary>
        public WorkerFileException? FailedWriting(StagedItem item) =>
            _refused.TryGetValue(item.Change.Path, out var refusal) && refusal.Error == WorkerFileError.Failure && !_refused.ContainsKey(item.Change.Path.Parent) ? refusal : null;

        public void Defer(StagedItem item, Deferral deferral)
        {
            if (deferral != Deferral.None)
            {
                _deferred[item.Change.Path] = item.Change.Source! with { Deferral = deferral };
            }
        }

        public StagedRelease Finish(IReadOnlyList<StagedItem> items, long bytesSent)
        {
            var ready = new List<StagedItem>();
            var problems = new List<Problem>();
            var unreadable = new List<Problem>();
            var failed = new HashSet<RelativePath>();
            foreach (var item in items)
            {
                var path = item.Change.Path;
                if (failed.Contains(path.Parent))
                {
                    failed.Add(path);
                }
                else if (_refused.TryGetValue(path, out var refusal))
                {
                    failed.Add(path);
                    problems.Add(new Problem(path, $"could not be staged: {refusal.Message}"));
                }
                else if (_unreadable.TryGetValue(path, out var reason))
                {
                    unreadable.Add(new Problem(path, $"cannot be read: {reason}"));
                }
                else if (!_deferred.ContainsKey(path))
                {
                    ready.Add(item);
                }
            }
            return new StagedRelease
            {
                Ready = ready,
                Deferred = [.. _deferred.Values.OrderBy(entry => entry.Path)],
                Problems = problems,
                Unreadable = unreadable,
                BytesSent = bytesSent,
            };
        }
    }
}
