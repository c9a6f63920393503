namespace DepSync.Config;

/// <summary>The <c>key=value</c> options of a line in workers-list.txt. Immutable.</summary>
internal sealed record WorkerOptions
{
    private static readonly string[] Keys = ["name", "port", "identity", "group"];

    public string? Name { get; private init; }

    public int? Port { get; private init; }

    public string? Identity { get; private init; }

    public IReadOnlyList<string> Groups { get; private init; } = [];

    /// <summary>These options with one more.</summary>
    /// <exception cref="FormatException">The message says what was expected.</exception>
    public WorkerOptions With(string key, string value, Func<string, string> absolute)
    {
        if (value.Length == 0 && Keys.Contains(key))
        {
            throw new FormatException($"expected a value behind '{key}='");
        }
        return key switch
        {
            "name" => this with { Name = Checked(value, "name") },
            "port" => this with { Port = WorkerTarget.ParsePort(value) },
            "identity" => this with { Identity = absolute(value) },
            "group" => this with { Groups = ParseGroups(value) },
            _ => throw new FormatException($"unknown option '{key}': expected {string.Join(", ", Keys)}; did you mean '{NearestName.Of(key, Keys)}'?"),
        };
    }

    private static List<string> ParseGroups(string value)
    {
        var groups = value.Split(',').Select(g => g.Trim()).ToList();
        return groups.TrueForAll(g => g.Length > 0)
            ? [.. groups.Select(g => Checked(g, "group")).Distinct()]
            : throw new FormatException($"expected groups that are separated by one comma each, not '{value}'");
    }

    private static string Checked(string value, string what) =>
        !value.StartsWith('-') && value.Trim().Length == value.Length
            ? value
            : throw new FormatException($"expected a {what} that starts with no '-' and neither starts nor ends with a blank, not '{value}'");
}
