using DepSync.Model;

namespace DepSync.Workers;

/// <summary>
/// The work of <c>depsync check</c> for one worker. It leaves nothing behind: the one probe file (in <c>.depsync/</c>, else in the target, whose mtime is put back) stays until
/// disposing, so that other workers can be asked whether they see it. Failures are results; only cancellation is thrown. One user at a time.
/// </summary>
internal sealed class WorkerCheck : IAsyncDisposable
{
    /// <summary>Beyond this a clock is not "a little off": logs of both sides no longer fit together.</summary>
    private static readonly TimeSpan ClockTolerance = TimeSpan.FromSeconds(5);

    private readonly List<CheckResult> _results = [];
    private readonly TimeProvider _clock;
    private IWorkerFileSystem? _files;
    private RelativePath? _probe;
    private long? _targetSeconds;
    private Writable? _target;

    private WorkerCheck(WorkerAddress worker, TimeProvider clock) => (Worker, _clock) = (worker, clock);

    public WorkerAddress Worker { get; }

    public IReadOnlyList<CheckResult> Results => _results;

    /// <summary>Why the worker could not be connected; null when it was.</summary>
    public WorkerLostException? Lost { get; private set; }

    public bool HasFailed => _results.Exists(result => result.Outcome == CheckOutcome.Failure);

    /// <summary>Where the target really is; null when the worker was not reached.</summary>
    public WorkerPlace? Place => _files?.Place;

    /// <summary>Connects and looks at everything that takes no writing.</summary>
    public static async Task<WorkerCheck> LookAsync(WorkerConnector connector, WorkerAddress worker, CancellationToken cancellationToken)
    {
        var check = new WorkerCheck(worker, connector.Clock);
        await check.GuardAsync(async () =>
        {
            check._files = await connector.ConnectAsync(worker, cancellationToken);
            check.Add("connection", CheckOutcome.Ok, Connected(worker, connector.CertificateOf(worker)));
            await check.LookAsync(cancellationToken);
        });
        return check;
    }

    /// <summary>
    /// Tests writing. Only when all workers were looked at: two of them may be one directory, and the probe of one must not be in the mtime that the other puts back. The
    /// connector must have been one that may write, unless the probe is forbidden.
    /// </summary>
    public Task ProbeAsync(CheckProbe probe, CancellationToken cancellationToken) =>
        _target is { } target && Lost is null ? GuardAsync(() => LookAtWritingAsync(probe, target, cancellationToken)) : Task.CompletedTask;

    /// <summary>Adds what somebody else finds in the worker's files, unless that is nothing, or it was not reached.</summary>
    public Task AskAsync(Func<IWorkerFileSystem, Task<CheckResult?>> ask) => _files is { } files && Lost is null
        ? GuardAsync(async () => _results.AddRange(await ask(files) is { } result ? [result] : []))
        : Task.CompletedTask;

    /// <summary>Adds why a sync would refuse the target, whatever can be read and written there; it is not probed then.</summary>
    public void Refuse(string message, string? mend)
    {
        Add("target", CheckOutcome.Failure, message, mend);
        _target = null;
    }

    private async Task GuardAsync(Func<Task> look)
    {
        try
        {
            await look();
        }
        catch (WorkerLostException lost)
        {
            Lost = lost;
            Add(Step(lost.Kind), CheckOutcome.Failure, lost.Message, lost.Hint);
        }
        catch (WorkerFileException refused)
        {
            Add("target", CheckOutcome.Failure, $"{refused.Path}: {refused.Message}");
        }
        catch (OperationCanceledException)
        {
            await DisposeAsync();
            throw;
        }
    }

    /// <summary>Whether this worker and another one are one directory under two names; adds a warning to this one's results when they are.</summary>
    public async Task<bool> CompareAsync(WorkerCheck other, CancellationToken cancellationToken)
    {
        if (_files is null || other._files is null || Lost is not null || other.Lost is not null || !await IsSameAsync(other, cancellationToken))
        {
            return false;
        }
        Add("target", CheckOutcome.Warning, $"the same directory as worker {other.Worker.Name}", "Remove one of the two lines: the second one is skipped in every run.");
        return true;
    }

