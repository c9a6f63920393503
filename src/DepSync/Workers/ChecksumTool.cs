namespace DepSync.Workers;

/// <summary>
/// A program of the worker that hashes the files whose paths it reads, each ended by NUL, and writes the hash, <paramref name="Mark"/> and the path of each that it could read, in this order. Immutable.
/// </summary>
internal sealed record ChecksumTool(string CommandLine, string Mark)
{
    /// <summary>
    /// From here on the quick one is worth its start. 512 MiB take 0.30 s, where sha256sum of coreutils without OpenSSL's code takes 1.07; its start takes 4 ms, that one's 1.4 (EPYC with SHA
    /// instructions). So they are even near 2 MiB where the program lies in memory; from a disk it is the larger one.
    /// </summary>
    public const long QuickFrom = 8 << 20;

    /// <summary>What checks DepSync's word everywhere; any name, odd ones escaped.</summary>
    public static readonly ChecksumTool Usual = new("xargs -0 sha256sum --", "  ");

    /// <summary>Uses the processor's own SHA-256. Its versions differ in what they do to odd names, so none is asked of it.</summary>
    public static readonly ChecksumTool Quick = new("xargs -0 openssl dgst -sha256 -r", " *");

    /// <summary>Whether the quick one may be asked, and pays: staged files and records of ours alone, enough bytes, and no byte in a path that any version would write in another way.</summary>
    public static bool IsForQuick(ReadOnlySpan<byte> root, IReadOnlyList<SizedPath> files) =>
        IsPlain(root) && files.Sum(file => file.Size) >= QuickFrom && files.All(file => file.Path.IsBelow(WorkerLayout.Folder) && IsPlain(file.Path.Bytes));

    private static bool IsPlain(ReadOnlySpan<byte> path) => path.IndexOfAnyExceptInRange((byte)' ', (byte)'~') < 0 && !path.Contains((byte)'\\');
}
