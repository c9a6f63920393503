using DepSync.Model;
using DepSync.State;

namespace DepSync.Release;

/// <summary>Refuses a worker that is another manager's, before anything is listed or changed there.</summary>
internal sealed class OwnershipGuard(FleetCase fleet, string worker)
{
    /// <returns>Unowned, Ours or Superseded; with a takeover, whatever it is.</returns>
    /// <exception cref="DepSyncException">Fenced.</exception>
    public Ownership Check(WorkerLook look, Snapshot source)
    {
        var identity = fleet.Identity;
        if (look.Owner?.SiblingOf(fleet.Context.Run, worker) is { } sibling)
        {
            throw Claim.SameDirectory(sibling);
        }
        var ownership = WorkerOwnership.Decide(look.OwnerExists, look.Owner, identity.Current);
        if (fleet.Config.Takeover)
        {
            return ownership;
        }
        if (ownership is Ownership.Foreign or Ownership.NewerEpoch && identity.IsFromHere(look.Owner!) && ManifestBuilder.Describes(look.Manifest, source))
        {
            identity.Learn(look.Owner!);
            fleet.Tell(worker, NoteLevel.Warning, $"the state of this manager was lost: its id {look.Owner!.Manager} and epoch {look.Owner.Epoch} were learnt again from this worker, which holds exactly this tree");
            return WorkerOwnership.Decide(look.OwnerExists, look.Owner, identity.Current);
        }
        if (ownership == Ownership.NewerEpoch)
        {
            identity.Fence(look.Owner!, worker, fleet.Context.Clock.GetUtcNow());
        }
        if (identity.FencedBy is { } fence)
        {
            throw FencedBefore(fence);
        }
        return ownership is Ownership.Unowned or Ownership.Ours or Ownership.Superseded
            ? ownership
            : throw new DepSyncException(ErrorKind.Fenced, WorkerOwnership.Describe(look.Owner), WorkerOwnership.Hint);
    }

    /// <summary>A manager that met a higher epoch anywhere pushes nowhere until its own takeover.</summary>
    public static DepSyncException FencedBefore(FencedBy fence) => new(
        ErrorKind.Fenced,
        $"another manager took over: {fence.User}@{fence.Host} (manager {fence.Manager}, epoch {fence.Epoch}), seen on {fence.Worker} at {fence.At.ToLocalTime():yyyy-MM-dd HH:mm:ss zzz}; nothing is pushed anywhere",
        WorkerOwnership.Hint);
}
