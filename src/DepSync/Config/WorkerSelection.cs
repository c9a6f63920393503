using DepSync.Model;

namespace DepSync.Config;

/// <summary><c>--only</c>: the workers whose name or group is the text, or fits it as a glob (<c>*</c>, <c>?</c>, <c>[a-c]</c>, <c>[!a]</c>). Pure.</summary>
internal static class WorkerSelection
{
    /// <summary>The chosen workers in the order of the list; all when nothing is asked for. A text that chooses nobody becomes an error.</summary>
    public static IReadOnlyList<WorkerAddress> Choose(IReadOnlyList<WorkerAddress> workers, IReadOnlyList<string> only, List<string> errors)
    {
        if (only.Count == 0)
        {
            return workers;
        }
        var chosen = new HashSet<WorkerAddress>(ReferenceEqualityComparer.Instance);
        foreach (var text in only)
        {
            var matching = Matching(workers, text);
            if (matching.Count == 0)
            {
                errors.Add($"--only {text}: no worker or group fits it{Hint(text, workers)}");
            }
            chosen.UnionWith(matching);
        }
        return [.. workers.Where(chosen.Contains)];
    }

    /// <summary>"; did you mean …" for a name that is nearly one of the list's names or groups; else empty.</summary>
    public static string Hint(string text, IReadOnlyList<WorkerAddress> workers) =>
        NearestName.LikelyOf(text, workers.Select(w => w.Name).Concat(workers.SelectMany(w => w.Groups))) is { } nearest ? $"; did you mean '{nearest}'?" : "";

    private static List<WorkerAddress> Matching(IReadOnlyList<WorkerAddress> workers, string text)
    {
        // A default name may hold [ and ], so the whole text counts before its meaning as a glob.
        var exact = workers.Where(w => w.Name == text || w.Groups.Contains(text)).ToList();
        return exact.Count > 0 ? exact : [.. workers.Where(w => Fits(w.Name, text) || w.Groups.Any(g => Fits(g, text)))];
    }

    private static bool Fits(string name, string glob)
    {
        // One way back is enough, since a later star makes an earlier one's choice final: the time is at most the product of the lengths.
        var (n, g, starName, starGlob) = (0, 0, -1, -1);
        while (n < name.Length)
        {
            if (g < glob.Length && glob[g] == '*')
            {
                (starName, starGlob) = (n, ++g);
            }
            else if (g < glob.Length && OneFits(name[n], glob, ref g))
            {
                n++;
            }
            else if (starGlob >= 0)
            {
                (n, g) = (++starName, starGlob);
            }
            else
            {
                return false;
            }
        }
        return glob.AsSpan(g).TrimStart('*').IsEmpty;
    }

    /// <summary>Whether a character fits the glob's element at <paramref name="g"/>, which then moves behind it.</summary>
    private static bool OneFits(char c, string glob, ref int g)
    {
        var close = glob[g] == '[' ? glob.IndexOf(']', Math.Min(g + 2, glob.Length)) : -1;
        if (close < 0)
        {
            return glob[g++] is var plain && (plain == '?' || plain == c);
        }
        var set = glob.AsSpan(g + 1, close - g - 1);
        var negated = set[0] is '!' or '^' && set.Length > 1;
        set = negated ? set[1..] : set;
        var found = false;
        for (var i = 0; i < set.Length; i++)
        {
            var isRange = i + 2 < set.Length && set[i + 1] == '-';
            found |= isRange ? c >= set[i] && c <= set[i + 2] : c == set[i];
            i += isRange ? 2 : 0;
        }
        g = close + 1;
        return found != negated;
    }
}
