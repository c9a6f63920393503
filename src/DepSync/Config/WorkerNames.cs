using DepSync.Model;

namespace DepSync.Config;

/// <summary>A line of the list that names a worker. <see cref="Address"/> is null when something in the line is wrong; its name still counts.</summary>
internal sealed record WorkerDraft(string? GivenName, int Line, WorkerAddress? Address);

/// <summary>
/// Gives each worker its name (the one given, else its host, else, when the host stands twice or the worker is local, its target as written) and finds what stands twice
/// or lies inside another target.
/// Pure.
/// </summary>
internal static class WorkerNames
{
    public static IReadOnlyList<WorkerAddress> Assign(IReadOnlyList<WorkerDraft> drafts, List<(int Line, string Text)> errors)
    {
        var hosts = drafts.Where(d => d.Address?.Host is not null).CountBy(d => d.Address!.Host!, StringComparer.OrdinalIgnoreCase).ToDictionary(StringComparer.OrdinalIgnoreCase);
        var targets = new Dictionary<string, int>();
        var names = new Dictionary<string, int>();
        var workers = new List<WorkerAddress>();
        foreach (var (givenName, line, address) in drafts)
        {
            if (address is not null && !targets.TryAdd(TargetKey(address), line))
            {
                errors.Add((line, $"expected each target once: '{address.Target}' is that of line {targets[TargetKey(address)]}"));
                continue;
            }
            var name = givenName ?? (address is { Host: { } host } && hosts[host] == 1 ? host : address?.Target);
            if (name is not null && !names.TryAdd(name, line))
            {
                errors.Add((line, $"expected each name once: '{name}' is that of line {names[name]}, give another with name="));
            }
            else if (name is not null && address is not null)
            {
                workers.Add(address with { Name = name });
            }
        }
        errors.AddRange(
            from draft in drafts
            where draft.Address is not null
            let above = Above(TargetKey(draft.Address!)).FirstOrDefault(targets.ContainsKey)
            where above is not null
            select (draft.Line, $"expected targets beside each other: '{draft.Address!.Target}' lies inside that of line {targets[above]}, and a push there would remove it"));
        return workers;
    }

    /// <summary>The keys of the directories above a target, as far as its text tells.</summary>
    private static IEnumerable<string> Above(string key)
    {
        for (var slash = key.LastIndexOfAny(['/', '\\']); slash > 0; slash = key.LastIndexOfAny(['/', '\\'], slash - 1))
        {
            yield return key[..slash];
        }
    }

    /// <summary>Equal for two targets that are one directory by their text alone.</summary>
    private static string TargetKey(WorkerAddress address)
    {
        if (address.IsLocal)
        {
            return "local " + Path.TrimEndingDirectorySeparator(Path.GetFullPath(address.Path));
        }
        // `x`, `./x` and `~/x` all start in the login directory.
        var path = address.Path.StartsWith("~/", StringComparison.Ordinal) || address.Path == "~" ? address.Path[1..].TrimStart('/') : address.Path;
        var parts = path.Split('/').Where(part => part.Length > 0 && part != ".");
        return $"{address.User}@{address.Host!.ToUpperInvariant()}:{address.Port}:{(path.StartsWith('/') ? "/" : "")}{string.Join('/', parts)}";
    }
}
