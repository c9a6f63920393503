namespace DepSync.Reporting;

/// <summary>What happened on which workers, so that one thing that happened on all of them is one line. Keeps the order of first sight. Not safe for concurrent calls.</summary>
internal sealed class Tally<TKey>
    where TKey : notnull
{
    private readonly Dictionary<TKey, List<string>> _workers = [];
    private readonly List<TKey> _keys = [];

    public IReadOnlyList<TKey> Keys => _keys;

    public void Add(TKey key, string worker)
    {
        if (!_workers.TryGetValue(key, out var workers))
        {
            _workers.Add(key, workers = []);
            _keys.Add(key);
        }
        if (!workers.Contains(worker))
        {
            workers.Add(worker);
        }
    }

    /// <summary>Who it was: the name, a few names, or how many of <paramref name="total"/>.</summary>
    public string WorkersOf(TKey key, int total)
    {
        const int Named = 4;
        var workers = _workers[key];
        return workers.Count == total && total > 1
            ? $"all {total} workers"
            : workers.Count <= Named
                ? string.Join(", ", workers.Select(Wording.Name))
                : $"{string.Join(", ", workers.Take(Named - 1).Select(Wording.Name))} and {workers.Count - Named + 1} more";
    }
}
