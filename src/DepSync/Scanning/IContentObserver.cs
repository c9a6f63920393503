using DepSync.Model;

namespace DepSync.Scanning;

/// <summary>Is shown the bytes of source files while they are hashed, so that nobody has to read them once more for what else is to be known of them. Safe for concurrent calls.</summary>
internal interface IContentObserver
{
    /// <summary>A file of this size is about to be read; null when its bytes are of no interest. <paramref name="before"/>: what it held when it was last read, where that is known.</summary>
    IContentObservation? Begin(long size, Digest? before);
}

/// <summary>One reading of one file, from its first byte on. Without <see cref="Finish"/> it counts for nothing. Not safe for concurrent use.</summary>
internal interface IContentObservation
{
    /// <summary>The next bytes. Another thread hashes them meanwhile.</summary>
    void Append(ReadOnlySpan<byte> bytes);

    /// <summary>That was all, and the hash of all that was shown.</summary>
    void Finish(Digest digest);
}
