using DepSync.Model;
using DepSync.Planning;
using DepSync.Workers;

namespace DepSync.Release;

/// <summary>
/// Finds out which names of the source a worker's filesystem takes for one another, by looking for them, and gives the worker's entries the names that the source has for them.
/// Costs a look a name that comes close to another one, and nothing where there is none. Writes nothing, unless it is given a folder of ours to try names in.
/// </summary>
internal sealed class NameResolver(IWorkerFileSystem files, RelativePath? scratch)
{
    private const int InFlight = 256;

    private readonly Dictionary<RelativePath, RelativePath> _taken = [];
    private readonly Dictionary<RelativePath, RelativePath> _variants = [];
    private int _tries;

    public async Task<Snapshot> ResolveAsync(Snapshot source, Snapshot worker, CancellationToken cancellationToken)
    {
        // Each round knows the names one level deeper than the last.
        while (NameQuestions.Of(source, worker, WorkerLayout.Folder) is { AreNone: false } questions)
        {
            var known = _taken.Count + _variants.Count;
            var renamed = await LookAsync(source, questions.Standing, cancellationToken);
            if (scratch is { } folder)
            {
                foreach (var flight in questions.Unseen.Chunk(InFlight))
                {
                    foreach (var (name, standing) in (await Task.WhenAll(flight.Select(names => TryAsync(folder.Child($"names-{++_tries}"), names)).ToList())).SelectMany(taken => taken))
                    {
                        _taken[name] = standing;
                    }
                }
            }
            if (_taken.Count + _variants.Count == known)
            {
                break;
            }
            worker = worker.WithNames(new WorkerNames { Taken = _taken, Variants = _variants }, path => InSourceNames(path, renamed));
        }
        return worker;
    }

    /// <summary>A name that is in no listing and is found all the same is one that is listed in another form.</summary>
    private async Task<Dictionary<RelativePath, RelativePath>> LookAsync(Snapshot source, IReadOnlyList<NameQuestion> questions, CancellationToken cancellationToken)
    {
        var renamed = new Dictionary<RelativePath, RelativePath>();
        foreach (var flight in questions.Chunk(InFlight))
        {
            var found = await Task.WhenAll(flight.Select(question => FindAsync(question.Wanted, cancellationToken)).ToList());
            foreach (var (question, entry) in flight.Zip(found).Where(pair => pair.Second is { } entry && IsSame(pair.First.Standing, entry)))
            {
                var listed = question.Standing.Path;
                if (source.Find(listed) is not null || WorkerLayout.Folder == listed)
                {
                    _taken[question.Wanted] = listed;
                }
                else if (renamed.TryAdd(listed, question.Wanted))
                {
                    _variants[question.Wanted] = listed;
                }
                else
                {
                    _taken[question.Wanted] = renamed[listed];
                }
            }
        }
        return renamed;
    }

    /// <summary>Makes each name in a folder of its own kind, which goes with the run's; the names that are there before they are made, each with the one that has its place.</summary>
    private async Task<List<(RelativePath Name, RelativePath Standing)>> TryAsync(RelativePath folder, IReadOnlyList<RelativePath> names)
    {
        var taken = new List<(RelativePath Name, RelativePath Standing)>();
        try
        {
            await files.CreateDirectoryAsync(folder, WorkerLayout.FolderMode, CancellationToken.None);
            var made = new List<RelativePath>();
            foreach (var name in names)
            {
                if (made.Count > 0 && await files.FindAsync(folder.Child(name.Name), CancellationToken.None) is not null)
                {
                    taken.Add((name, made[0]));
                    continue;
                }
                await (await files.CreateFileAsync(folder.Child(name.Name), CancellationToken.None)).DisposeAsync();
                made.Add(name);
            }
        }
        catch (WorkerFileException)
        {
            // A name that cannot be made is told when it is staged.
        }
        return taken;
    }

    private async Task<WorkerEntry?> FindAsync(RelativePath path, CancellationToken cancellationToken)
    {
        try
        {
            return await files.FindAsync(path, cancellationToken);
        }
        catch (WorkerFileException)
        {
            return null;
        }
    }

    /// <summary>Not one that somebody has just made beside it.</summary>
    private static bool IsSame(FileEntry listed, WorkerEntry? found) =>
        found is { } entry && entry.Kind == listed.Kind
        && (listed.Path == WorkerLayout.Folder || (listed.ModifiedNs == entry.Seconds * 1_000_000_000 && (listed.Kind != EntryKind.File || listed.Size == entry.Size)));

    private static RelativePath InSourceNames(RelativePath path, Dictionary<RelativePath, RelativePath> renamed)
    {
        for (var folder = path; renamed.Count > 0 && !folder.IsRoot; folder = folder.Parent)
        {
            if (renamed.TryGetValue(folder, out var name))
            {
                return folder == path ? name : RelativePath.TryParse([.. name.Bytes, .. path.Bytes[folder.Bytes.Length..]], out var below) ? below : path;
            }
        }
        return path;
    }
}
