using DepSync.Model;

namespace DepSync.Release;

/// <summary>What rolling forward found. Immutable.</summary>
internal sealed record RolledForward
{
    /// <summary>One of the runs had come so far that it took something out.</summary>
    public required bool HasCommitted { get; init; }

    /// <summary>What one of them may have replaced: the manifest, which is older, says nothing about these paths any more. Null: a journal cannot be read, so it says nothing at all.</summary>
    public required IReadOnlySet<RelativePath>? Replaced { get; init; }

    /// <summary>What could not be cleared up, as sentences.</summary>
    public required IReadOnlyList<string> Troubles { get; init; }

    /// <summary>
    /// A file of a cut-off run can have the size and second of the one that the manifest tells of: without its record it is compared by content.
    /// </summary>
    public Manifest? WithoutReplaced(Manifest? manifest) => manifest is null || Replaced is null ? null
        : Replaced.Count == 0 ? manifest
        : manifest with { Entries = manifest.Entries.Where(entry => !Replaced.Contains(entry.Key)).ToDictionary() };
}
