using DepSync.Model;

namespace DepSync.Release;

/// <summary>What the new manifest is made from. <paramref name="Failed"/>: paths that were planned and are not done. <paramref name="LeftSeconds"/>: directory mtimes that
/// could not be set, as they are on the worker now.</summary>
internal sealed record ManifestCase(
    Snapshot Source, Snapshot Worker, SyncPlan Plan, Manifest? Previous, IReadOnlySet<RelativePath> Failed, IReadOnlyDictionary<RelativePath, long> LeftSeconds);

/// <summary>The entries of the manifest that a finished push leaves, and whether they tell of a change of the source. Pure.</summary>
internal static class ManifestBuilder
{
    /// <summary>
    /// A record for each source entry that the worker holds now; for one that failed or is deferred the previous record, as long as the worker still shows it; likewise for
    /// removals that are held back. Nothing else.
    /// </summary>
    public static Dictionary<RelativePath, ManifestEntry> Build(ManifestCase manifestCase)
    {
        HashSet<RelativePath> undone = [.. manifestCase.Failed, .. manifestCase.Plan.Deferred.Select(entry => entry.Path)];
        HashSet<RelativePath> unknown = [.. manifestCase.Plan.Problems.Concat(manifestCase.Source.Problems).Select(problem => problem.Path)];
        var entries = new Dictionary<RelativePath, ManifestEntry>(manifestCase.Source.Entries.Count);
        foreach (var (path, record) in manifestCase.Source.Records)
        {
            if (undone.Contains(path) || IsWithin(path, unknown))
            {
                KeepPrevious(entries, path, manifestCase);
            }
            else if (record.Kind != EntryKind.File || record.Digest is not null)
            {
                entries.Add(path, manifestCase.LeftSeconds.TryGetValue(path, out var left) ? record with { WorkerSeconds = left } : record);
            }
            else if (AsLeft(path, manifestCase) is { } previous)
            {
                // Not read this time, and nothing to send: the last push proves it.
                entries.Add(path, record with { Digest = previous.Digest });
            }
        }
        foreach (var held in manifestCase.Plan.HeldDeletes)
        {
            KeepPrevious(entries, held.Path, manifestCase);
        }
        foreach (var failed in manifestCase.Failed)
        {
            KeepPrevious(entries, failed, manifestCase);
        }
        return entries;
    }

    /// <summary>
    /// Whether <see cref="Build"/> gives exactly the source's own records: nothing failed, waits or is held back, and everything could be read and looked at. Then they are <see cref="Snapshot.Records"/>,
    /// whatever the worker showed before.
    /// </summary>
    public static bool LeavesSource(ManifestCase manifestCase) =>
        manifestCase.Failed.Count + manifestCase.LeftSeconds.Count == 0
        && manifestCase.Plan.Deferred.Count + manifestCase.Plan.HeldDeletes.Count + manifestCase.Plan.Problems.Count == 0
        && IsReadWhole(manifestCase.Source);

    /// <summary>Whether the source alone tells what a push that does everything leaves.</summary>
    public static bool IsReadWhole(Snapshot source) => source.Problems.Count == 0 && source.Entries.All(IsKnown);

    /// <summary>Whether a manifest lists exactly this source: every entry with its content, mode and mtime, and nothing else. A file that was not read proves nothing.</summary>
    public static bool Describes(Manifest? manifest, Snapshot source) => source.Entries.All(IsKnown) && TellsTheSame(manifest, Build(new ManifestCase(
        source, source, new SyncPlan { Changes = [] }, manifest, new HashSet<RelativePath>(), new Dictionary<RelativePath, long>())));

    /// <summary>Whether two manifests tell the same of the source; what was left on the worker (directory mtimes that could not be set) does not count.</summary>
    public static bool TellsTheSame(Manifest? previous, IReadOnlyCollection<KeyValuePair<RelativePath, ManifestEntry>> entries) =>
        previous is not null && previous.Entries.Count == entries.Count && entries.All(pair => previous.Entries.TryGetValue(pair.Key, out var old) && IsSameSource(old, pair.Value));

