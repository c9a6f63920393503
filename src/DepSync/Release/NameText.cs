using DepSync.Model;

namespace DepSync.Release;

/// <summary>What is told of names that a worker shows in another form. Pure.</summary>
internal static class NameText
{
    private const int Named = 3;

    /// <summary>Null when the worker shows every name as the source writes it.</summary>
    public static string? Of(WorkerNames names)
    {
        if (names.Variants.Count == 0)
        {
            return null;
        }
        var first = string.Join(", ", names.Variants.OrderBy(pair => pair.Key).Take(Named).Select(pair => $"'{pair.Key}' as '{pair.Value}'"));
        var more = names.Variants.Count > Named ? $" and {names.Variants.Count - Named} more" : "";
        return $"the worker's filesystem does not tell upper from lower case, or forms of accents, apart; it keeps {first}{more}";
    }
}
