using DepSync.Model;
using DepSync.State;

namespace DepSync.Scanning;

/// <summary>What became of one file of the source.</summary>
internal readonly record struct FileReading(FileEntry Entry)
{
    public Problem? Problem { get; init; }

    public Problem? Warning { get; init; }
}

/// <summary>
/// Finds out the content of source files: from the cache where it proves it, else by reading. A file that may still be written is deferred. Safe for concurrent calls.
/// </summary>
internal sealed class SourceReader(SourceTree tree, HashCache cache, UploadGate gate)
{
    /// <summary>A file that was changed during each of these reads is left to the next run.</summary>
    private const int Attempts = 4;

    /// <summary>Null when the file has to be read.</summary>
    public FileReading? FromCache(FoundFile file)
    {
        var known = cache.Find(file.Path, file.Seen.Stamp);
        return known is null || (known.Value.ArchiveEnd == ArchiveEnd.NotChecked && gate.ChecksArchive(file.Path)) ? null : Judge(file, known.Value);
    }

    public FileReading Read(FoundFile file, CancellationToken cancellationToken)
    {
        try
        {
            using var opened = tree.OpenFile(file.Path);
            return opened is null ? new FileReading(file.ToEntry(null, Deferral.Vanished)) : Read(file, opened, cancellationToken);
        }
        catch (IOException e)
        {
            return new FileReading(file.ToEntry(null, Deferral.None)) { Problem = new Problem(file.Path, $"The file cannot be read: {e.Message}.") };
        }
    }

    private FileReading Read(FoundFile file, SourceFile opened, CancellationToken cancellationToken)
    {
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            var now = attempt == 0 ? opened.Opened : opened.Look();
            if (now.Kind != EntryKind.File)
            {
                return new FileReading(file.ToEntry(null, Deferral.Vanished));
            }
            var changed = now.Stamp != file.Seen.Stamp;
            file = file with { Seen = now };
            if (changed && gate.IsUnsettled(file.Path, now.Stamp))
            {
                return new FileReading(file.ToEntry(null, Deferral.Unsettled));
            }
            var end = gate.ChecksArchive(file.Path) ? ZipEnd.Check(now.Stamp.Size, opened.ReadAt) : ArchiveEnd.NotChecked;
            if (gate.IsIncomplete(now.Stamp, end))
            {
                return new FileReading(file.ToEntry(null, Deferral.IncompleteArchive));
            }
            var digest = cache.Find(file.Path, now.Stamp)?.Digest ?? FileHasher.Hash(opened, now.Stamp.Size, cancellationToken);
            if (digest is not null && opened.Stamp() == now.Stamp)
            {
                var content = new KnownContent(digest.Value, end);
                cache.Add(file.Path, now.Stamp, content);
                return Judge(file, content);
            }
        }
        return new FileReading(file.ToEntry(null, Deferral.Changing));
    }

    private FileReading Judge(FoundFile file, KnownContent content)
    {
        if (gate.IsIncomplete(file.Seen.Stamp, content.ArchiveEnd))
        {
            return new FileReading(file.ToEntry(content.Digest, Deferral.IncompleteArchive));
        }
        var warning = content.ArchiveEnd == ArchiveEnd.Broken && !gate.IsOff
            ? new Problem(file.Path, "The archive has no valid end, and has not changed for ten minutes: it is sent as it is.")
            : null;
        return new FileReading(file.ToEntry(content.Digest, Deferral.None)) { Warning = warning };
    }
}
