using DepSync.Config;
using DepSync.Model;

namespace DepSync.Workers;

/// <summary>Opens a worker's files by its address. In a dry run what it gives refuses every write. Safe for concurrent use.</summary>
internal sealed class WorkerConnector
{
    private readonly RunConfig _config;

    public WorkerConnector(RunConfig config) => _config = config;

    /// <exception cref="WorkerLostException">Not reached, not let in, or the target cannot be used.</exception>
    public Task<IWorkerFileSystem> ConnectAsync(WorkerAddress address, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (!address.IsLocal)
        {
            throw new WorkerLostException(ErrorKind.Unreachable, $"{address.Target} is not a directory of this machine, and only those are reached yet");
        }
        var files = LocalWorker.Open(address.Path);
        return Task.FromResult<IWorkerFileSystem>(_config.DryRun ? new ReadOnlyWorker(files) : files);
    }
}
