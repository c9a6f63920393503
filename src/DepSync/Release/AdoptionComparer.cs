using DepSync.Model;
using DepSync.Planning;
using DepSync.Scanning;
using DepSync.Workers;

namespace DepSync.Release;

/// <summary>Both trees of an adoption and what would make the manager directory equal to the worker. Immutable.</summary>
internal sealed record AdoptionPlan
{
    /// <summary>The source.</summary>
    public required Snapshot Worker { get; init; }

    /// <summary>The target.</summary>
    public required Snapshot Manager { get; init; }

    public required SyncPlan Plan { get; init; }

    /// <summary>Entries that only the manager directory has, and that stay.</summary>
    public required int Extras { get; init; }
}

/// <summary>The two sides of an adoption. <paramref name="Worker"/> is only read; <paramref name="Manager"/> is the manager directory as a target, <paramref name="Tree"/> the same one as a source.</summary>
internal sealed record AdoptionSides(IWorkerFileSystem Worker, IWorkerFileSystem Manager, SourceTree Tree);

/// <summary>
/// Lists a worker as the source and the manager directory as the target, reads what the listings cannot prove, plans, and asks the guards. Changes nothing.
/// </summary>
internal sealed class AdoptionComparer(AdoptionRequest request, AdoptionSides sides, FilterSet filters)
{
    private const int ProbesInFlight = 64;

    /// <param name="manifest">The worker's; null when it has none.</param>
    /// <param name="mountPoints">Folders of the manager directory that were mount points at its last good run.</param>
    /// <exception cref="DepSyncException">Guard: refused, before any change.</exception>
    public async Task<AdoptionPlan> CompareAsync(Manifest? manifest, IReadOnlyCollection<RelativePath> mountPoints, CancellationToken cancellationToken)
    {
        var config = request.Config;
        var walk = new SourceWalk(sides.Tree, new ScanRules { Filters = filters, IgnoreExplodedWebapps = config.IgnoreExplodedWebapps }, static _ => { });
        walk.Run(cancellationToken);
        var exploded = await ExplodedAsync(walk, cancellationToken);
        var proof = config.Checksum ? DigestProof.None : DigestProof.Manifest;
        var listed = await new WorkerScanner(sides.Worker, filters).ScanAsync(new WorkerScanRequest { Manifest = manifest, Proof = proof, ExplodedWebapps = exploded }, cancellationToken);
        RefusePartial(listed.Problems);
        var worker = new Snapshot(listed.Root, listed.Entries) { ExplodedWebapps = exploded, MountPoints = walk.MountPoints, SpecialFiles = listed.SpecialFiles };
        var manager = await new WorkerScanner(sides.Manager, filters).ScanAsync(new WorkerScanRequest { Proof = DigestProof.None, ExplodedWebapps = exploded }, cancellationToken);
        worker = await WithContentsAsync(worker, AdoptionRules.Unproven(worker, manager, config.Checksum), cancellationToken);
        var rules = Rules();
        var toRead = Planner.FilesToRead(worker, manager, rules);
        var read = await new ContentReader(sides.Manager).HashAsync(toRead, cancellationToken);
        // What cannot be read here cannot be proved equal: no content has the digest of all zeros, so it is replaced.
        manager = WorkerDigests.With(manager, toRead.ToDictionary(file => file.Path, file => read.GetValueOrDefault(file.Path)));
        var toFetch = AdoptionRules.ToFetch(Planner.Plan(worker, manager, null, rules));
        if (config.DryRun)
        {
            await ProbeAsync(toFetch, cancellationToken);
        }
        else
        {
            worker = await WithContentsAsync(worker, toFetch, cancellationToken);
        }
        var plan = Plan(worker, manager, manifest);
        Guard(worker, manager, manifest, plan.Plan, mountPoints);
        return plan;
    }

    /// <summary>The final plan, for the contents that are known by now.</summary>
    public AdoptionPlan Plan(Snapshot worker, Snapshot manager, Manifest? manifest)
    {
        var plan = AdoptionRules.WithReasons(Planner.Plan(worker, manager, null, Rules()), manifest);
        if (request.Extras == Extras.Remove)
        {
            return new AdoptionPlan { Worker = worker, Manager = manager, Plan = plan, Extras = 0 };
        }
        plan = AdoptionRules.WithBlocked(plan, worker, manager);
        return new AdoptionPlan { Worker = worker, Manager = manager, Plan = plan with { HeldDeletes = [] }, Extras = plan.HeldDeletes.Count };
    }

