namespace DepSync.Config;

/// <summary>A place in a text file; both count from 1.</summary>
internal readonly record struct TextPlace(long Line, long Column);

/// <summary>A value of a YAML file with its place. A closed set: <see cref="YamlText"/>, <see cref="YamlList"/>, <see cref="YamlMap"/>.</summary>
internal abstract record YamlNode(TextPlace Place);

/// <summary>A scalar; <see cref="IsNull"/> for an unquoted empty one, <c>~</c> or <c>null</c>.</summary>
internal sealed record YamlText(TextPlace Place, string Value, bool IsNull) : YamlNode(Place);

internal sealed record YamlList(TextPlace Place, IReadOnlyList<YamlNode> Items) : YamlNode(Place);

/// <summary>A mapping, in the order of the file; keys may stand twice.</summary>
internal sealed record YamlMap(TextPlace Place, IReadOnlyList<(YamlText Key, YamlNode Value)> Entries) : YamlNode(Place);
