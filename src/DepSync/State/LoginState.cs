namespace DepSync.State;

/// <summary>What this manager remembers of one login (user, host, port and key), whatever targets it leads to. Immutable; stored by <see cref="StateStore"/>.</summary>
internal sealed record LoginState
{
    public const int CurrentSchema = 1;

    public required int Schema { get; init; }

    /// <summary>The key under which it is stored.</summary>
    public required string Login { get; init; }

    /// <summary>Null when the last try was not refused.</summary>
    public RefusedLogins? Refused { get; init; }
}
