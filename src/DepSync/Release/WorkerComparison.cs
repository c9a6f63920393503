using DepSync.Model;
using DepSync.Planning;
using DepSync.Scanning;
using DepSync.Workers;

namespace DepSync.Release;

/// <summary>A worker's listing and the plan that follows from it. Immutable.</summary>
internal sealed record WorkerComparison
{
    public required Snapshot Worker { get; init; }

    public required Manifest? Manifest { get; init; }

    public required SyncPlan Plan { get; init; }

    /// <summary>Contents that were read back for it.</summary>
    public required IReadOnlyDictionary<RelativePath, Digest> ReadBack { get; init; }

    /// <summary>What the manifest is made from if the plan is carried out whole.</summary>
    public ManifestCase ExpectedRecord(Snapshot source) => new(source, Worker, Plan, Manifest, new HashSet<RelativePath>(), new Dictionary<RelativePath, long>());

    /// <summary>
    /// The plan that is left once everything was staged. A file that changed while it was sent is deferred like one that was unsettled from the start, and one that could
    /// not be read is what it would have been to the scan: the planner holds back what must not be removed.
    /// </summary>
    public WorkerComparison After(StagedRelease staged, Snapshot source, PlanRules rules)
    {
        if (staged.Deferred.Count + staged.Unreadable.Count == 0)
        {
            return this;
        }
        var deferred = staged.Deferred.ToDictionary(entry => entry.Path);
        var known = source.WithEntries(entry => deferred.GetValueOrDefault(entry.Path, entry)).WithProblems(staged.Unreadable);
        var plan = Planner.Plan(known, Worker, Manifest, rules);
        return this with { Plan = plan with { Problems = [.. plan.Problems, .. staged.Unreadable] } };
    }
}

/// <summary>Lists a worker, reads back what the listing cannot prove, plans, and asks the guards. Changes nothing.</summary>
internal sealed class WorkerComparer(FleetCase fleet, IWorkerFileSystem files)
{
    /// <summary>A listing that was begun before; the first comparison uses it up.</summary>
    public TreeListing? Begun { get; init; }

    /// <summary>What the manifest tells, where that was worked out before.</summary>
    public ExpectedTree? Expected { get; init; }

    /// <summary>The target was seen to be missing: there is nothing to list.</summary>
    public bool IsMissing { get; init; }

    /// <summary>Our run folder, in which names may be tried; null before the claim.</summary>
    public RelativePath? Scratch { get; init; }

    /// <param name="earlier">A comparison of the same run: contents that it read back are not read again while size and mtime stand.</param>
    /// <exception cref="DepSyncException">Guard: refused, before any change.</exception>
    public async Task<WorkerComparison> CompareAsync(Manifest? manifest, PlanRules rules, WorkerComparison? earlier, CancellationToken cancellationToken)
    {
        var source = await fleet.Source;
        // What was listed before is there; else what was pushed before, and at a first contact what an older tool may have brought.
        var expected = earlier is not null ? ExpectedTree.Of(earlier.Worker, fleet.Filters) : manifest is null ? ExpectedTree.Of(source, fleet.Filters) : Expected;
        var scanner = new WorkerScanner(files, fleet.Filters);
        var proof = rules.Checksum ? DigestProof.None : DigestProof.Manifest;
        var request = new WorkerScanRequest
        {
            Manifest = manifest,
            Proof = proof,
            ExplodedWebapps = source.ExplodedWebapps,
            Expected = expected,
            Begun = Begun,
            // What the manager pushes there, or pushed there once, is its own.
            IsUnpackedBeside = path => fleet.Config.IgnoreExplodedWebapps && source.Find(path) is null && manifest?.Entries.ContainsKey(path) != true,
        };
        var worker = IsMissing ? new Snapshot(null, []) : await scanner.ScanAsync(request, cancellationToken);
        var listed = worker.Names;
        worker = await new NameResolver(files, Scratch).ResolveAsync(source, worker, cancellationToken);
        if (!ReferenceEquals(listed, worker.Names))
        {
            // What the manifest proves, it proves of the names that the source has.
            worker = worker.WithEntries(entry => entry.Kind == EntryKind.File ? entry with { Digest = request.Proven(entry.Path, entry.Size, entry.WorkerSeconds) } : entry);
        }
        if (earlier?.Worker.Root is { } root && worker.Root is not null)
        {
            // The claim may have made .depsync/, which gave the root a new mtime; that is no difference of the trees, and the commit sets it back.
            worker = worker.WithRoot(worker.Root with { ModifiedNs = root.ModifiedNs });
        }
        var readBack = new Dictionary<RelativePath, Digest>();
        foreach (var (path, digest) in earlier?.ReadBack ?? new Dictionary<RelativePath, Digest>())
        {
            if (worker.Find(path) is { Kind: EntryKind.File } now && earlier!.Worker.Find(path) is { } then && now.Size == then.Size && now.WorkerSeconds == then.WorkerSeconds)
            {
                readBack.Add(path, digest);
            }
        }
        worker = WorkerDigests.With(worker, readBack);
        var toRead = Planner.FilesToRead(source, worker, rules);
        if (toRead.Count > 0)
        {
            var digests = await new ContentReader(files).HashAsync(toRead, cancellationToken);
            foreach (var file in toRead)
            {
                // What cannot be read cannot be proved equal: no content has the digest of all zeros, so the file is sent.
                readBack[file.Path] = digests.GetValueOrDefault(file.Path);
            }
            worker = WorkerDigests.With(worker, readBack);
        }
        var plan = Planner.Plan(source, worker, manifest, rules).Behind(earlier?.Plan);
        if (fleet.Guard(plan, source, worker, manifest) is { } refusal)
        {
            throw new DepSyncException(ErrorKind.Guard, refusal.Message, refusal.Hint);
        }
        return new WorkerComparison { Worker = worker, Manifest = manifest, Plan = plan, ReadBack = readBack };
    }

    public PlanRules Rules() => new()
    {
        Checksum = fleet.Config.Checksum,
        UnixModes = files.Capabilities.UnixModes,
        LinkTimes = files.Capabilities.LinkTimes,
        Symlinks = files.Capabilities.Symlinks,
    };
}
