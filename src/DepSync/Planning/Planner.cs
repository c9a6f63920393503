using DepSync.Model;

namespace DepSync.Planning;

/// <summary>
/// Two snapshots and rules in, one plan out: everything that makes the worker equal to the source, in <see cref="CommitOrder"/>, without what is protected, deferred,
/// unknown or not ours. Pure and total: what cannot be brought in line is a problem or a held delete in the plan. One instance serves one plan.
/// </summary>
internal sealed class Planner
{
    private readonly Snapshot _source;
    private readonly Snapshot _worker;
    private readonly Manifest? _manifest;
    private readonly PlanRules _rules;
    private readonly WorkerGround _ground;
    private readonly List<Change> _changes = [];
    private readonly List<Change> _held = [];
    private readonly List<FileEntry> _deferred = [];
    private readonly List<Problem> _problems;
    private readonly List<(FileEntry Source, FileEntry Worker)> _replacedDirectories = [];

    private Planner(Snapshot source, Snapshot worker, Manifest? manifest, PlanRules rules)
    {
        _source = source;
        _worker = worker;
        _manifest = manifest;
        _rules = rules;
        _ground = new WorkerGround(source, worker);
        _problems = [.. worker.Problems];
    }

    /// <summary>
    /// The worker's files whose content must be read before the plan is final: equal in size and time (with <c>--checksum</c>: in size), and the listing could not prove
    /// their content. The answers come back through <see cref="WorkerDigests.With"/>.
    /// </summary>
    public static IReadOnlyList<FileEntry> FilesToRead(Snapshot source, Snapshot worker, PlanRules rules) =>
        [.. worker.Entries.Where(entry => EntryComparison.MayNeedRead(entry) && source.Find(entry.Path) is { } wanted && EntryComparison.NeedsRead(wanted, entry, rules))];

    /// <summary>The plan. A worker's file without a digest counts as equal when its size and time are.</summary>
    public static SyncPlan Plan(Snapshot source, Snapshot worker, Manifest? manifest, PlanRules rules) => new Planner(source, worker, manifest, rules).Build();

    private SyncPlan Build()
    {
        CompareRoot();
        var standing = _worker.InOrder();
        foreach (var entry in _source.Entries)
        {
            Compare(entry, standing.Find(entry.Path));
        }
        var holds = new RemovalHold(_source, _deferred, _rules);
        ReplaceDirectories(holds);
        var wanted = _source.InOrder();
        foreach (var entry in _worker.Entries)
        {
            Remove(entry, wanted.Find(entry.Path) is not null, holds);
        }
        return new SyncPlan
        {
            Changes = CommitOrder.Arrange(_changes),
            Deferred = _deferred,
            HeldDeletes = _held,
            Problems = _problems,
            Leaving = _changes.Count(c => c.Action == ChangeAction.Delete),
            WorkerEntries = _ground.OwnEntries,
        };
    }

    private void CompareRoot()
    {
        if (_source.Root is not { } root)
        {
            return;
        }
        if (_worker.Root is not { } existing || _rules.TargetCreated)
        {
            Add(ChangeAction.Create, root, worker: null);
            return;
        }
        AddAttributes(root, existing, DirectoryDifferences(root, existing));
    }

    private void Compare(FileEntry source, FileEntry? worker)
    {
        if (source.Kind == EntryKind.Special || _ground.IsBelowClosed(source.Path))
        {
            _ground.Close(source.Path);
        }
        else if (_ground.IsSpecial(source.Path))
        {
            Refuse(source, "a device, socket or FIFO stands here on the worker");
        }
        else if (_worker.Names.Taken.TryGetValue(source.Path, out var holder))
        {
            Refuse(source, $"the worker's filesystem takes its name for that of '{DisplayText.Escape(holder)}', which stands there");
        }
        else if (_worker.LeftOut.Contains(source.Path))
        {
            Refuse(source, "a directory stands here on the worker that is excluded or unpacked by its server");
        }
        else if (_ground.IsExploded(source.Path))
        {
            Refuse(source, "the worker's server has unpacked the archive of that name here");
        }
        else if (source.Kind == EntryKind.Symlink && !_rules.Symlinks)
        {
            Refuse(source, "the worker cannot hold symbolic links");
        }
        else if (_ground.IsClosed(source.Path) && (source.Kind != EntryKind.Directory || worker?.Kind != source.Kind && (worker is not null || _ground.IsUnreadable(source.Path))))
        {
            // Told already, as a problem of the side that could not read it.
            _ground.Close(source.Path);
        }
        else if (worker is null)
        {
            Create(source);
        }
        else if (worker.Kind != source.Kind)
        {
            Retype(source, worker);
        }
        else
        {
            Update(source, worker);
        }
    }

    private void Create(FileEntry source)
    {
        if (source.Deferral != Deferral.None)
        {
            _deferred.Add(source);
            return;
        }
        Add(ChangeAction.Create, source, worker: null);
    }

