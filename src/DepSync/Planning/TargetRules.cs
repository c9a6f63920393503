using DepSync.Model;

namespace DepSync.Planning;

/// <summary>Where a worker's target really is. <see cref="Local"/> is null for one on another machine.</summary>
internal sealed record TargetCase
{
    /// <summary>The worker's name, for the key.</summary>
    public required string Worker { get; init; }

    public required string CanonicalPath { get; init; }

    public string? LoginDirectory { get; init; }

    public LocalTarget? Local { get; init; }
}

/// <summary>
/// A target of this machine beside the manager directory. A chain holds device and inode of a directory and of each one above it, the directory itself first; that of a
/// target that is missing starts at the first folder that exists.
/// </summary>
internal sealed record LocalTarget
{
    public required string ManagerPath { get; init; }

    public IReadOnlyList<(ulong Device, ulong Inode)> ManagerChain { get; init; } = [];

    public IReadOnlyList<(ulong Device, ulong Inode)> TargetChain { get; init; } = [];

    public required bool Exists { get; init; }

    public bool HasDepSyncFolder { get; init; }

    public bool HasFiles { get; init; }

    /// <summary>A run pushed there before.</summary>
    public bool KnownInState { get; init; }

    /// <summary><c>--first-contact</c> names this worker.</summary>
    public bool FirstContact { get; init; }
}

/// <summary>The guards on a place: targets that nobody deploys to, targets and manager directories inside each other, a local target whose filesystem seems not mounted. Pure.</summary>
internal static class TargetRules
{
    private static readonly char[] Separators = ['/', '\\'];

    /// <summary>Null when the target may be used.</summary>
    public static Refusal? Check(TargetCase target) => CheckPlace(target) ?? (target.Local is { } local ? CheckNesting(target, local) ?? CheckMounted(target, local) : null);

    /// <summary>Whether one of two canonical paths is strictly below the other one.</summary>
    public static bool AreNested(string path, string other)
    {
        var (one, two, comparer) = (Components(path), Components(other), Comparer(path));
        return StartsWith(one, two, comparer) || StartsWith(two, one, comparer);
    }

    private static Refusal? CheckPlace(TargetCase target)
    {
        var components = Components(target.CanonicalPath);
        var what = components.Count == 0 ? "the root of the file system"
            : target.LoginDirectory is { } login && components.SequenceEqual(Components(login), Comparer(target.CanonicalPath)) ? "the login directory itself"
            : components.Count == 1 ? "a folder right below the root"
            : null;
        return what is null
            ? null
            : new Refusal($"The target is {Name(target)}, {what}: everything else in it would be removed.", "Name the deployment folder itself in the workers list.");
    }

    private static Refusal? CheckNesting(TargetCase target, LocalTarget local)
    {
        const string Hint = "Choose a target outside of the manager directory, and not above it.";
        var (inner, outer) = (Components(target.CanonicalPath), Components(local.ManagerPath));
        var comparer = Comparer(target.CanonicalPath);
        var same = local.Exists && local is { ManagerChain: [var manager, ..], TargetChain: [var itself, ..] } && manager == itself;
        if (same || inner.SequenceEqual(outer, comparer))
        {
            return new Refusal($"The target {Name(target)} is the manager directory itself.", Hint);
        }
        if (StartsWith(inner, outer, comparer) || (local.ManagerChain is [var above, ..] && local.TargetChain.Contains(above)))
        {
            return new Refusal($"The target {Name(target)} lies inside the manager directory {DisplayText.Escape(local.ManagerPath)}.", Hint);
        }
        if (StartsWith(outer, inner, comparer) || (local is { Exists: true, TargetChain: [var below, ..] } && local.ManagerChain.Contains(below)))
        {
            return new Refusal($"The manager directory {DisplayText.Escape(local.ManagerPath)} lies inside the target {Name(target)}.", Hint);
        }
        return null;
    }

    private static Refusal? CheckMounted(TargetCase target, LocalTarget local)
    {
        var gone = !local.Exists ? "is missing" : local is { HasDepSyncFolder: false, HasFiles: false } ? "is empty" : null;
        return gone is null || !local.KnownInState || local.FirstContact
            ? null
            : new Refusal($"The target {Name(target)} was pushed to before and {gone} now: is its filesystem not mounted?",
                $"If it is a new one, run once with --first-contact {Refusal.Argument(target.Worker)}");
    }

    private static string Name(TargetCase target) => DisplayText.Escape(target.CanonicalPath);

    private static bool StartsWith(List<string> path, List<string> above, StringComparer comparer) =>
        path.Count > above.Count && path.Take(above.Count).SequenceEqual(above, comparer);

    /// <summary>The folders of a canonical path; a drive is none.</summary>
    private static List<string> Components(string path)
    {
        var parts = path.Split(IsWindows(path) ? Separators : ['/'], StringSplitOptions.RemoveEmptyEntries);
        return [.. IsWindows(path) && parts is [[_, ':'], ..] ? parts[1..] : parts];
    }

    private static StringComparer Comparer(string path) => IsWindows(path) ? StringComparer.OrdinalIgnoreCase : StringComparer.Ordinal;

    private static bool IsWindows(string path) => path is [_, ':'] or [_, ':', '\\' or '/', ..] or ['\\', '\\', ..];
}
