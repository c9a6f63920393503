using DepSync.Model;

namespace DepSync.Planning;

/// <summary>Gives a worker's files the digests that are known of them. Pure.</summary>
internal static class WorkerDigests
{
    /// <summary>
    /// Files whose size and mtime are what the last push left have the content that it left. Everything else stays unknown, and with <c>--checksum</c> everything does.
    /// </summary>
    public static Snapshot Prove(Snapshot worker, Manifest? manifest, PlanRules rules) =>
        manifest is null || rules.Checksum
            ? worker
            : Replace(worker, entry => manifest.Entries.TryGetValue(entry.Path, out var record) && Proves(record, entry) ? record.Digest : null);

    /// <summary>Files whose content was read back.</summary>
    public static Snapshot With(Snapshot worker, IReadOnlyDictionary<RelativePath, Digest> readBack) =>
        readBack.Count == 0 ? worker : Replace(worker, entry => readBack.TryGetValue(entry.Path, out var digest) ? digest : null);

    /// <summary>Whether the worker's file still is as the push of that record left it.</summary>
    public static bool Proves(ManifestEntry record, FileEntry worker) =>
        record.Kind == EntryKind.File && worker.Kind == EntryKind.File && record.Size == worker.Size && record.WorkerSeconds == worker.WorkerSeconds;

    private static Snapshot Replace(Snapshot worker, Func<FileEntry, Digest?> digestOf) =>
        worker.WithEntries(entry => entry.Kind == EntryKind.File && digestOf(entry) is { } digest ? entry with { Digest = digest } : entry);
}
