using System.Security.Cryptography;
using DepSync.Delta;
using DepSync.Model;
using DepSync.Platform;

namespace DepSync.State;

/// <summary>
/// The manager's memory of the blocks of file versions that workers hold: one file for each version, named by its SHA-256. It is a cache: what is missing or damaged (each file proves itself by a
/// hash) is absent, and deleting it all costs bytes on the wire, never correctness. So nothing is flushed to disk either.
/// <para>Failure: reading never fails; writing throws <see cref="DepSyncException"/> (LocalFiles). Threads: safe for concurrent calls, of one run: the lock keeps others out.</para>
/// </summary>
internal sealed class SignatureStore(string folder, TimeProvider clock)
{
    /// <summary>
    /// What the signatures of 44 GB of files take: far more than one deployment folder holds, so that versions which some worker was not brought over yet stay known. The least recently used
    /// ones go first; what every worker holds is used by each push that changes it.
    /// </summary>
    private const long MostBytes = 256L << 20;

    /// <summary>What a file takes at least where it lies.</summary>
    private const long DiskBlock = 4096;

    private const string TemporarySuffix = ".tmp";

    private volatile bool _saved;

    public bool Has(Digest version)
    {
        var path = PathOf(version);
        if (!File.Exists(path))
        {
            return false;
        }
        Touch(path);
        return true;
    }

    /// <summary>Null when it is not known; a damaged one is removed.</summary>
    public BlockSignature? Load(Digest version)
    {
        var path = PathOf(version);
        try
        {
            if (new FileInfo(path) is not { Exists: true, Length: <= int.MaxValue })
            {
                return null;
            }
            var signature = SignatureFormat.Read(File.ReadAllBytes(path));
            if (signature is null)
            {
                Forget(version);
            }
            else
            {
                Touch(path);
            }
            return signature;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <exception cref="DepSyncException">LocalFiles: it cannot be written; nothing of it is left.</exception>
    public void Save(Digest version, BlockSignature signature)
    {
        var path = PathOf(version);
        var temporary = $"{path}-{RandomNumberGenerator.GetHexString(8, lowercase: true)}{TemporarySuffix}";
        PrivateFolder.Prepare(folder);
        try
        {
            File.WriteAllBytes(temporary, SignatureFormat.Write(signature));
            File.Move(temporary, path, overwrite: true);
            _saved = true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Remove(temporary);
            throw new DepSyncException(ErrorKind.LocalFiles, $"{path} cannot be written: {e.Message}", "check the folder's rights and the free space", e);
        }
    }

    public void Forget(Digest version) => Remove(PathOf(version));

    /// <summary>Keeps the store within its bound, when something was added. After all other calls.</summary>
    public void Prune(long mostBytes = MostBytes)
    {
        if (!_saved)
        {
            return;
        }
        try
        {
            var left = mostBytes;
            foreach (var file in new DirectoryInfo(folder).EnumerateFiles().OrderByDescending(file => file.LastWriteTimeUtc))
            {
                left -= Math.Max(DiskBlock, file.Length);
                if (left < 0 || file.Name.EndsWith(TemporarySuffix, StringComparison.Ordinal))
                {
                    file.Delete();
                }
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The next run that adds something tries again.
        }
    }

    private string PathOf(Digest version) => Path.Combine(folder, version.ToString());

    private void Touch(string path)
    {
        try
        {
            File.SetLastWriteTimeUtc(path, clock.GetUtcNow().UtcDateTime);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It only goes sooner.
        }
    }

    private static void Remove(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It is no signature, or one that will be found out again.
        }
    }
}
