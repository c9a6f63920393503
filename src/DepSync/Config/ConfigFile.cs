using System.Globalization;
using System.Text;
using DepSync.Model;

namespace DepSync.Config;

/// <summary>
/// depsync.yaml: the settings that have a key in <see cref="Setting.All"/>. Relative paths start at the file's folder. Everything that is wrong is told at once, each as
/// <c>file:line:column: what was expected</c>.
/// </summary>
internal sealed class ConfigFile
{
    private readonly List<(TextPlace Place, string Text)> _errors = [];
    private readonly Func<string, string> _absolute;
    private SettingsLayer _layer = new();

    private ConfigFile(Func<string, string> absolute) => _absolute = absolute;

    /// <param name="file">Absolute.</param>
    /// <exception cref="DepSyncException">Config: unreadable, or settings that are none, each on a line of the message.</exception>
    public static SettingsLayer Read(string file, ConfigPlace place) => Parse(TextFile.Read(file, ErrorKind.Config), file, place);

    /// <summary>As <see cref="Read"/>, of bytes at hand. Pure.</summary>
    /// <exception cref="DepSyncException">As <see cref="Read"/>.</exception>
    public static SettingsLayer Parse(ReadOnlySpan<byte> bytes, string file, ConfigPlace place)
    {
        if (bytes.Length > TextFile.MaxBytes)
        {
            throw new DepSyncException(ErrorKind.Config, $"{file}: expected at most 1 MiB");
        }
        var folder = Path.GetDirectoryName(file) is { Length: > 0 } parent ? parent : place.CurrentFolder;
        var reader = new ConfigFile(path => place.Absolute(path, folder));
        reader.ReadRoot(Decode(bytes, file));
        if (reader._errors.Count > 0)
        {
            var lines = reader._errors.OrderBy(e => (e.Place.Line, e.Place.Column)).Select(e => string.Create(CultureInfo.InvariantCulture, $"{file}:{e.Place.Line}:{e.Place.Column}: {e.Text}"));
            throw new DepSyncException(ErrorKind.Config, string.Join('\n', lines));
        }
        return reader._layer;
    }

    private static string Decode(ReadOnlySpan<byte> bytes, string file)
    {
        try
        {
            return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes);
        }
        catch (DecoderFallbackException e)
        {
            throw new DepSyncException(ErrorKind.Config, $"{file}:{1 + bytes[..Math.Clamp(e.Index, 0, bytes.Length)].Count((byte)'\n')}:1: expected UTF-8 text", inner: e);
        }
    }

    private void ReadRoot(string text)
    {
        switch (YamlTree.Parse(text, _errors))
        {
            case YamlMap map:
                ReadMap(map, "");
                break;
            case null or YamlText { IsNull: true }:
                break;
            case var other:
                _errors.Add((other.Place, "expected settings: key: value"));
                break;
        }
    }

    private void ReadMap(YamlMap map, string prefix)
    {
        var seen = new Dictionary<string, TextPlace>();
        foreach (var (key, value) in map.Entries)
        {
            if (!seen.TryAdd(key.Value, key.Place))
            {
                _errors.Add((key.Place, string.Create(CultureInfo.InvariantCulture, $"the key '{prefix}{key.Value}' stands twice, first in line {seen[key.Value].Line}")));
                continue;
            }
            ReadEntry(prefix + key.Value, key, value);
        }
    }

    private void ReadEntry(string path, YamlText key, YamlNode value)
    {
        if (Setting.All.FirstOrDefault(s => s.Key == path) is { } setting)
        {
            Apply(setting, value);
            return;
        }
        if (!Setting.All.Any(s => s.Key?.StartsWith(path + ".", StringComparison.Ordinal) == true))
        {
            _errors.Add((key.Place, $"unknown key '{Shown(path)}', the nearest known key is '{Nearest(path)}'"));
        }
        else if (value is YamlMap map)
        {
            ReadMap(map, path + ".");
        }
        else if (value is not YamlText { IsNull: true })
        {
            _errors.Add((value.Place, $"expected keys below '{path}'"));
        }
    }

    private void Apply(Setting setting, YamlNode value)
    {
        if (value is YamlText { IsNull: true })
        {
            return;
        }
        IReadOnlyList<string> values;
        switch (value)
        {
            case YamlText text when !setting.IsList:
                values = [text.Value];
                break;
            case YamlList list when setting.IsList && list.Items.All(item => item is YamlText { IsNull: false }):
                values = [.. list.Items.Cast<YamlText>().Select(item => item.Value)];
                break;
            default:
                _errors.Add((value.Place, setting.IsList ? $"expected a list of texts for '{setting.Key}', e.g. [\"a\", \"b\"]" : $"expected one value for '{setting.Key}'"));
                return;
        }
        try
        {
            _layer = setting.Apply(_layer, new SettingValues(values, _absolute));
        }
        catch (FormatException e)
        {
            _errors.Add((value.Place, $"{setting.Key}: {e.Message}"));
        }
    }

    /// <summary>The nearest key: of its own level, or one of another level that has exactly this name.</summary>
    private static string Nearest(string path)
    {
        var keys = Setting.All.Where(s => s.Key is not null).Select(s => s.Key!).ToList();
        var name = path[(path.LastIndexOf('.') + 1)..];
        var elsewhere = keys.FirstOrDefault(k => k[(k.LastIndexOf('.') + 1)..] == name);
        return elsewhere ?? NearestName.Of(path, [.. keys, "ssh", "log"])!;
    }

    private static string Shown(string key) => key.Length <= 80 && ForbiddenCharacter.FirstIn(key) is null ? key : key[..Math.Min(key.Length, 20)].Split('\n')[0] + "…";
}
