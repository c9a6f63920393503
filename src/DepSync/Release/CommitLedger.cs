using DepSync.Model;

namespace DepSync.Release;

/// <summary>Keeps, while a commit runs, what failed, and tells at its end what is done. Not safe for concurrent use: filled between flights.</summary>
internal sealed class CommitLedger(SyncPlan plan, StagedRelease staged)
{
    private readonly Dictionary<RelativePath, Problem> _failedTrees = staged.Problems.ToDictionary(problem => problem.Path);
    private readonly HashSet<RelativePath> _failedEntries = [];
    private readonly HashSet<RelativePath> _heldFolders = [.. staged.Problems.Select(problem => problem.Path.TopFolder)];
    private readonly List<Problem> _problems = [.. staged.Problems];
    private readonly HashSet<RelativePath> _ready = [.. staged.Ready.Select(item => item.Change.Path)];

    /// <summary>Something did not arrive: nothing at or below the path is done, and nothing is removed in its top folder any more.</summary>
    public void FailArrival(RelativePath path, string message)
    {
        FailRemoval(path, message);
        _heldFolders.Add(path.TopFolder);
    }

    /// <summary>Something could not be taken out: it and all below it stay.</summary>
    public void FailRemoval(RelativePath path, string message)
    {
        var problem = new Problem(path, message);
        if (_failedTrees.TryAdd(path, problem))
        {
            _problems.Add(problem);
        }
    }

    /// <summary>Attributes of one entry could not be set.</summary>
    public void FailEntry(RelativePath path, string message)
    {
        if (_failedEntries.Add(path))
        {
            _problems.Add(new Problem(path, message));
        }
    }

    /// <summary>Whether removals of this path must wait; what failed at the root itself holds everything, because everything is in the root.</summary>
    public bool IsHeld(RelativePath path) => _heldFolders.Count > 0 && (_heldFolders.Contains(path.TopFolder) || _heldFolders.Any(IsFailed));

    public bool IsFailed(RelativePath path) => _failedEntries.Contains(path) || IsInFailedTree(path);

    /// <summary>Whether what stood at a path before the commit stands there still, because its removal failed or waits.</summary>
    public bool Stays(RelativePath path) => IsFailed(path) || IsHeld(path);

    public CommitOutcome Finish(IReadOnlyDictionary<RelativePath, long> leftSeconds, TimeSpan liveTime)
    {
        var done = new List<Change>();
        var held = new List<Change>();
        var failed = new HashSet<RelativePath>();
        foreach (var change in plan.Changes)
        {
            var staged = change.Action is ChangeAction.Create or ChangeAction.Update or ChangeAction.Retype && !change.Path.IsRoot;
            if ((staged && !_ready.Contains(change.Path)) || IsFailed(change.Path))
            {
                failed.Add(change.Path);
            }
            else if (change.Action == ChangeAction.Delete && IsHeld(change.Path))
            {
                held.Add(change);
            }
            else
            {
                done.Add(change);
            }
        }
        return new CommitOutcome { Done = done, Held = held, Failed = failed, Problems = _problems, LeftSeconds = leftSeconds, LiveTime = liveTime };
    }

    private bool IsInFailedTree(RelativePath path)
    {
        if (_failedTrees.Count == 0)
        {
            return false;
        }
        for (var folder = path; !folder.IsRoot; folder = folder.Parent)
        {
            if (_failedTrees.ContainsKey(folder))
            {
                return true;
            }
        }
        return false;
    }
}
