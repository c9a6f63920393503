using System.Globalization;

namespace DepSync.Config;

/// <summary>Characters that no name, host, path or option may hold: control characters, and those that turn the direction of text and so can make one line look like another.</summary>
internal static class ForbiddenCharacter
{
    /// <summary>The first forbidden character, in words and with its column; null when there is none.</summary>
    public static string? FirstIn(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (IsForbidden(text[i]))
            {
                return string.Create(CultureInfo.InvariantCulture, $"the character U+{(int)text[i]:X4} (column {i + 1})");
            }
        }
        return null;
    }

    private static bool IsForbidden(char c) =>
        char.IsControl(c)
        || c is '\u061C' or '\u200E' or '\u200F' or '\u2028' or '\u2029' or (>= '\u202A' and <= '\u202E') or (>= '\u2066' and <= '\u2069') or '\uFEFF';
}
