namespace DepSync.Release;

/// <summary>Who this manager is to its workers. Immutable; what changes it makes a new one.</summary>
internal sealed record ManagerIdentity(string Id, long Epoch, IReadOnlyList<string> Supersedes, string Host, string User, string ManagerDir);