    private PlanRules Rules() => new()
    {
        Checksum = request.Config.Checksum,
        UnixModes = sides.Worker.Capabilities.UnixModes && sides.Manager.Capabilities.UnixModes,
        LinkTimes = sides.Manager.Capabilities.LinkTimes,
        Symlinks = sides.Manager.Capabilities.Symlinks,
        KeepsExtras = request.Extras == Extras.Keep,
    };

    /// <summary>What the servers unpacked: beside the worker's archives, and beside those of the manager directory that stay.</summary>
    private async Task<IReadOnlySet<RelativePath>> ExplodedAsync(SourceWalk walk, CancellationToken cancellationToken)
    {
        if (!request.Config.IgnoreExplodedWebapps)
        {
            return walk.ExplodedWebapps;
        }
        var archives = await ListWebappsAsync(cancellationToken);
        var exploded = archives.Select(entry => ExplodedWebapp.Of(entry.Name, entry.Kind)).OfType<RelativePath>().ToHashSet();
        exploded.UnionWith(request.Extras == Extras.Keep ? walk.ExplodedWebapps : []);
        return exploded;
    }

    private async Task<IReadOnlyList<WorkerEntry>> ListWebappsAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await sides.Worker.ListAsync(ExplodedWebapp.Webapps, cancellationToken) ?? [];
        }
        catch (WorkerFileException)
        {
            // Told by the scan, which lists it too.
            return [];
        }
    }

    /// <summary>Reads contents back from the worker. A file that changes meanwhile is deferred; one that may not be read refuses the whole adoption.</summary>
    private async Task<Snapshot> WithContentsAsync(Snapshot worker, IReadOnlyList<FileEntry> files, CancellationToken cancellationToken)
    {
        var digests = await new ContentReader(sides.Worker).HashAsync(files, cancellationToken);
        var missing = files.Where(file => !digests.ContainsKey(file.Path)).ToList();
        await ProbeAsync(missing, cancellationToken);
        var changing = missing.Select(file => file.Path).ToHashSet();
        return WorkerDigests.With(worker, digests).WithEntries(entry => changing.Contains(entry.Path) ? entry with { Digest = null, Deferral = Deferral.Changing } : entry);
    }

    private async Task ProbeAsync(IReadOnlyList<FileEntry> files, CancellationToken cancellationToken)
    {
        var problems = new List<Problem>();
        foreach (var flight in files.Chunk(ProbesInFlight))
        {
            problems.AddRange((await Task.WhenAll(flight.Select(file => ProbeOneAsync(file.Path, cancellationToken)).ToList())).OfType<Problem>());
        }
        RefusePartial(problems);
    }

    private async Task<Problem?> ProbeOneAsync(RelativePath path, CancellationToken cancellationToken)
    {
        try
        {
            if (await sides.Worker.OpenAsync(path, cancellationToken) is { } file)
            {
                await file.DisposeAsync();
            }
            return null;
        }
        catch (WorkerFileException exception)
        {
            return new Problem(path, $"The file cannot be read: {exception.Message}");
        }
    }

    /// <summary>Half a tree would pass for the whole one.</summary>
    private static void RefusePartial(IReadOnlyList<Problem> problems)
    {
        if (problems.Count > 0)
        {
            var more = problems.Count > 1 ? $" {problems.Count - 1} more cannot be read either." : "";
            throw new DepSyncException(
                ErrorKind.Guard,
                $"The worker cannot be read whole: {DisplayText.Escape(problems[0].Path)}: {problems[0].Message}{more}",
                $"Log in as a user who may read it, or leave it out with --exclude {Refusal.Argument(problems[0].Path)}");
        }
    }

    private void Guard(Snapshot worker, Snapshot manager, Manifest? manifest, SyncPlan plan, IReadOnlyCollection<RelativePath> mountPoints)
    {
        var refusal = SafetyRules.Check(new SafetyCase
        {
            Plan = plan,
            Source = worker,
            Worker = manager,
            Manifest = manifest,
            Limits = new SafetyLimits(request.Config.MaxDelete, request.Config.AllowEmpty),
            PreviousMountPoints = mountPoints,
            Names = SideNames.OfAdoption,
        });
        if (refusal is not null)
        {
            throw new DepSyncException(ErrorKind.Guard, refusal.Message, refusal.Hint);
        }
    }
}
