using DepSync.Model;
using DepSync.Workers;

namespace DepSync.Release;

/// <summary>
/// Rolls forward what runs that were cut off left behind, after they were fenced: modes that they opened go back, what they took out stays as a generation, what they staged
/// is dropped. Nothing that they committed is undone. What cannot be cleared up is told and holds up nothing.
/// </summary>
internal sealed class Leftovers(IWorkerFileSystem files, int keepGenerations)
{
    private const int JournalLimit = 1 << 26;

    private readonly HashSet<RelativePath> _replaced = [];
    private readonly List<string> _troubles = [];

    public Task<RolledForward> RollForwardAsync(IReadOnlyList<long> fenced) => RollForwardAsync(fenced, WorkerLayout.Fenced);

    /// <param name="folderOf">The folder that a run of that number left.</param>
    public async Task<RolledForward> RollForwardAsync(IReadOnlyList<long> numbers, Func<long, RelativePath> folderOf)
    {
        var committed = false;
        foreach (var number in numbers)
        {
            try
            {
                committed |= await RollForwardAsync(folderOf(number), number);
            }
            catch (WorkerFileException exception)
            {
                _troubles.Add($"what run number {number} left cannot be cleared up: {exception.Path}: {exception.Message}");
            }
        }
        return new RolledForward { HasCommitted = committed, Replaced = _replaced, Troubles = _troubles };
    }

    private async Task<bool> RollForwardAsync(RelativePath folder, long number)
    {
        var journal = await SmallFile.ReadAsync(files, WorkerLayout.Journal(folder), JournalLimit, CancellationToken.None) ?? [];
        _replaced.UnionWith(CommitJournal.ParseKept(journal));
        foreach (var directory in CommitJournal.ParseUnlocked(journal))
        {
            await LockAsync(directory);
        }
        var old = await files.ListAsync(WorkerLayout.Old(folder), CancellationToken.None) ?? [];
        if (old.Count > 0 && keepGenerations > 0)
        {
            await new GenerationStore(files).KeepAsync(folder, WorkerLayout.Generation(number));
        }
        await TreeRemover.RemoveAsync(files, folder);
        return old.Count > 0;
    }

    private async Task LockAsync(UnlockedDirectory directory)
    {
        try
        {
            if (await files.FindAsync(directory.Path, CancellationToken.None) is { Kind: EntryKind.Directory })
            {
                await files.SetAttributesAsync(directory.Path, EntryKind.Directory, new AttributeChange(directory.Mode), CancellationToken.None);
            }
        }
        catch (WorkerFileException exception)
        {
            _troubles.Add($"the mode {Convert.ToString(directory.Mode, 8)} of '{directory.Path}' cannot be put back: {exception.Message}");
        }
    }
}
