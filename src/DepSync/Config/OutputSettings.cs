namespace DepSync.Config;

/// <summary>Colour and progress: by the terminal, or as told.</summary>
internal enum OutputMode
{
    Auto,
    Always,
    Never,
}

/// <summary>How a run is told on stdout and stderr. Immutable.</summary>
internal sealed record OutputSettings
{
    public bool Json { get; init; }

    public bool Itemize { get; init; }

    public bool Verbose { get; init; }

    public bool Quiet { get; init; }

    public OutputMode Color { get; init; }

    public OutputMode Progress { get; init; }
}
