using DepSync.Model;

namespace DepSync.Planning;

/// <summary>What differs between an entry of the source and the worker's of the same path and kind. Pure.</summary>
internal static class EntryComparison
{
    private const int MirroredModeBits = 0x1FF;

    public static Differences Files(FileEntry source, FileEntry worker, PlanRules rules)
    {
        var differences = Time(source, worker) | Mode(source, worker, rules);
        if (source.Size != worker.Size)
        {
            return differences | Differences.Content | Differences.Size;
        }
        var differs = source.Size > 0 && (Known(source, worker) ? source.Digest != worker.Digest : differences.HasFlag(Differences.Time));
        return differs ? differences | Differences.Content : differences;
    }

    public static Differences Links(FileEntry source, FileEntry worker, PlanRules rules)
    {
        var differences = rules.LinkTimes ? Time(source, worker) : Differences.None;
        var same = source.LinkTarget is not null && worker.LinkTarget is not null && source.LinkTarget.AsSpan().SequenceEqual(worker.LinkTarget);
        return same ? differences : differences | Differences.Content;
    }

    /// <summary>A directory that holds what only the worker has gets new times from there: its own mtime says nothing.</summary>
    public static Differences Directories(FileEntry source, FileEntry worker, PlanRules rules) => Time(source, worker) | Mode(source, worker, rules);

    /// <summary>
    /// Whether the contents are surely the same, for a source file that cannot be read now: by their digests, or because neither side has moved since the push that the
    /// manifest tells of. Of one that vanished nothing is known any more.
    /// </summary>
    public static bool ProvablyEqual(FileEntry source, FileEntry worker, ManifestEntry? record) =>
        source.Deferral != Deferral.Vanished
        && source.Size == worker.Size
        && (Known(source, worker)
            ? source.Digest == worker.Digest
            : record is not null && record.SourceModifiedNs == source.ModifiedNs && WorkerDigests.Proves(record, worker));

    /// <summary>Whether there is a source of which <see cref="NeedsRead"/>: not of what the manifest proves, which is nearly all.</summary>
    public static bool MayNeedRead(FileEntry worker) => worker is { Kind: EntryKind.File, Size: > 0, Digest: null };

    /// <summary>Whether equal size and time leave it open if the contents are equal.</summary>
    public static bool NeedsRead(FileEntry source, FileEntry worker, PlanRules rules) =>
        MayNeedRead(worker) && source.Kind == EntryKind.File
        && source.Size == worker.Size
        && source.Digest is not null
        && (rules.Checksum || Time(source, worker) == Differences.None);

    private static bool Known(FileEntry source, FileEntry worker) => source.Digest is not null && worker.Digest is not null;

    private static Differences Time(FileEntry source, FileEntry worker) => source.WorkerSeconds == worker.WorkerSeconds ? Differences.None : Differences.Time;

    private static Differences Mode(FileEntry source, FileEntry worker, PlanRules rules) =>
        rules.UnixModes && ((source.Mode ^ worker.Mode) & MirroredModeBits) != 0 ? Differences.Mode : Differences.None;
}
