using System.Globalization;
using DepSync.Model;
using DepSync.Workers;

namespace DepSync.Release;

/// <summary>What a commit starts from. <paramref name="Staged"/> is what is ready; what is not is left out. <paramref name="LoginUid"/> is the worker login's user id, null when it cannot be told (then every entry counts as its own).</summary>
internal sealed record CommitCase(SyncPlan Plan, Snapshot Source, Snapshot Worker, IReadOnlyList<StagedItem> Staged, RelativePath RunFolder, int? LoginUid)
{
    /// <summary>The run made <c>.depsync/</c>, so the root's mtime is another one and is set back.</summary>
    public bool RootTouched { get; init; }
}

/// <summary>Turns a plan and what was staged for it into the steps of a commit. Pure; one use each.</summary>
internal sealed class CommitPlanner
{
    private const int OwnerWrite = 0b010_000_000;
    private const int PermissionBits = 0b111_111_111;

    private readonly CommitCase _case;
    private readonly RelativePath _old;
    private readonly List<KeptEntry> _kept = [];
    private readonly HashSet<RelativePath> _touched = [];
    private readonly Dictionary<RelativePath, UnlockedDirectory> _unlocked = [];
    private readonly HashSet<RelativePath> _leaving;

    private CommitPlanner(CommitCase commitCase)
    {
        _case = commitCase;
        _old = WorkerLayout.Old(commitCase.RunFolder);
        _leaving = [.. commitCase.Plan.Changes.Where(change => change.Action is ChangeAction.Delete or ChangeAction.Retype).Select(change => change.Path)];
    }

    public static CommitPlan Build(CommitCase commitCase) => new CommitPlanner(commitCase).Build();

    private CommitPlan Build()
    {
        var ready = _case.Staged.Select(item => item.Change.Path).ToHashSet();
        var retyped = _case.Plan.Changes.Where(change => change.Action == ChangeAction.Retype && ready.Contains(change.Path)).ToList();
        if (_case.RootTouched)
        {
            Touch(RelativePath.Root);
        }
        var outOfTheWay = retyped.Select(change => MoveOut(change.Worker!)).ToList();
        var arrivals = Arrivals();
        var removals = Removals([.. retyped.Where(change => change.Worker!.Kind == EntryKind.Directory).Select(change => change.Path)]);
        return new CommitPlan
        {
            OutOfTheWay = outOfTheWay,
            Arrivals = arrivals,
            Removals = removals,
            Attributes = Attributes(),
            Unlocked = [.. _unlocked.Values.OrderBy(directory => directory.Path)],
            Kept = _kept,
            Touched = [.. _touched.Order()],
        };
    }

    private List<CommitStep> Arrivals()
    {
        var places = _case.Staged.ToDictionary(item => item.Change.Path);
        var steps = new List<CommitStep>();
        foreach (var change in _case.Plan.Changes)
        {
            if (!places.TryGetValue(change.Path, out var item))
            {
                continue;
            }
            if (change.Kind == EntryKind.Directory)
            {
                _touched.Add(change.Path);
            }
            if (!item.IsTop)
            {
                continue;
            }
            Touch(change.Path.Parent);
            steps.Add(change.Action == ChangeAction.Update
                ? new CommitStep.Replace(change.Path, item.Staged, Keep(change.Worker!))
                : new CommitStep.MoveIn(change.Path, item.Staged));
        }
        return steps;
    }

    /// <summary>A removed directory is moved as a whole where its rights allow it; what lies below it, or below a replaced directory, has gone with it.</summary>
    private List<CommitStep> Removals(HashSet<RelativePath> gone)
    {
        var deletes = _case.Plan.Changes.Where(change => change.Action == ChangeAction.Delete).ToList();
        var whole = new HashSet<RelativePath>();
        foreach (var directory in deletes.Where(change => change.Kind == EntryKind.Directory).OrderBy(change => change.Path))
        {
            if (gone.Contains(directory.Path.Parent))
            {
                gone.Add(directory.Path);
            }
            else if (MayBeMoved(directory.Worker!))
            {
                gone.Add(directory.Path);
                whole.Add(directory.Path);
            }
        }
        var steps = new List<CommitStep>();
        foreach (var change in deletes)
        {
            if (change.Kind == EntryKind.Directory ? gone.Contains(change.Path) && !whole.Contains(change.Path) : gone.Contains(change.Path.Parent))
            {
                continue;
            }
            if (change.Kind == EntryKind.Directory && !whole.Contains(change.Path))
            {
                Touch(change.Path.Parent);
                steps.Add(new CommitStep.RemoveEmptied(change.Path));
            }
            else
            {
                steps.Add(MoveOut(change.Worker!));
            }
        }
        return steps;
    }

