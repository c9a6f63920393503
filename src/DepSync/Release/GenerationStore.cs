using DepSync.Model;
using DepSync.Workers;

namespace DepSync.Release;

/// <summary>What finished runs took out, kept on the worker under <c>generations/</c>: a folder a generation, in it <c>drift-N</c> for each drift repair.</summary>
internal sealed class GenerationStore(IWorkerFileSystem files)
{
    /// <summary>
    /// Moves the <c>old/</c> and the journal of the run folder of that number to <paramref name="generation"/>, or below it as a drift repair: of a generation that another run
    /// brought, and where what that run replaced, or a repair, is kept already.
    /// </summary>
    /// <exception cref="WorkerFileException">Also when both places are taken: what the run took out stays in its folder.</exception>
    public async Task KeepAsync(RelativePath runFolder, long number, long generation)
    {
        if ((generation != number || !await TryKeepAsync(runFolder, WorkerLayout.Generation(generation))) && !await TryKeepAsync(runFolder, WorkerLayout.DriftRepair(generation, number)))
        {
            throw new WorkerFileException(WorkerFileError.Failure, WorkerLayout.Old(runFolder), "The place where it is to be kept is taken.");
        }
    }

    private async Task<bool> TryKeepAsync(RelativePath runFolder, RelativePath place)
    {
        // One flight, in this order; the move itself depends on what stands there.
        var parents = CreateParentsAsync(place.Parent);
        var listed = files.RenameAsync(WorkerLayout.Journal(runFolder), WorkerLayout.Old(runFolder).Child("paths"), CancellationToken.None).AsTask();
        var standing = files.FindAsync(place, CancellationToken.None).AsTask();
        await Task.WhenAll(listed, standing);
        if (await standing is not null)
        {
            await parents;
            return false;
        }
        await Task.WhenAll(parents, files.RenameAsync(WorkerLayout.Old(runFolder), place, CancellationToken.None).AsTask());
        return true;
    }

    /// <summary>Removes all but the newest <paramref name="keep"/> generations, and of the drift repairs all but the newest as many.</summary>
    /// <exception cref="WorkerFileException">One of them cannot be removed; the others are, so that they do not pile up behind it.</exception>
    public async Task PruneAsync(int keep)
    {
        var generations = await NumbersAsync(WorkerLayout.Generations, WorkerLayout.GenerationNumber);
        var repairs = await Task.WhenAll(generations.Select(generation => NumbersAsync(WorkerLayout.Generation(generation), WorkerLayout.DriftNumber)).ToList());
        var drift = generations.Zip(repairs).SelectMany(pair => pair.Second.Select(number => (Number: number, Path: WorkerLayout.DriftRepair(pair.First, number))));
        WorkerFileException? refusal = null;
        var old = drift.OrderByDescending(repair => repair.Number).Skip(keep).Select(repair => repair.Path);
        foreach (var path in old.Concat(generations.OrderDescending().Skip(keep).Select(WorkerLayout.Generation)))
        {
            try
            {
                await TreeRemover.RemoveAsync(files, path);
            }
            catch (WorkerFileException exception)
            {
                refusal ??= exception;
            }
        }
        if (refusal is not null)
        {
            throw refusal;
        }
    }

    private async Task CreateParentsAsync(RelativePath folder)
    {
        var top = files.CreateDirectoryAsync(WorkerLayout.Generations, WorkerLayout.FolderMode, CancellationToken.None).AsTask();
        var below = folder.IsBelow(WorkerLayout.Generations) ? files.CreateDirectoryAsync(folder, WorkerLayout.FolderMode, CancellationToken.None).AsTask() : Task.FromResult(false);
        await Task.WhenAll(top, below);
    }

    private async Task<List<long>> NumbersAsync(RelativePath folder, NumberOf numberOf) =>
        WorkerLayout.Numbers(await files.ListAsync(folder, CancellationToken.None) ?? [], numberOf);
}
