using DepSync.Model;

namespace DepSync.Release;

/// <summary>The folder under <c>.depsync/</c> that every rename of a commit goes out of or into: a push's claim, or an adoption's own.</summary>
internal interface IRunFolder
{
    RelativePath Folder { get; }

    /// <summary>Makes sure that the folder still stands under its own name.</summary>
    /// <exception cref="DepSyncException">It does not: somebody else goes on here.</exception>
    Task EnsureHeldAsync();
}
