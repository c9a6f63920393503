using DepSync.Model;
using DepSync.Workers;

namespace DepSync.Release;

/// <content>Other workers of this very run whose target is the same directory under another name: one of them goes on, the others give way to it.</content>
internal sealed partial class Claim
{
    /// <summary>
    /// Ends when no other name of this directory goes on; the numbers of those that have given up. What they could not remove is to be fenced, as what a run left that was cut off.
    /// </summary>
    /// <exception cref="DepSyncException">Duplicate: another one does.</exception>
    private async Task<HashSet<long>> GiveWayAsync(WorkerLook look, CancellationToken cancellationToken)
    {
        var givenUp = new HashSet<long>();
        var hasVanished = false;
        foreach (var number in look.Runs.Where(run => run != Number))
        {
            var (isSigned, other) = await FindSiblingAsync(_files, _claimant, number, cancellationToken);
            hasVanished |= !isSigned;
            if (other is not null && await RunSiblings.GivesWayAsync(_own, other, _claimant.Clock, cancellationToken))
            {
                throw SameDirectory(other.Worker);
            }
            // One that is removing its folder has no record in it any more. To wait for a lower number would be to wait for one that waits for us.
            if (other is not null || (!isSigned && number > Number && await _claimant.Siblings.HaveGivenUpAsync(_own, number, _claimant.Clock, cancellationToken)))
            {
                givenUp.Add(number);
            }
        }
        if (hasVanished)
        {
            // It may have finished since the record was read, and that is then all that tells of it.
            CheckSibling((await WorkerLook.ReadAsync(_files, LookDepth.Claimed, CancellationToken.None)).Owner);
        }
        return givenUp;
    }

    /// <exception cref="DepSyncException">Duplicate: another name of this directory was pushed in this run.</exception>
    private void CheckSibling(OwnerRecord? owner)
    {
        if (owner?.SiblingOf(_claimant.Run, _claimant.Worker) is { } finished)
        {
            throw SameDirectory(finished);
        }
    }

    /// <summary>The claim of another worker of this run that made the folder of that number in this directory; whether the folder has a record that tells.</summary>
    private static async Task<(bool IsSigned, RunClaim? Claim)> FindSiblingAsync(IWorkerFileSystem files, Claimant claimant, long number, CancellationToken cancellationToken)
    {
        var signed = await ReadRunOwnerAsync(files, number);
        if (signed is null)
        {
            await claimant.Siblings.SignedAsync(claimant.Worker, number, claimant.Clock, cancellationToken);
            signed = await ReadRunOwnerAsync(files, number);
        }
        return (signed is not null, signed is { } owner && owner.Run == claimant.Run && owner.Worker != claimant.Worker ? claimant.Siblings.Find(owner.Worker, number) : null);
    }

    private static async Task<RunOwner?> ReadRunOwnerAsync(IWorkerFileSystem files, long number) =>
        await SmallFile.ReadAsync(files, WorkerLayout.RunOwner(WorkerLayout.Run(number)), RunOwnerLimit, CancellationToken.None) is { } bytes ? RunOwner.TryParse(bytes) : null;

    public static DepSyncException SameDirectory(string worker) => new(ErrorKind.Duplicate, $"same directory as {worker}", "name each directory once in the workers list");
}