    public async ValueTask DisposeAsync()
    {
        if (_files is not { } files)
        {
            return;
        }
        _files = null;
        try
        {
            if (_probe is { } probe && Lost is null)
            {
                await files.RemoveFileAsync(probe, CancellationToken.None);
                if (_targetSeconds is { } seconds)
                {
                    await files.SetAttributesAsync(RelativePath.Root, EntryKind.Directory, new AttributeChange(Seconds: seconds), CancellationToken.None);
                }
            }
        }
        catch (Exception e) when (e is WorkerLostException or WorkerFileException)
        {
            Add("probe", CheckOutcome.Warning, $"{_probe} could not be removed: {e.Message}", "Remove it by hand.");
        }
        await files.DisposeAsync();
    }

    private async Task LookAsync(CancellationToken cancellationToken)
    {
        var files = _files!;
        _results.AddRange(CheckFindings.Capabilities(Worker, files.Capabilities));
        var target = await files.FindAsync(RelativePath.Root, cancellationToken);
        if (target is not { Kind: EntryKind.Directory })
        {
            Add("target", target is null ? CheckOutcome.Warning : CheckOutcome.Failure, target is null
                ? $"{files.Place.CanonicalPath} does not exist; the first sync creates it"
                : $"{files.Place.CanonicalPath} is no directory", target is null ? null : "Correct the path in the workers list.");
            return;
        }
        Add("target", CheckOutcome.Ok, files.Place.CanonicalPath);
        var folder = await files.FindAsync(WorkerLayout.Folder, cancellationToken);
        if (await LookAtFolderAsync(folder, cancellationToken))
        {
            _target = new Writable(target.Value.Seconds, folder is not null);
        }
        var space = await files.FreeSpaceAsync(RelativePath.Root, cancellationToken);
        _results.Add(CheckFindings.Space(space));
        await LookAtFilesystemsAsync(target.Value, space, cancellationToken);
    }

    private async Task<bool> LookAtFolderAsync(WorkerEntry? folder, CancellationToken cancellationToken)
    {
        try
        {
            if (folder is null || (folder is { Kind: EntryKind.Directory } && await _files!.ListAsync(WorkerLayout.Folder, cancellationToken) is not null))
            {
                return true;
            }
            Add(WorkerLayout.FolderName, CheckOutcome.Failure, $"is a {folder.Value.Kind.ToString().ToLowerInvariant()}, not a directory", $"Remove {WorkerLayout.FolderName} from the target.");
        }
        catch (WorkerFileException refused)
        {
            Add(WorkerLayout.FolderName, CheckOutcome.Failure, $"cannot be read: {refused.Message}", "Log in as its owner, or give the target to this login.");
        }
        return false;
    }

    private async Task LookAtWritingAsync(CheckProbe allowed, Writable target, CancellationToken cancellationToken)
    {
        if (allowed == CheckProbe.Forbidden)
        {
            Add("writable", CheckOutcome.Ok, "not tried (--no-probe)");
            if (!Worker.IsLocal)
            {
                Add("exec", CheckOutcome.Ok, "not tried (--no-probe)");
            }
            return;
        }
        var name = $"{(target.HasFolder ? "" : ".depsync-")}probe-{Guid.NewGuid():N}";
        var probe = (target.HasFolder ? WorkerLayout.Folder : RelativePath.Root).Child(name);
        try
        {
            await using (var file = await _files!.CreateFileAsync(probe, cancellationToken))
            {
                _probe = probe;
                _targetSeconds = target.HasFolder ? null : target.Seconds;
                _results.Add(CheckFindings.Clock((await file.StatAsync(cancellationToken)).Seconds, _clock.GetUtcNow(), ClockTolerance));
                // Random, so that no other file has this content: by it the worker's programs show whether they see what SFTP shows.
                await file.WriteAtAsync(0, Guid.NewGuid().ToByteArray(), cancellationToken);
                await file.CloseAsync(cancellationToken);
            }
            Add("writable", CheckOutcome.Ok, "a file can be created");
            if (!Worker.IsLocal)
            {
                var hashed = await _files.HashFilesAsync([new SizedPath(probe, 16)], cancellationToken) is [not null];
                _results.Add(CheckFindings.Exec(hashed ? null : _files.ShellRefusal ?? "it does not see the probe"));
            }
        }
        catch (WorkerFileException refused)
        {
            Add("writable", CheckOutcome.Failure, $"a file cannot be created: {refused.Message}", $"Give {_files!.Place.CanonicalPath} on the worker to this login (chown), or log in as its owner.");
        }
    }