    private void Update(FileEntry source, FileEntry worker)
    {
        switch (source.Kind)
        {
            case EntryKind.Directory:
                AddAttributes(source, worker, DirectoryDifferences(source, worker));
                break;
            case EntryKind.Symlink:
                AddUpdate(source, worker, EntryComparison.Links(source, worker, _rules));
                break;
            case EntryKind.File when source.Deferral != Deferral.None && !EntryComparison.ProvablyEqual(source, worker, Record(source.Path)):
                _deferred.Add(source);
                break;
            case EntryKind.File when source.Deferral != Deferral.None:
                AddAttributes(source, worker, EntryComparison.Files(source, worker, _rules));
                break;
            default:
                AddUpdate(source, worker, EntryComparison.Files(source, worker, _rules));
                break;
        }
    }

    private void Retype(FileEntry source, FileEntry worker)
    {
        if (source.Deferral != Deferral.None)
        {
            _deferred.Add(source);
            _ground.Close(source.Path);
        }
        else if (worker.Kind == EntryKind.Directory && _ground.IsKept(source.Path))
        {
            Refuse(source, "a directory stands here on the worker that holds excluded, protected, special or unreadable entries");
        }
        else if (worker.Kind == EntryKind.Directory)
        {
            _replacedDirectories.Add((source, worker));
        }
        else
        {
            Add(ChangeAction.Retype, source, worker);
        }
    }

    /// <summary>What is below such a directory leaves; while removals are held, a directory that holds anything stays what it is.</summary>
    private void ReplaceDirectories(RemovalHold holds)
    {
        if (_replacedDirectories.Count == 0)
        {
            return;
        }
        var filled = _worker.Entries.Select(e => e.Path.Parent).ToHashSet();
        foreach (var (source, worker) in _replacedDirectories.Where(pair => !filled.Contains(pair.Source.Path) || !holds.Covers(pair.Source.Path)))
        {
            Add(ChangeAction.Retype, source, worker);
        }
    }

    private void Remove(FileEntry worker, bool isWanted, RemovalHold holds)
    {
        if (_ground.IsBelowClosed(worker.Path))
        {
            _ground.Close(worker.Path);
            return;
        }
        var stays = isWanted
            || _ground.IsClosed(worker.Path)
            || _ground.IsSpecial(worker.Path)
            || _ground.IsProtected(worker.Path)
            || (worker.Kind == EntryKind.Directory && (_ground.IsKept(worker.Path) || CommitOrder.IsTypeFolder(worker.Path)));
        if (stays)
        {
            return;
        }
        var delete = new Change
        {
            Path = worker.Path,
            Action = ChangeAction.Delete,
            Kind = worker.Kind,
            Reason = DeleteReason(worker.Path),
            Worker = worker,
        };
        (holds.Covers(worker.Path) ? _held : _changes).Add(delete);
    }

    private void Refuse(FileEntry source, string why)
    {
        _problems.Add(new Problem(source.Path, $"It cannot be brought in line: {why}."));
        _ground.Close(source.Path);
    }

    private void AddUpdate(FileEntry source, FileEntry worker, Differences differences)
    {
        if (differences.HasFlag(Differences.Content))
        {
            Add(ChangeAction.Update, source, worker, differences);
            return;
        }
        AddAttributes(source, worker, differences);
    }

    private void AddAttributes(FileEntry source, FileEntry worker, Differences differences)
    {
        if (differences != Differences.None)
        {
            Add(ChangeAction.Attributes, source, worker, differences);
        }
    }

    private void Add(ChangeAction action, FileEntry source, FileEntry? worker, Differences differences = Differences.None) => _changes.Add(new Change
    {
        Path = source.Path,
        Action = action,
        Kind = source.Kind,
        Reason = Record(source.Path) is { } record && record.Describes(source) ? ChangeReason.Drift : ChangeReason.Source,
        Source = source,
        Worker = worker,
        Differences = differences,
        ByChecksum = _rules.Checksum,
    });

    private Differences DirectoryDifferences(FileEntry source, FileEntry worker)
    {
        var differences = EntryComparison.Directories(source, worker, _rules);
        return _worker.Keepers.Contains(source.Path) || IsAsLeft(source, worker) ? differences & ~Differences.Time : differences;
    }

    /// <summary>Somebody else's directory, whose mtime the last push could not set: it stands as that push left it, and the source's has not changed since.</summary>
    private bool IsAsLeft(FileEntry source, FileEntry worker) =>
        Record(source.Path) is { Kind: EntryKind.Directory } record && record.SourceModifiedNs == source.ModifiedNs && record.WorkerSeconds == worker.WorkerSeconds;

    private ManifestEntry? Record(RelativePath path) => _manifest?.Entries.GetValueOrDefault(path);

    /// <summary>
    /// What the last push did not leave was added on the worker. The servers' <c>webapps/X/</c> is none of that: it goes because the manager's <c>webapps/X.war</c> went.
    /// </summary>
    private ChangeReason DeleteReason(RelativePath path)
    {
        if (_manifest is null || _manifest.Entries.ContainsKey(path))
        {
            return ChangeReason.Source;
        }
        for (var app = path; app.Depth >= 2; app = app.Parent)
        {
            if (app.Depth == 2 && app.TopFolder.Bytes.SequenceEqual("webapps"u8) && RelativePath.TryParse([.. app.Bytes, .. ".war"u8], out var archive)
                && _manifest.Entries.ContainsKey(archive) && _source.Find(archive) is null)
            {
                return ChangeReason.Source;
            }
        }
        return ChangeReason.Drift;
    }
}
