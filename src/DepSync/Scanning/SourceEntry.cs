using DepSync.Model;

namespace DepSync.Scanning;

/// <summary>What the system tells of one entry of the manager directory; a link is itself. <see cref="Name"/> is empty for the root.</summary>
internal readonly record struct SourceEntry(byte[] Name, EntryKind Kind, int Mode, FileStamp Stamp)
{
    /// <summary>Set by a listing, for links alone.</summary>
    public byte[]? LinkTarget { get; init; }

    /// <summary>The system says that a filesystem is mounted here; false is no proof.</summary>
    public bool IsMountRoot { get; init; }
}

/// <summary>A directory's entries, in no order. What was named and then could not be looked at is told apart: gone, or failed with a reason.</summary>
internal sealed record SourceListing(List<SourceEntry> Entries)
{
    public List<byte[]> Vanished { get; } = [];

    public List<(byte[] Name, string Reason)> Failed { get; } = [];
}
