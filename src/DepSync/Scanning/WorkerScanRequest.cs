using DepSync.Model;

namespace DepSync.Scanning;

/// <summary>What counts as proof of a worker's bytes without reading them.</summary>
internal enum DigestProof
{
    /// <summary>The manifest's digest, where size and mtime are what the last push left.</summary>
    Manifest,

    /// <summary>Nothing: every digest stays unknown.</summary>
    None,
}

/// <summary>What a worker is listed with.</summary>
internal sealed record WorkerScanRequest
{
    /// <summary>Null at a first contact and when it is damaged.</summary>
    public Manifest? Manifest { get; init; }

    public DigestProof Proof { get; init; }

    /// <summary>The source's: directories of these paths are the worker's server's own work.</summary>
    public IReadOnlySet<RelativePath> ExplodedWebapps { get; init; } = new HashSet<RelativePath>();

    /// <summary>What is asked for at once; null: what the manifest has.</summary>
    public ExpectedTree? Expected { get; init; }

    /// <summary>A listing of this worker that was begun before; it is used up. Null: it begins with the scan.</summary>
    public TreeListing? Begun { get; init; }

    /// <summary>Whether a directory beside an archive that filters exclude, and that is the worker's own, is what its server unpacked from it.</summary>
    public Func<RelativePath, bool> IsUnpackedBeside { get; init; } = static _ => false;

    /// <summary>The manifest's digest of a file that has the size and the mtime with which the last push left it; null where that proves nothing.</summary>
    public Digest? Proven(RelativePath file, long size, long seconds) =>
        Proof == DigestProof.Manifest && Manifest?.Entries.GetValueOrDefault(file) is { Kind: EntryKind.File } left && left.Size == size && left.WorkerSeconds == seconds ? left.Digest : null;
}