    /// <summary>
    /// Whether the previous manifest already lists exactly the entries that <see cref="Build"/> gives with their contents, so that a run without changes has nothing to record. Where these are the
    /// source's own they are not made for it.
    /// </summary>
    public static bool IsCurrent(ManifestCase manifestCase)
    {
        if (manifestCase.Previous is not { } previous)
        {
            return false;
        }
        if (!LeavesSource(manifestCase))
        {
            var entries = Build(manifestCase);
            return previous.Entries.Count == entries.Count && entries.All(pair => Tells(pair.Key, pair.Value.Kind, pair.Value.Digest, pair.Value.LinkTarget));
        }
        var source = manifestCase.Source;
        return previous.Entries.Count == source.Entries.Count + (source.Root is null ? 0 : 1) && (source.Root is null || TellsOf(source.Root)) && source.Entries.All(TellsOf);

        bool TellsOf(FileEntry entry) => Tells(entry.Path, entry.Kind, entry.Digest, entry.LinkTarget);

        bool Tells(RelativePath path, EntryKind kind, Digest? digest, byte[]? target) =>
            previous.Entries.TryGetValue(path, out var old) && old.Kind == kind && old.Digest == digest && IsSameTarget(old.LinkTarget, target);
    }

    /// <summary>
    /// Whether a worker that holds what the manifest tells is to be sent something and to lose nothing: there is a settled file with a content that was not pushed to its path, and every path
    /// that was pushed is there still, of its kind.
    /// </summary>
    public static bool IsOutgrown(Manifest manifest, Snapshot source) =>
        source.Entries.Any(entry => entry is { Kind: EntryKind.File, Deferral: Deferral.None, Digest: { } digest } && manifest.Entries.GetValueOrDefault(entry.Path)?.Digest != digest)
        && manifest.Entries.All(pair => pair.Key.IsRoot || source.Find(pair.Key)?.Kind == pair.Value.Kind);

    private static bool IsKnown(FileEntry source) => source.Kind != EntryKind.File || source.Digest is not null;

    private static bool IsSameSource(ManifestEntry left, ManifestEntry right) =>
        left.Kind == right.Kind && left.Mode == right.Mode && left.Size == right.Size && left.SourceModifiedNs == right.SourceModifiedNs && left.Digest == right.Digest
        && IsSameTarget(left.LinkTarget, right.LinkTarget);

    private static bool IsSameTarget(byte[]? left, byte[]? right) => left.AsSpan().SequenceEqual(right);

    private static bool IsWithin(RelativePath path, HashSet<RelativePath> folders)
    {
        if (folders.Count == 0)
        {
            return false;
        }
        for (var folder = path; ; folder = folder.Parent)
        {
            if (folders.Contains(folder))
            {
                return true;
            }
            if (folder.IsRoot)
            {
                return false;
            }
        }
    }

    private static void KeepPrevious(Dictionary<RelativePath, ManifestEntry> entries, RelativePath path, ManifestCase manifestCase)
    {
        if (AsLeft(path, manifestCase) is { } previous)
        {
            entries.TryAdd(path, previous);
        }
    }

    private static ManifestEntry? AsLeft(RelativePath path, ManifestCase manifestCase) =>
        manifestCase.Previous?.Entries.GetValueOrDefault(path) is { } previous && manifestCase.Worker.Find(path) is { } worker && IsAsLeft(worker, previous) ? previous : null;

    private static bool IsAsLeft(FileEntry worker, ManifestEntry previous) => worker.Kind == previous.Kind && worker.Kind switch
    {
        EntryKind.File => worker.Size == previous.Size && worker.WorkerSeconds == previous.WorkerSeconds,
        EntryKind.Symlink => IsSameTarget(worker.LinkTarget, previous.LinkTarget),
        _ => true,
    };
}