    private async Task LookAtFilesystemsAsync(WorkerEntry target, FreeSpace? space, CancellationToken cancellationToken)
    {
        var others = new List<string>();
        foreach (var entry in await _files!.ListAsync(RelativePath.Root, cancellationToken) ?? [])
        {
            if (entry.Kind == EntryKind.Directory && await IsElsewhereAsync(entry, target, space, cancellationToken))
            {
                others.Add(RelativePath.Root.Child(entry.Name).ToString());
            }
        }
        if (others.Count > 0)
        {
            Add(
                "filesystems", CheckOutcome.Failure, $"other filesystems are mounted at {string.Join(", ", others)}: nothing can be renamed into them",
                "Make each of them a worker of its own, or exclude it.");
        }
        else if (space is { FilesystemId: > 0 } || target.Identity is not null)
        {
            Add("filesystems", CheckOutcome.Ok, "all top folders are on one");
        }
    }

    private async Task<bool> IsElsewhereAsync(WorkerEntry entry, WorkerEntry target, FreeSpace? space, CancellationToken cancellationToken)
    {
        if (entry.Identity is { } own && target.Identity is { } root)
        {
            return own.Device != root.Device;
        }
        return space is { FilesystemId: > 0 and var expected }
            && await _files!.FreeSpaceAsync(RelativePath.Root.Child(entry.Name), cancellationToken) is { FilesystemId: > 0 and var actual }
            && actual != expected;
    }

    private async Task<bool> IsSameAsync(WorkerCheck other, CancellationToken cancellationToken)
    {
        if (_files!.Place.Identity is { } mine && other._files!.Place.Identity is { } theirs)
        {
            return mine == theirs;
        }
        try
        {
            return other._probe is { } probe
                ? await _files.FindAsync(probe, cancellationToken) is not null
                : string.Equals(Worker.Host, other.Worker.Host, StringComparison.OrdinalIgnoreCase)
                    && Worker.Port == other.Worker.Port && _files.Place.CanonicalPath == other._files!.Place.CanonicalPath;
        }
        catch (Exception e) when (e is WorkerLostException or WorkerFileException)
        {
            return false;
        }
    }

    private void Add(string name, CheckOutcome outcome, string message, string? mend = null) => _results.Add(new CheckResult(name, outcome, message, mend));

    private static string Connected(WorkerAddress worker, HostCertificate? certificate) =>
        worker.IsLocal ? "a directory of this machine"
        : certificate is null ? "reached, host key known, logged in"
        : $"reached, host known by certificate \"{certificate.Id}\" of authority {certificate.Authority?.Fingerprint}, valid until {HostCertificatePolicy.Text(certificate.ValidBefore)}, logged in";

    private static string Step(ErrorKind kind) => kind switch
    {
        ErrorKind.Unreachable => "connection",
        ErrorKind.HostKey => "host key",
        ErrorKind.Login => "login",
        ErrorKind.Target => "target",
        _ => "sftp",
    };

    /// <summary>A target that can be probed: its mtime before any probe, and whether it has a <c>.depsync/</c>, which then takes the probe.</summary>
    private sealed record Writable(long Seconds, bool HasFolder);
}
