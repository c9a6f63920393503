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
    /// <returns>What is kept for certain now, besides what was; null when <c>old/</c> is not there: then another run fenced this one and keeps it.</returns>
    /// <exception cref="WorkerFileException">Also when both places are taken: what the run took out stays in its folder.</exception>
    public async Task<KeptGenerations?> KeepAsync(RelativePath runFolder, long number, long generation)
    {
        var own = generation == number ? await TryKeepAsync(runFolder, WorkerLayout.Generation(generation)) : Keeping.Taken;
        if (own != Keeping.Taken)
        {
            return own == Keeping.Gone ? null : new KeptGenerations([generation], []);
        }
        return await TryKeepAsync(runFolder, WorkerLayout.DriftRepair(generation, number)) switch
        {
            Keeping.Kept => new KeptGenerations([generation], [(generation, number)]),
            Keeping.Gone => null,
            _ => throw new WorkerFileException(WorkerFileError.Failure, WorkerLayout.Old(runFolder), "The place where it is to be kept is taken."),
        };
    }

    /// <summary>What <see cref="KeepAsync"/> most likely adds.</summary>
    public static KeptGenerations Added(long number, long generation) => new([generation], generation == number ? [] : [(generation, number)]);

    private async Task<Keeping> TryKeepAsync(RelativePath runFolder, RelativePath place)
    {
        // One flight, in this order. A directory goes to no place where another one with content stands; that of an empty one it may take.
        var listed = files.RenameAsync(WorkerLayout.Journal(runFolder), WorkerLayout.Old(runFolder).Child("paths"), CancellationToken.None).AsTask();
        var moved = files.RenameAsync(WorkerLayout.Old(runFolder), place, CancellationToken.None).AsTask();
        await Task.WhenAll(listed, WorkerFileException.IgnoreAsync(moved));
        if (moved.IsCompletedSuccessfully && await moved)
        {
            return Keeping.Kept;
        }
        if (await files.FindAsync(place, CancellationToken.None) is not null)
        {
            return Keeping.Taken;
        }
        // The first one there.
        await CreateParentsAsync(place.Parent);
        return await files.RenameAsync(WorkerLayout.Old(runFolder), place, CancellationToken.None) ? Keeping.Kept : Keeping.Gone;
    }

    private enum Keeping
    {
        Kept,
        Taken,
        Gone,
    }

    /// <summary>What is kept of these generations; null when the worker does not tell.</summary>
    public async Task<KeptGenerations?> TryListAsync(IReadOnlyList<long> generations)
    {
        try
        {
            return await ListAsync(generations);
        }
        catch (WorkerFileException)
        {
            return null;
        }
    }

    /// <summary>Removes all but the newest <paramref name="keep"/> generations, and of the drift repairs all but the newest as many.</summary>
    /// <param name="kept">What there is; null: it is listed.</param>
    /// <exception cref="WorkerFileException">One of them cannot be removed; the others are, so that they do not pile up behind it.</exception>
    public async Task PruneAsync(int keep, KeptGenerations? kept)
    {
        kept ??= await ListAsync(await NumbersAsync(WorkerLayout.Generations, WorkerLayout.GenerationNumber));
        WorkerFileException? refusal = null;
        foreach (var path in kept.Beyond(keep))
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

    private async Task<KeptGenerations> ListAsync(IReadOnlyList<long> generations)
    {
        var repairs = await Task.WhenAll(generations.Select(generation => NumbersAsync(WorkerLayout.Generation(generation), WorkerLayout.DriftNumber)).ToList());
        return new KeptGenerations(generations, [.. generations.Zip(repairs).SelectMany(pair => pair.Second.Select(number => (pair.First, number)))]);
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
