namespace DepSync.Model;

/// <summary>What a change does to the worker's entry. The names are those of the JSON output.</summary>
internal enum ChangeAction : byte
{
    Create,
    Update,
    Delete,

    /// <summary>Mode or mtime alone; the content stays.</summary>
    Attributes,

    /// <summary>The worker has an entry of another kind at this path.</summary>
    Retype,
}

/// <summary>Who made the difference: the manager since the last push, or somebody on the worker.</summary>
internal enum ChangeReason : byte
{
    Source,
    Drift,
}

/// <summary>
/// One difference between source and worker and what puts it right. <see cref="Source"/> is null for a delete, <see cref="Worker"/> for a create. Immutable.
/// </summary>
internal sealed record Change
{
    public required RelativePath Path { get; init; }

    public required ChangeAction Action { get; init; }

    /// <summary>The kind of the source's entry; of the worker's for a delete.</summary>
    public required EntryKind Kind { get; init; }

    public required ChangeReason Reason { get; init; }

    public FileEntry? Source { get; init; }

    public FileEntry? Worker { get; init; }

    /// <summary>What differs, where the entry is of the same kind on both sides.</summary>
    public Differences Differences { get; init; }

    /// <summary>Whether contents were compared (<c>--checksum</c>) and not sizes and times.</summary>
    public bool ByChecksum { get; init; }

    /// <summary>The line of <c>rsync -i</c> for this change, path included, escaped as rsync does. Made when it is asked for: plans of many workers are held at once, and few lines are printed.</summary>
    public string Itemize => ItemizeFormat.Of(this);
}