    private CommitStep.MoveOut MoveOut(FileEntry entry)
    {
        Touch(entry.Path.Parent);
        if (entry.Kind == EntryKind.Directory)
        {
            // Moving a directory to another parent rewrites its "..", which takes write permission on the directory itself.
            Unlock(entry);
        }
        return new CommitStep.MoveOut(entry.Path, entry.Kind, Keep(entry));
    }

    private RelativePath Keep(FileEntry entry)
    {
        var counter = _kept.Count + 1;
        _kept.Add(new KeptEntry(counter, entry.Kind, entry.Mode, entry.Path));
        return _old.Child(counter.ToString(CultureInfo.InvariantCulture));
    }

    private void Touch(RelativePath directory)
    {
        if (_touched.Add(directory) && _case.Worker.Find(directory) is { Kind: EntryKind.Directory } entry)
        {
            Unlock(entry);
        }
    }

    private void Unlock(FileEntry directory)
    {
        if ((directory.Mode & OwnerWrite) == 0 && IsOwn(directory) && _case.LoginUid != 0)
        {
            _unlocked.TryAdd(directory.Path, new UnlockedDirectory(directory.Path, directory.Mode));
        }
    }

    private bool IsOwn(FileEntry entry) => _case.LoginUid is null || entry.Uid is null || entry.Uid == _case.LoginUid;

    private bool MayBeMoved(FileEntry directory) => _case.LoginUid == 0 || IsOwn(directory);

    private List<AttributeStep> Attributes()
    {
        var steps = new Dictionary<RelativePath, AttributeStep>();
        foreach (var item in _case.Staged.Where(item => item.Change.Kind == EntryKind.Directory))
        {
            var source = item.Change.Source!;
            var mode = (source.Mode & PermissionBits) | item.InheritedBits;
            steps[source.Path] = new AttributeStep(source.Path, EntryKind.Directory, new AttributeChange(mode, source.WorkerSeconds), Planned: true);
        }
        foreach (var change in _case.Plan.Changes.Where(change => change.Action == ChangeAction.Attributes || (change.Path.IsRoot && change.Action == ChangeAction.Create)))
        {
            steps[change.Path] = new AttributeStep(change.Path, change.Kind, Full(change.Source!, change.Worker), Planned: true);
        }
        foreach (var directory in _touched.Where(directory => !steps.ContainsKey(directory)))
        {
            if (Repair(directory) is { } change)
            {
                steps[directory] = new AttributeStep(directory, EntryKind.Directory, change, Planned: false);
            }
        }
        foreach (var directory in _unlocked.Values.Where(directory => !steps.ContainsKey(directory.Path) && !IsLeaving(directory.Path)))
        {
            steps[directory.Path] = new AttributeStep(directory.Path, EntryKind.Directory, new AttributeChange(directory.Mode), Planned: false);
        }
        return [.. steps.Values.OrderByDescending(step => step.Path.Depth).ThenByDescending(step => step.Path)];
    }

    private static AttributeChange Full(FileEntry source, FileEntry? worker) => source.Kind == EntryKind.Symlink
        ? new AttributeChange(Seconds: source.WorkerSeconds)
        : new AttributeChange((source.Mode & PermissionBits) | (source.Kind == EntryKind.Directory ? (worker?.Mode ?? 0) & ~PermissionBits : 0), source.WorkerSeconds);

    /// <summary>A directory that stays gets back what the renames in it changed: its mtime, and the mode of one that was opened. One that the source does not have keeps its own.</summary>
    private AttributeChange? Repair(RelativePath directory)
    {
        var worker = _case.Worker.Find(directory);
        if (worker is null || IsLeaving(directory))
        {
            return null;
        }
        var source = _case.Source.Find(directory);
        int? mode = _unlocked.ContainsKey(directory) ? worker.Mode : null;
        return source is { Kind: EntryKind.Directory } ? new AttributeChange(mode, source.WorkerSeconds) : mode is null ? null : new AttributeChange(mode);
    }

    private bool IsLeaving(RelativePath directory) => _leaving.Contains(directory);
}
