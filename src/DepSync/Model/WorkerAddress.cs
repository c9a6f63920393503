namespace DepSync.Model;

/// <summary>
/// One worker as its line in the list says it. <see cref="Host"/> is null for a directory of this machine. <see cref="Path"/> is as written: <c>/x</c>, <c>~/x</c> or
/// <c>x</c> (both in the login directory) for a remote one; absolute for a local one. Immutable; <see cref="Name"/> is unique in a run.
/// </summary>
internal sealed record WorkerAddress
{
    public required string Name { get; init; }

    /// <summary>The target exactly as the list has it, for messages.</summary>
    public required string Target { get; init; }

    public string? User { get; init; }

    public string? Host { get; init; }

    public int Port { get; init; } = 22;

    /// <summary>Whether the list names the port; otherwise <c>ssh</c> may take it from its own configuration.</summary>
    public bool PortGiven { get; init; }

    public required string Path { get; init; }

    public string? Identity { get; init; }

    public IReadOnlyList<string> Groups { get; init; } = [];

    public int Line { get; init; }

    public bool IsLocal => Host is null;
}
