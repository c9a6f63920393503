using DepSync.Model;
using DepSync.Planning;
using DepSync.Platform;
using DepSync.Workers;

namespace DepSync.Release;

/// <summary>The guards on where a target is, beside the manager directory: what a sync refuses whatever lies there. Changes nothing.</summary>
internal static class TargetPlace
{
    /// <summary>Null when the place may be used.</summary>
    public static async Task<Refusal?> CheckAsync(string managerPath, WorkerAddress address, WorkerPlace place, CancellationToken cancellationToken) =>
        TargetRules.Check(await CaseAsync(managerPath, address, place, cancellationToken));

    /// <summary>The case of the guards, without what a listing tells.</summary>
    public static async Task<TargetCase> CaseAsync(string managerPath, WorkerAddress address, WorkerPlace place, CancellationToken cancellationToken) => new()
    {
        Worker = address.Name,
        CanonicalPath = place.CanonicalPath,
        LoginDirectory = place.LoginDirectory,
        Local = address.IsLocal ? Local(managerPath, place)
            : await IsHereAsync(managerPath, address, place, cancellationToken) ? new LocalTarget { ManagerPath = managerPath, Exists = true }
            : null,
    };

    private static LocalTarget Local(string managerPath, WorkerPlace place) => new()
    {
        ManagerPath = managerPath,
        ManagerChain = DirectoryChain.Of(managerPath),
        TargetChain = DirectoryChain.Of(place.CanonicalPath),
        Exists = place.Identity is not null,
    };

    /// <summary>
    /// Whether a target that is reached over the network lies in the manager directory of this very machine, or around it. The same path on another machine is what every
    /// cluster has; only paths inside each other make it worth asking where the host is, and SFTP tells no inode.
    /// </summary>
    private static async Task<bool> IsHereAsync(string managerPath, WorkerAddress address, WorkerPlace place, CancellationToken cancellationToken) =>
        TargetRules.AreNested(place.CanonicalPath, managerPath) && await ThisMachine.IsAsync(address.Host!, cancellationToken);
}
