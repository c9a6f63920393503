namespace DepSync.Model;

/// <summary>
/// What the last finished push left on a worker: for each mirrored entry what the source had and what the worker was given. It holds no digest that was not sent or
/// verified. Immutable.
/// </summary>
internal sealed record Manifest
{
    public required long Number { get; init; }

    public required long Generation { get; init; }

    /// <summary>The root's own attributes are here too, under <see cref="RelativePath.Root"/>: without them a new mtime of the root would pass for a change of the source.</summary>
    public required IReadOnlyDictionary<RelativePath, ManifestEntry> Entries { get; init; }
}

/// <summary>One entry of a manifest. <see cref="Digest"/> is set for files alone, <see cref="LinkTarget"/> for links alone.</summary>
internal sealed record ManifestEntry
{
    public required EntryKind Kind { get; init; }

    /// <summary>The low nine bits.</summary>
    public required int Mode { get; init; }

    public long Size { get; init; }

    /// <summary>The source's mtime in nanoseconds.</summary>
    public required long SourceModifiedNs { get; init; }

    /// <summary>The mtime left on the worker, in whole seconds.</summary>
    public required long WorkerSeconds { get; init; }

    public byte[]? LinkTarget { get; init; }

    public Digest? Digest { get; init; }

    /// <summary>The record that a finished push leaves of a source entry.</summary>
    public static ManifestEntry Of(FileEntry source) => new()
    {
        Kind = source.Kind,
        Mode = source.Mode & 0x1FF,
        Size = source.Size,
        SourceModifiedNs = source.ModifiedNs,
        WorkerSeconds = source.WorkerSeconds,
        LinkTarget = source.LinkTarget,
        Digest = source.Digest,
    };

    /// <summary>Whether the source's entry is still what it was at that push.</summary>
    public bool Describes(FileEntry source) =>
        source.Kind == Kind
        && (source.Mode & 0x1FF) == Mode
        && source.Size == Size
        && source.ModifiedNs == SourceModifiedNs
        && source.Digest == Digest
        && (source.LinkTarget ?? []).AsSpan().SequenceEqual(LinkTarget);
}
