using DepSync.Model;
using DepSync.Workers;

namespace DepSync.Release;

/// <summary>What a commit tells beside its outcome, and the settings that it needs. Safe for concurrent use.</summary>
internal sealed class CommitReport(IRunObserver observer, string worker, int? loginUid)
{
    /// <summary>Enough to see whose folders they are; a tree of somebody else's may have thousands.</summary>
    private const int ForeignTimesTold = 3;

    private int _notKept;
    private int _notFlushed;
    private int _foreignTimes;

    public required TimeProvider Clock { get; init; }

    public required FlushMode Flush { get; init; }

    /// <summary>Whether an entry belongs, as far as can be told, to somebody else than the login.</summary>
    public bool IsForeign(int? uid) => uid is null || loginUid is null || uid != loginUid;

    public string Owner(int? uid) => uid is null ? "its owner is not known" : uid == loginUid ? $"it belongs to the login (uid {uid})" : $"it belongs to uid {uid}, the login is uid {loginUid}";

    /// <summary>What the server cannot do, in the log of each run that changes something there.</summary>
    public void Limits(WorkerCapabilities capabilities)
    {
        if (!capabilities.AtomicReplace)
        {
            Tell(NoteLevel.Notice, "not atomic on this server: it has no posix-rename, so a file that is replaced is missing for a moment");
        }
        else if (!capabilities.HardLinks)
        {
            Tell(NoteLevel.Notice, "the server has no hard links: of what this run replaces no old version is kept, only what it removes");
        }
    }

    public void NotKept(RelativePath path, string reason)
    {
        if (Interlocked.Increment(ref _notKept) == 1)
        {
            Tell(NoteLevel.Notice, $"the old version of '{path}' could not be kept ({reason}); further ones are not told one by one");
        }
    }

    public void NotFlushed(RelativePath directory, string reason)
    {
        if (Interlocked.Increment(ref _notFlushed) == 1)
        {
            Tell(NoteLevel.Notice, $"'{directory}' could not be brought to disk ({reason}); further ones are not told one by one");
        }
    }

    public void ForeignTime(RelativePath directory, int? uid)
    {
        if (Interlocked.Increment(ref _foreignTimes) <= ForeignTimesTold)
        {
            Tell(NoteLevel.Warning, $"the mtime of folder '{directory}' cannot be set: {Owner(uid)}");
        }
    }

    /// <summary>Tells how many there were beside those that were told.</summary>
    public void MoreForeignTimes()
    {
        if (_foreignTimes > ForeignTimesTold)
        {
            Tell(NoteLevel.Warning, $"the mtimes of {_foreignTimes - ForeignTimesTold} more folders cannot be set for the same reason");
        }
    }

    private void Tell(NoteLevel level, string message) => observer.On(new Note(level, message) { Worker = worker });
}
