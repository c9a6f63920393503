using DepSync.Model;
using DepSync.Workers;

namespace DepSync.Release;

/// <summary>The result of a worker whose release threw. Pure.</summary>
internal static class WorkerFailure
{
    /// <param name="reason">Interrupted or MaxTime.</param>
    public static WorkerResult Interrupted(WorkerAddress worker, ErrorKind reason) =>
        Result(worker, WorkerStatus.Failed, new WorkerError(reason, "stopped before its commit; nothing of it was changed", null));

    /// <summary>Null for a bug.</summary>
    public static WorkerResult? Of(WorkerAddress worker, Exception exception) => exception switch
    {
        WorkerFileException file => Result(worker, WorkerStatus.Failed, new WorkerError(ErrorKind.Target, $"{(file.Path.IsRoot ? worker.Path : file.Path)}: {file.Message}", "look at the rights and the space of the target")),
        DepSyncException failure => Result(worker, StatusOf(failure.Kind), new WorkerError(failure.Kind, failure.Message, failure.Hint)),
        _ => null,
    };

    private static WorkerStatus StatusOf(ErrorKind kind) => kind switch
    {
        ErrorKind.Guard or ErrorKind.Fenced => WorkerStatus.Refused,
        ErrorKind.Duplicate => WorkerStatus.Skipped,
        _ => WorkerStatus.Failed,
    };

    private static WorkerResult Result(WorkerAddress worker, WorkerStatus status, WorkerError error) => new() { Worker = worker.Name, Status = status, Error = error };
}
