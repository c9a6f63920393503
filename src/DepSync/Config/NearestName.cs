namespace DepSync.Config;

/// <summary>Finds the name that a mistyped one was probably meant to be. Pure.</summary>
internal static class NearestName
{
    /// <summary>The known name with the smallest edit distance; of equals the first; null when none is known.</summary>
    public static string? Of(string name, IEnumerable<string> known) => known.MinBy(candidate => Distance(name, candidate));

    /// <summary>As <see cref="Of"/>, and null when even the nearest is another word: more than a third of it (at least two letters) would have to change.</summary>
    public static string? LikelyOf(string name, IEnumerable<string> known) =>
        Of(name, known) is { } nearest && Distance(name, nearest) <= Math.Max(2, nearest.Length / 3) ? nearest : null;

    /// <summary>Insertions, deletions, replacements and swaps of neighbours, without regard to case and to dash or underscore.</summary>
    public static int Distance(string from, string to)
    {
        // Bounded, because the mistyped name may be a megabyte of anything.
        var a = Normal(from.Length > 64 ? from[..64] : from);
        var b = Normal(to);
        var rows = new int[a.Length + 1, b.Length + 1];
        for (var i = 0; i <= a.Length; i++)
        {
            for (var j = 0; j <= b.Length; j++)
            {
                rows[i, j] = i == 0 || j == 0
                    ? i + j
                    : Math.Min(Math.Min(rows[i - 1, j] + 1, rows[i, j - 1] + 1), rows[i - 1, j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1));
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                {
                    rows[i, j] = Math.Min(rows[i, j], rows[i - 2, j - 2] + 1);
                }
            }
        }
        return rows[a.Length, b.Length];
    }

    private static string Normal(string name) => name.ToUpperInvariant().Replace('-', '_');
}
