using DepSync.Model;
using DepSync.Workers;

namespace DepSync.Release;

/// <summary>
/// Whether a worker's own programs are of use, which is asked once, at the first need, of the one file that every run folder has. A failure is that of
/// <see cref="IWorkerFileSystem.HashFilesAsync"/>, for all who ask. Safe for concurrent use.
/// </summary>
internal sealed class ShellProbe(IWorkerFileSystem files, RelativePath runFolder)
{
    private readonly Lazy<Task<bool>> _answer = new(() => AskAsync(files, new SizedPath(WorkerLayout.RunOwner(runFolder), 0)));

    /// <summary>Not cancelled with one who asks, because others wait for it too.</summary>
    public Task<bool> Answer => _answer.Value;

    private static async Task<bool> AskAsync(IWorkerFileSystem files, SizedPath probe) => await files.HashFilesAsync([probe], CancellationToken.None) is [not null];
}
