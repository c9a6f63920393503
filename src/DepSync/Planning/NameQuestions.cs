using DepSync.Model;

namespace DepSync.Planning;

/// <summary>A name that the source has and the worker does not list, beside one in the same folder that some filesystems take for the same.</summary>
internal sealed record NameQuestion(RelativePath Wanted, FileEntry Standing);

/// <summary>
/// What a worker has to be asked before a plan may be made, because a filesystem that ignores case, or stores accents in one form, would take two names for one. Nothing is
/// asked when the worker lists every name of the source as it is written there, or when no two names come that close. Pure.
/// </summary>
internal sealed record NameQuestions
{
    /// <summary>Can be answered by a look at the worker's tree.</summary>
    public required IReadOnlyList<NameQuestion> Standing { get; init; }

    /// <summary>Names of one folder of the source of which the worker lists none: what it makes of them shows when they are made, in a folder of our own.</summary>
    public required IReadOnlyList<IReadOnlyList<RelativePath>> Unseen { get; init; }

    public bool AreNone => Standing.Count + Unseen.Count == 0;

    /// <param name="own">The folder on the worker that is in no listing, because it is ours.</param>
    public static NameQuestions Of(Snapshot source, Snapshot worker, RelativePath own)
    {
        // What is special, left out or unreadable there is told as that; below a name that is taken nothing is asked.
        HashSet<RelativePath> known = [.. worker.LeftOut, .. worker.SpecialFiles, .. worker.Problems.Select(problem => problem.Path)];
        var listed = worker.InOrder();
        var missing = source.Entries.Select(entry => entry.Path).Where(path => listed.Find(path) is null && !known.Contains(path) && !worker.Names.IsTaken(path)).ToList();
        if (missing.Count == 0)
        {
            return new NameQuestions { Standing = [], Unseen = [] };
        }
        var standing = new Dictionary<RelativePath, FileEntry>(FoldedPaths.Comparer);
        foreach (var entry in worker.Entries)
        {
            standing.TryAdd(entry.Path, entry);
        }
        standing[own] = new FileEntry { Path = own, Kind = EntryKind.Directory };
        var asked = new List<NameQuestion>();
        var unseen = new Dictionary<RelativePath, List<RelativePath>>(FoldedPaths.Comparer);
        foreach (var path in missing)
        {
            if (standing.TryGetValue(path, out var entry))
            {
                asked.Add(new NameQuestion(path, entry));
            }
            else if (!unseen.TryAdd(path, [path]))
            {
                unseen[path].Add(path);
            }
        }
        return new NameQuestions { Standing = asked, Unseen = [.. unseen.Values.Where(names => names.Count > 1)] };
    }
}
