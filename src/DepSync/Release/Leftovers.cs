using DepSync.Model;
using DepSync.Workers;

namespace DepSync.Release;

/// <summary>
/// Rolls forward what runs that were cut off left behind, after they were fenced: modes that they opened go back, what they took out stays as a generation, what they staged
/// is dropped. Nothing that they committed is undone.
/// </summary>
internal sealed class Leftovers(IWorkerFileSystem files, int keepGenerations)
{
    private const int JournalLimit = 1 << 26;

    /// <summary>True when one of them had come so far that it took something out.</summary>
    public async Task<bool> RollForwardAsync(IReadOnlyList<long> fenced)
    {
        var committed = false;
        foreach (var number in fenced)
        {
            committed |= await RollForwardAsync(WorkerLayout.Fenced(number), number);
        }
        return committed;
    }

    private async Task<bool> RollForwardAsync(RelativePath folder, long number)
    {
        var journal = await SmallFile.ReadAsync(files, WorkerLayout.Journal(folder), JournalLimit, CancellationToken.None);
        foreach (var directory in journal is null ? [] : CommitJournal.ParseUnlocked(journal))
        {
            if (await files.FindAsync(directory.Path, CancellationToken.None) is { Kind: EntryKind.Directory })
            {
                await files.SetAttributesAsync(directory.Path, EntryKind.Directory, new AttributeChange(directory.Mode), CancellationToken.None);
            }
        }
        var old = await files.ListAsync(WorkerLayout.Old(folder), CancellationToken.None) ?? [];
        if (old.Count > 0 && keepGenerations > 0)
        {
            await new GenerationStore(files).KeepAsync(folder, WorkerLayout.Generation(number));
        }
        await TreeRemover.RemoveAsync(files, folder);
        return old.Count > 0;
    }
}
