using DepSync.Model;

namespace DepSync.Workers;

/// <summary>Opens a worker's files by its address. Fails with <see cref="WorkerLostException"/>: not reached, not let in, or the target cannot be used. Safe for concurrent use.</summary>
internal delegate Task<IWorkerFileSystem> ConnectWorker(WorkerAddress address, CancellationToken cancellationToken);
