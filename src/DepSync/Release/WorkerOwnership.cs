namespace DepSync.Release;

/// <summary>What a worker's owner record means for this manager.</summary>
internal enum Ownership
{
    /// <summary>No manager has pushed here yet.</summary>
    Unowned,
    Ours,

    /// <summary>Owned by a manager that this one took over from, with an older epoch: taken without asking.</summary>
    Superseded,

    /// <summary>Another manager's.</summary>
    Foreign,

    /// <summary>Somebody took over after us: nothing is pushed anywhere any more until our own takeover.</summary>
    NewerEpoch,

    /// <summary>There is an owner record, but it cannot be read: nobody can say whose the worker is.</summary>
    Damaged,
}

/// <summary>Who may push to a worker. Pure.</summary>
internal static class WorkerOwnership
{
    public static Ownership Decide(bool recordExists, OwnerRecord? owner, ManagerIdentity manager)
    {
        if (owner is null)
        {
            return recordExists ? Ownership.Damaged : Ownership.Unowned;
        }
        if (owner.Epoch > manager.Epoch)
        {
            return Ownership.NewerEpoch;
        }
        if (owner.Manager == manager.Id)
        {
            return Ownership.Ours;
        }
        return owner.Epoch < manager.Epoch && manager.Supersedes.Contains(owner.Manager) ? Ownership.Superseded : Ownership.Foreign;
    }

    /// <summary>The sentence of a refusal: who owns the worker, since when. The command that changes it is the hint.</summary>
    public static string Describe(OwnerRecord? owner) => owner is null
        ? ".depsync/owner.json is damaged, so nobody can say which manager owns this worker"
        : $"the worker belongs to another manager: {owner.User}@{owner.Host}, directory {owner.ManagerDir} (manager {owner.Manager}, epoch {owner.Epoch}), which pushed last at "
            + $"{owner.Time.ToLocalTime():yyyy-MM-dd HH:mm:ss zzz}";

    public const string Hint = "when this manager is to own it, bring its directory up to date first, then run 'depsync takeover'";
}
