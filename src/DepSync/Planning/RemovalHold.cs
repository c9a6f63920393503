using DepSync.Model;

namespace DepSync.Planning;

/// <summary>
/// Where nothing is removed in this run: everywhere when the rules keep extras, the source could not be read whole or a file at its root is deferred, else in the top folders of deferred
/// files. So a move between two folders never takes the old place away before the new one is filled. Pure.
/// </summary>
internal sealed class RemovalHold(Snapshot source, IReadOnlyCollection<FileEntry> deferred, PlanRules rules)
{
    private readonly bool _everywhere = rules.KeepsExtras || source.Problems.Count > 0 || deferred.Any(file => file.Path.Depth == 1);
    private readonly HashSet<RelativePath> _topFolders = [.. deferred.Select(file => file.Path.TopFolder)];

    public bool Covers(RelativePath path) => _everywhere || _topFolders.Contains(path.TopFolder);
}
