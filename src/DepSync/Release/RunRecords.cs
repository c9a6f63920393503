using DepSync.Model;
using DepSync.State;
using DepSync.Workers;

namespace DepSync.Release;

/// <summary>
/// What a push leaves of itself on the worker, manifest and owner.json. Both are staged in the run folder while the push goes on, as they are when it does all that it set out to do, and staged anew behind it
/// when it ended in any other way. Either way they are published behind everything else, the manifest before the owner record that vouches for it. One use.
/// </summary>
internal sealed class RunRecords(FleetCase fleet, IWorkerFileSystem files, Claim claim) : IAsyncDisposable
{
    private FolderFlush? _flush;
    private Task<StagedManifest?> _manifest = Task.FromResult<StagedManifest?>(null);
    private OwnFile? _owner;

    /// <summary>Begins to stage the manifest that will stand if all goes well. What fails of that is no failure: it is staged again behind the push, or another call tells.</summary>
    /// <param name="previous">What the worker's tree is compared with.</param>
    /// <param name="ahead">Written already, perhaps for another number or manifest.</param>
    public void Begin(Manifest? previous, Task<ManifestAhead?> ahead, CancellationToken cancellationToken) => _manifest = StageManifestAsync(previous, ahead, cancellationToken);

    /// <summary>Ends when nothing is under way any more.</summary>
    public async Task SettleAsync() => await ((Task)_manifest).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    /// <summary>Before the first rename: stages the owner record too, when nothing that is known by now speaks against the manifest, and opens the folder that is to be brought to disk when they are published.</summary>
    public async Task StageOwnerAsync(WorkerComparison comparison)
    {
        _flush = new FolderFlush(files, (_, message) => NotFlushed = message);
        await Task.WhenAll(fleet.Flush == FlushMode.Durable ? _flush.OpenAsync([WorkerLayout.Folder]) : Task.CompletedTask, TryStageOwnerAsync(comparison));
    }

    public ValueTask DisposeAsync() => _flush?.DisposeAsync() ?? ValueTask.CompletedTask;

    private async Task TryStageOwnerAsync(WorkerComparison comparison)
    {
        if (await _manifest is not { } staged || !staged.Content.Holds(claim.Number, await CaseAsync(comparison, null)))
        {
            return;
        }
        var owner = claim.Owner(staged.Content.Generation, staged.Content.Digest.ToString());
        try
        {
            await claim.StageAsync(owner);
            _owner = owner;
        }
        catch (WorkerFileException)
        {
            // Behind the push another one is staged.
        }
    }

    /// <summary>Behind the commit. A generation that is on disk is whole.</summary>
    /// <exception cref="DepSyncException">Fenced.</exception>
    /// <exception cref="WorkerFileException">They cannot be staged or published.</exception>
    public async Task<PublishedRecords> PublishAsync(WorkerComparison comparison, CommitOutcome outcome)
    {
        var ended = await CaseAsync(comparison, outcome);
        var (manifest, owner) = await _manifest is { } ahead && _owner is not null && ahead.Content.Holds(claim.Number, ended) ? (ahead, _owner) : await StageAnewAsync(ended);
        // In the flight of the renames, behind them.
        await Task.WhenAll(claim.PublishStagedAsync([manifest.File, owner]), fleet.Flush == FlushMode.Durable ? _flush!.FlushAsync([WorkerLayout.Folder]) : Task.CompletedTask);
        return new PublishedRecords(manifest.Content.Generation, new ManifestCopy(manifest.Content.Bytes, manifest.Content.Digest, manifest.Seconds));
    }

    /// <summary>Why <c>.depsync/</c> is not known to be on disk; null when it is, or need not be.</summary>
    public string? NotFlushed { get; private set; }

    private async Task<StagedManifest?> StageManifestAsync(Manifest? previous, Task<ManifestAhead?> ahead, CancellationToken cancellationToken)
    {
        // On another thread: the caller asks for the listing.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        OwnFile? file = null;
        try
        {
            var source = await fleet.Source;
            var content = await ahead is { } ready && ready.IsFor(claim.Number, previous) ? ready : ManifestAhead.Of(source, previous, claim.Number);
            await claim.Room;
            if (content is null)
            {
                return null;
            }
            file = claim.Manifest(content.Bytes);
            return new StagedManifest(content, file, (await claim.StageAsync(file, cancellationToken)).Seconds);
        }
        catch (WorkerFileException)
        {
            // A part of it would take room from what is to be staged.
            await WorkerFileException.IgnoreAsync(file is null ? Task.CompletedTask : files.RemoveFileAsync(file.Staged, CancellationToken.None).AsTask());
            return null;
        }
        catch (Exception exception) when (exception is DepSyncException or OperationCanceledException)
        {
            // Whoever goes on without it meets the same.
            return null;
        }
    }

    private async Task<(StagedManifest Manifest, OwnFile Owner)> StageAnewAsync(ManifestCase ended)
    {
        var entries = ManifestBuilder.Build(ended);
        var generation = ManifestBuilder.TellsTheSame(ended.Previous, entries) ? ended.Previous!.Generation : claim.Number;
        var bytes = ManifestFormat.Write(new Manifest { Number = claim.Number, Generation = generation, Entries = entries });
        var content = new ManifestAhead(claim.Number, generation, bytes, Digest.Of(bytes.Span));
        var (manifest, owner) = (claim.Manifest(bytes), claim.Owner(generation, content.Digest.ToString()));
        var staged = await Task.WhenAll(claim.StageAsync(manifest), claim.StageAsync(owner));
        return (new StagedManifest(content, manifest, staged[0].Seconds), owner);
    }

    /// <param name="outcome">Null: as if all were done.</param>
    private async Task<ManifestCase> CaseAsync(WorkerComparison comparison, CommitOutcome? outcome)
    {
        var plan = outcome is null ? comparison.Plan : comparison.Plan with { HeldDeletes = [.. comparison.Plan.HeldDeletes, .. outcome.Held] };
        return new ManifestCase(await fleet.Source, comparison.Worker, plan, comparison.Manifest, outcome?.Failed ?? new HashSet<RelativePath>(), outcome?.LeftSeconds ?? new Dictionary<RelativePath, long>());
    }

    private sealed record StagedManifest(ManifestAhead Content, OwnFile File, long Seconds);
}

/// <summary>What the worker's records say now. <paramref name="Copy"/>: the manifest, for the next run.</summary>
internal sealed record PublishedRecords(long Generation, ManifestCopy Copy);
