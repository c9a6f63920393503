using DepSync.Model;

namespace DepSync.Planning;

/// <summary>A guard's no, before the first change: what is wrong in numbers, and the flag that allows it. Names in it are fit to print.</summary>
internal sealed record Refusal(string Message, string Hint)
{
    /// <summary>A path as an argument that can be typed after a flag.</summary>
    public static string Argument(RelativePath path) => Argument(path.IsRoot ? "." : path.ToString());

    public static string Argument(string text) =>
        text.Length > 0 && text.All(c => char.IsLetterOrDigit(c) || "_-./@:+,%".Contains(c, StringComparison.Ordinal))
            ? text
            : $"'{DisplayText.Escape(text).Replace("'", @"'\''", StringComparison.Ordinal)}'";
}
