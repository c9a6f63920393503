using DepSync.Platform;
using DepSync.Workers;

namespace DepSync.Tests.Workers;

/// <summary>The contract on a directory of this machine.</summary>
public sealed class LocalWorkerTests : WorkerFileSystemContract
{
    private protected override Task<IWorkerFileSystem> OpenAsync(string directory) => Task.FromResult(LocalWorker.Open(directory));
}

/// <summary>The contract without openat2: each component is opened by itself.</summary>
public sealed class LocalWorkerComponentwiseTests : WorkerFileSystemContract
{
    private protected override Task<IWorkerFileSystem> OpenAsync(string directory) =>
        Task.FromResult<IWorkerFileSystem>(LocalWorker.OpenUnix(directory, UnixTree.Componentwise));
}
