using System.Buffers;
using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using DepSync.Model;
using DepSync.Platform;

namespace DepSync.State;

/// <summary>
/// This machine's copy of a worker's manifest, as the last push left it or a run read it: it stands for the worker's while that one has its size and mtime and the worker's owner record its
/// digest. Losing it costs the reading of the worker's. Immutable.
/// </summary>
internal sealed record ManifestCopy(ReadOnlyMemory<byte> Bytes, Digest Digest, long Seconds)
{
    /// <summary>Where entries that others hold too are found; null: they are its own.</summary>
    public SharedManifests? Shared { get; init; }

    private const int HeaderSize = 8 + Digest.Size + sizeof(long);

    /// <summary>The last byte is the format: another format is no copy.</summary>
    private static ReadOnlySpan<byte> Magic => "DSMANIF\x01"u8;

    /// <param name="seconds">The mtime of the worker's file.</param>
    public static ManifestCopy Of(ReadOnlyMemory<byte> bytes, long seconds) => new(bytes, Digest.Of(bytes.Span), seconds);

    /// <summary>Null when there is none, or what is there is damaged.</summary>
    public static ManifestCopy? Read(string path)
    {
        byte[] file;
        try
        {
            file = File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
        if (file.Length < HeaderSize || !file.AsSpan().StartsWith(Magic))
        {
            return null;
        }
        var copy = Of(file.AsMemory(HeaderSize), BinaryPrimitives.ReadInt64LittleEndian(file.AsSpan(Magic.Length + Digest.Size)));
        return copy.Digest == Digest.FromBytes(file.AsSpan(Magic.Length, Digest.Size)) ? copy : null;
    }

    /// <summary>What it says; false when it is no manifest.</summary>
    public bool TryParse([NotNullWhen(true)] out Manifest? manifest) => ManifestFormat.TryParse(Bytes.Span, Shared, out manifest);

    /// <exception cref="DepSyncException">LocalFiles: it cannot be written; the old one is as it was.</exception>
    public void Write(string path)
    {
        // Used again by the next worker: as an object of its own each would stay until the whole heap is collected.
        var rented = ArrayPool<byte>.Shared.Rent(HeaderSize + Bytes.Length);
        try
        {
            var file = rented.AsSpan(0, HeaderSize + Bytes.Length);
            Magic.CopyTo(file);
            Digest.CopyTo(file[Magic.Length..]);
            BinaryPrimitives.WriteInt64LittleEndian(file[(Magic.Length + Digest.Size)..], Seconds);
            Bytes.Span.CopyTo(file[HeaderSize..]);
            AtomicFile.Write(path, file);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }
}
