using DepSync.Config;
using DepSync.Model;
using DepSync.Planning;
using DepSync.Scanning;
using DepSync.State;
using DepSync.Workers;

namespace DepSync.Release;

/// <summary>Gathers the facts of where a target really is and asks the guards. Changes nothing.</summary>
internal sealed class TargetGuard(SourceTree tree, FilterSet filters, RunConfig config, WorkerAddress address)
{
    /// <exception cref="DepSyncException">Guard.</exception>
    public async Task CheckAsync(IWorkerFileSystem files, WorkerLook look, TargetState? state, CancellationToken cancellationToken)
    {
        var place = await TargetPlace.CaseAsync(tree.RealPath, address, files.Place, cancellationToken);
        var refusal = TargetRules.Check(address.IsLocal ? place with { Local = await LookedAtAsync(place.Local! with { KnownInState = state is { Known: true } }, files, look, cancellationToken) } : place);
        if (refusal is not null)
        {
            throw new DepSyncException(ErrorKind.Guard, refusal.Message, refusal.Hint);
        }
    }

    private async Task<LocalTarget> LookedAtAsync(LocalTarget local, IWorkerFileSystem files, WorkerLook look, CancellationToken cancellationToken) => local with
    {
        Exists = look.TargetExists,
        HasDepSyncFolder = look.FolderExists,
        HasFiles = look.TargetExists && (await files.ListAsync(RelativePath.Root, cancellationToken) ?? []).Any(IsContent),
        FirstContact = config.FirstContact.Contains(address.Name),
    };

    /// <summary>A bare mount point may hold lost+found and the like; those say nothing.</summary>
    private bool IsContent(WorkerEntry entry) => filters.Decide(RelativePath.Root.Child(entry.Name), entry.Kind) != FilterVerdict.Excluded;
}
