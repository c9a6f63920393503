namespace DepSync.Config;

/// <summary>
/// The flags as they were given: flag (without dashes) → its values, in order; a switch that stands alone has the value <c>true</c>. <see cref="ManagerDirNeeded"/> is false
/// for verbs that never look at the manager's tree.
/// </summary>
internal sealed record FlagValues(IReadOnlyDictionary<string, IReadOnlyList<string>> Values)
{
    /// <summary><c>--config</c>.</summary>
    public string? ConfigFile { get; init; }

    public bool ManagerDirNeeded { get; init; } = true;

    /// <summary>The same, with workers that the verb names beside those of <c>--only</c>.</summary>
    public FlagValues AlsoOnly(IReadOnlyList<string> workers) =>
        workers.Count == 0 ? this : this with { Values = new Dictionary<string, IReadOnlyList<string>>(Values) { ["only"] = [.. Values.GetValueOrDefault("only") ?? [], .. workers] } };
}

/// <summary>Reads flags and environment variables into layers. Relative paths start at the current folder. Errors go to a list, each with the name of its flag or variable. Pure.</summary>
internal static class FlagReader
{
    public static SettingsLayer ReadFlags(FlagValues flags, ConfigPlace place, List<string> errors)
    {
        var layer = new SettingsLayer();
        foreach (var setting in Setting.All.Where(s => s.Flag is not null && flags.Values.ContainsKey(s.Flag)))
        {
            layer = Apply(setting, layer, flags.Values[setting.Flag!], (place, "--" + setting.Flag, errors));
        }
        return layer;
    }

    /// <summary>An empty variable counts as none; a list's values are separated by commas or line breaks.</summary>
    public static SettingsLayer ReadVariables(ConfigPlace place, List<string> errors)
    {
        var layer = new SettingsLayer();
        foreach (var setting in Setting.All.Where(s => s.Variable is not null))
        {
            if (place.Variable(setting.Variable!) is { Length: > 0 } value)
            {
                var values = setting.IsList ? value.Split([',', '\n'], StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) : new[] { value };
                layer = values.Length == 0 ? layer : Apply(setting, layer, values, (place, setting.Variable!, errors));
            }
        }
        if (place.Variable("DEPSYNC_PASSPHRASE_FILE") is { Length: > 0 } passphraseFile)
        {
            var setting = Setting.All.First(s => s.Key == "ssh.passphrase_file");
            layer = Apply(setting, layer, [passphraseFile], (place, "DEPSYNC_PASSPHRASE_FILE", errors));
        }
        return layer;
    }

    private static SettingsLayer Apply(Setting setting, SettingsLayer layer, IReadOnlyList<string> values, (ConfigPlace Place, string Name, List<string> Errors) source)
    {
        try
        {
            return setting.Apply(layer, new SettingValues(values, path => source.Place.Absolute(path, source.Place.CurrentFolder)));
        }
        catch (FormatException e)
        {
            source.Errors.Add($"{source.Name}: {e.Message}");
            return layer;
        }
    }
}
