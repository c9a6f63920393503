using DepSync.Model;
using DepSync.Workers;

namespace DepSync.Release;

/// <summary>SFTP says "failure" for a full disk, a quota, no inodes and a read-only filesystem alike; the free space tells which it was.</summary>
internal static class StorageFailure
{
    public static async Task<DepSyncException> DiagnoseAsync(IWorkerFileSystem files, RelativePath folder, WorkerFileException failure)
    {
        var space = await TryFreeSpaceAsync(files, folder);
        var what = $"writing failed ({failure.Message})";
        return space is null ? new DepSyncException(ErrorKind.Target, $"{what}; the server does not tell its free space", "look for a full disk or a quota there", failure) : Explain(space.Value, what);
    }

    /// <summary>Null also when the server refuses to tell: it is advice, and no reason to stop.</summary>
    public static async Task<FreeSpace?> TryFreeSpaceAsync(IWorkerFileSystem files, RelativePath path)
    {
        try
        {
            return await files.FreeSpaceAsync(path, CancellationToken.None);
        }
        catch (WorkerFileException)
        {
            return null;
        }
    }

    /// <summary>Pure.</summary>
    public static DepSyncException Explain(FreeSpace space, string what)
    {
        if (space.ReadOnly)
        {
            return new DepSyncException(ErrorKind.Target, $"{what}, but the target's filesystem is mounted read-only", "mount it for writing");
        }
        if (space.Inodes == 0)
        {
            return new DepSyncException(ErrorKind.Target, $"{what}, but the target's filesystem is out of inodes ({space.Bytes} bytes free)", "remove files there");
        }
        const ulong NearlyNone = 1 << 20;
        return space.Bytes < NearlyNone || !what.StartsWith("writing", StringComparison.Ordinal)
            ? new DepSyncException(ErrorKind.Target, $"{what}, but the target's filesystem has {space.Bytes} bytes free", "make room there; the old files are as they were")
            : new DepSyncException(ErrorKind.Target, $"{what} with {space.Bytes} bytes free: a quota or a limit of the server", "look at the login's quota there");
    }
}
