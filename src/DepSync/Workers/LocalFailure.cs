using DepSync.Model;
using DepSync.Platform;

namespace DepSync.Workers;

/// <summary>What a refusal of this machine's file system means for a local worker. Pure.</summary>
internal static class LocalFailure
{
    /// <summary>The exception that the contract promises; null for one that is a bug.</summary>
    public static Exception? Of(Exception thrown, RelativePath path) => thrown switch
    {
        UnixException { Errno: UnixError.CrossDevice or UnixError.Busy } e =>
            new WorkerFileException(WorkerFileError.Failure, path, $"{e.Message} (is a filesystem mounted here, below the target?)", e),
        UnixException e => new WorkerFileException(KindOf(e), path, e.Message, e),
        UnauthorizedAccessException e => new WorkerFileException(WorkerFileError.PermissionDenied, path, e.Message, e),
        PathTooLongException e => new WorkerFileException(WorkerFileError.BadName, path, e.Message, e),
        IOException e => new WorkerFileException(WorkerFileError.Failure, path, e.Message, e),
        ObjectDisposedException e => new WorkerLostException(ErrorKind.ConnectionLost, "the local worker was closed", null, e),
        _ => null,
    };

    private static WorkerFileError KindOf(UnixException e) =>
        e.IsPermission ? WorkerFileError.PermissionDenied
        : e.IsUnsupported || e.Errno == UnixError.NoCall ? WorkerFileError.Unsupported
        : e.Errno == UnixError.Invalid || e.Errno == UnixError.NameTooLong || e.Errno == UnixError.IllegalBytes ? WorkerFileError.BadName
        : WorkerFileError.Failure;
}
