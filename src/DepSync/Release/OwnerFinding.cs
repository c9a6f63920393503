using DepSync.Model;
using DepSync.State;
using DepSync.Workers;

namespace DepSync.Release;

/// <summary>What <c>check</c> says of whose a worker is. Reading alone, on both sides.</summary>
internal static class OwnerFinding
{
    /// <summary>Null when a sync would not be refused for it, or nobody can say: <see cref="WorkerCheck"/> tells a folder that cannot be read itself.</summary>
    /// <param name="manager">What this machine remembers of the manager directory; null when it never pushed it.</param>
    /// <param name="managerDir">Its real path.</param>
    /// <param name="files">The worker's.</param>
    /// <exception cref="WorkerLostException">The connection ended.</exception>
    public static async Task<CheckResult?> OfAsync(ManagerState? manager, string managerDir, IWorkerFileSystem files, CancellationToken cancellationToken)
    {
        try
        {
            var look = await WorkerLook.ReadAsync(files, LookDepth.WithoutManifest, cancellationToken);
            return Of(manager ?? ManagerState.Create(managerDir, Environment.MachineName), look.OwnerExists, look.Owner);
        }
        catch (Exception exception) when (exception is WorkerFileException or DepSyncException { Kind: ErrorKind.Target })
        {
            return null;
        }
    }

    /// <summary>Pure.</summary>
    public static CheckResult? Of(ManagerState manager, bool recordExists, OwnerRecord? owner)
    {
        if (manager.FencedBy is { } fence)
        {
            return Refused(OwnershipGuard.FencedBefore(fence).Message);
        }
        var ownership = WorkerOwnership.Decide(recordExists, owner, new ManagerIdentity(manager.Id, manager.Epoch, manager.Supersedes, manager.Host, "", manager.ManagerDir));
        return ownership switch
        {
            Ownership.Unowned => null,
            Ownership.Ours => new CheckResult("owner", CheckOutcome.Ok, "this manager"),
            Ownership.Superseded => new CheckResult("owner", CheckOutcome.Ok, "a manager that this one took over from"),
            Ownership.Foreign or Ownership.NewerEpoch when owner!.Host == manager.Host && owner.ManagerDir == manager.ManagerDir => new CheckResult(
                "owner", CheckOutcome.Warning, "pushed from this folder, but the state of this manager was lost: a sync learns it again from a worker that holds exactly this tree, and is refused by others",
                "Run `depsync sync`; where that is refused, `depsync takeover`."),
            _ => Refused(WorkerOwnership.Describe(owner)),
        };
    }

    private static CheckResult Refused(string message) => new("owner", CheckOutcome.Failure, message, "When this manager is to own it, bring its directory up to date first (depsync adopt), then run `depsync takeover`.");
}
