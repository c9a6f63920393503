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

    /// <summary>Sees what is read.</summary>
    public IContentObserver? Observer { private get; init; }

    /// <summary>Null when the file has to be read.</summary>
    public FileReading? FromCache(FoundFile file)
    {
        var known = cache.Find(file.Path, file.Seen.Stamp);
        return known is null || (known.Value.ArchiveEnd == ArchiveEnd.NotChecked && gate.ChecksArchive(file.Path)) ? null : Judge(file, known.Value);
    }

    public async ValueTask<FileReading> ReadAsync(FoundFile file, CancellationToken cancellationToken)
    {
        try
        {
            using var opened = tree.OpenFile(file.Path);
            return opened is null ? new FileReading(file.ToEntry(null, Deferral.Vanished)) : await ReadAsync(file, opened, cancellationToken);
        }
        catch (IOException e)
        {
            return new FileReading(file.ToEntry(null, Deferral.None)) { Problem = new Problem(file.Path, $"The file cannot be read: {e.Message}.") };
        }
    }

    private async ValueTask<FileReading> ReadAsync(FoundFile file, SourceFile opened, CancellationToken cancellationToken)
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
            var digest = cache.Find(file.Path, now.Stamp)?.Digest ?? await HashAsync(file, opened, cancellationToken);
            if (digest is not null && opened.Stamp() == now.Stamp)
            {
                var content = new KnownContent(digest.Value, end);
                cache.Add(file.Path, now.Stamp, content);
                return Judge(file, content);
            }
        }
        return new FileReading(file.ToEntry(null, Deferral.Changing));
    }

    /// <summary>What is seen counts by its own hash, whether or not the file is the same behind it.</summary>
    private async ValueTask<Digest?> HashAsync(FoundFile file, SourceFile opened, CancellationToken cancellationToken)
    {
        var size = file.Seen.Stamp.Size;
        var observation = Observer?.Begin(size, cache.LastContent(file.Path));
        if (observation is null)
        {
            return FileHasher.Hash(opened, size, cancellationToken);
        }
        var digest = await FileHasher.HashAsync(opened, size, Show, cancellationToken);
        if (digest is not null)
        {
            observation.Finish(digest.Value);
        }
        return digest;

        bool Show(ReadOnlyMemory<byte> bytes)
        {
            observation.Append(bytes.Span);
            return true;
        }
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
