namespace DepSync.Scanning;

/// <summary>How the manager directory is scanned.</summary>
internal sealed record ScanRules
{
    public required FilterSet Filters { get; init; }

    /// <summary>Zero turns this and the archive gate off.</summary>
    public TimeSpan Settle { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>False mirrors <c>webapps/X/</c> beside <c>webapps/X.war</c> like any other directory.</summary>
    public bool IgnoreExplodedWebapps { get; init; } = true;
}
