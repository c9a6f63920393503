using DepSync.Model;
using DepSync.Workers;

namespace DepSync.Release;

/// <summary>
/// Rolls forward what runs that were cut off left behind, after they were fenced: modes that they opened go back, what they took out stays as a generation, what they staged
/// is dropped. Nothing that they committed is undone. What cannot be cleared up is told and holds up nothing.
/// <para>In two parts, because until there is a new manifest only the journals tell what the old one is wrong about, and until owner.json shows a number that is not below
/// theirs only the folders tell that their numbers are used up.</para>
/// </summary>
internal sealed class Leftovers(IWorkerFileSystem files, int keepGenerations)
{
    private const int JournalLimit = 1 << 26;

    private readonly HashSet<RelativePath> _replaced = [];
    private readonly List<string> _troubles = [];

    /// <summary>A journal is there and cannot be read.</summary>
    private bool _isUnknown;

    /// <summary>Before anything is listed. Reads what they did and gives back the space of what was staged; the folders and their journals stay.</summary>
    /// <param name="folders">What the runs left, by their numbers.</param>
    public async Task<RolledForward> RecoverAsync(IReadOnlyDictionary<long, RelativePath> folders)
    {
        var committed = false;
        foreach (var (number, folder) in folders)
        {
            await TryAsync(number, async () => committed |= await RecoverAsync(folder));
        }
        return new RolledForward { HasCommitted = committed, Replaced = _isUnknown ? null : _replaced, Troubles = [.. _troubles] };
    }

    /// <summary>Once the records are written. Keeps what they took out as generations and removes their folders.</summary>
    /// <returns>What could not be cleared up, as sentences.</returns>
    public async Task<IReadOnlyList<string>> ClearAsync(IReadOnlyDictionary<long, RelativePath> folders)
    {
        _troubles.Clear();
        foreach (var (number, folder) in folders)
        {
            await TryAsync(number, () => ClearAsync(folder, number));
        }
        return [.. _troubles];
    }

    private async Task TryAsync(long number, Func<Task> act)
    {
        try
        {
            await act();
        }
        catch (WorkerFileException exception)
        {
            _troubles.Add($"what run number {number} left cannot be cleared up: {exception.Path}: {exception.Message}");
        }
    }

    private async Task<bool> RecoverAsync(RelativePath folder)
    {
        var journal = await ReadJournalAsync(WorkerLayout.Journal(folder));
        _replaced.UnionWith(CommitJournal.ParseKept(journal));
        foreach (var directory in CommitJournal.ParseUnlocked(journal))
        {
            await LockAsync(directory);
        }
        var old = await files.ListAsync(WorkerLayout.Old(folder), CancellationToken.None) ?? [];
        await TreeRemover.RemoveAsync(files, WorkerLayout.New(folder));
        if (keepGenerations == 0)
        {
            await TreeRemover.RemoveAsync(files, WorkerLayout.Old(folder));
        }
        return old.Count > 0;
    }

    private async Task<byte[]> ReadJournalAsync(RelativePath place)
    {
        try
        {
            var bytes = await SmallFile.ReadAsync(files, place, JournalLimit, CancellationToken.None);
            _isUnknown |= bytes is null && await files.FindAsync(place, CancellationToken.None) is not null;
            return bytes ?? [];
        }
        catch (WorkerFileException)
        {
            _isUnknown = true;
            throw;
        }
    }

    private async Task ClearAsync(RelativePath folder, long number)
    {
        if (keepGenerations > 0 && await files.ListAsync(WorkerLayout.Old(folder), CancellationToken.None) is { Count: > 0 })
        {
            await new GenerationStore(files).KeepAsync(folder, number, number);
        }
        await TreeRemover.RemoveAsync(files, folder);
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
