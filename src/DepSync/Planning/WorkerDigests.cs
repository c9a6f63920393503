using DepSync.Model;

namespace DepSync.Planning;

/// <summary>Gives a worker's files the digests that are known of them. Pure.</summary>
internal static class WorkerDigests
{
    /// <summary>Files whose content was read back.</summary>
    public static Snapshot With(Snapshot worker, IReadOnlyDictionary<RelativePath, Digest> readBack) =>
        readBack.Count == 0
            ? worker
            : worker.WithEntries(entry => entry.Kind == EntryKind.File && readBack.TryGetValue(entry.Path, out var digest) ? entry with { Digest = digest } : entry);

    /// <summary>Whether the worker's file still is as the push of that record left it.</summary>
    public static bool Proves(ManifestEntry record, FileEntry worker) =>
        record.Kind == EntryKind.File && worker.Kind == EntryKind.File && record.Size == worker.Size && record.WorkerSeconds == worker.WorkerSeconds;
}
