using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using DepSync.Model;

namespace DepSync.Config;

/// <summary>Reads single values as users write them in the file, in flags and in the environment. Each throws <see cref="FormatException"/> that says what was expected. Pure.</summary>
internal static partial class SettingText
{
    // What a timer of the runtime can hold.
    private static readonly TimeSpan LongestDuration = TimeSpan.FromDays(24);

    /// <summary>A number and <c>ms</c>, <c>s</c>, <c>m</c> or <c>h</c>; without a unit seconds.</summary>
    public static TimeSpan Duration(string text)
    {
        var match = DurationForm().Match(text);
        if (!match.Success || !double.TryParse(match.Groups[1].ValueSpan, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number))
        {
            throw new FormatException($"expected a duration (a number and ms, s, m or h; without a unit seconds), not '{text}'");
        }
        var milliseconds = number * match.Groups[2].Value switch { "ms" => 1, "m" => 60_000, "h" => 3_600_000, _ => 1000 };
        return milliseconds <= LongestDuration.TotalMilliseconds
            ? TimeSpan.FromMilliseconds(milliseconds)
            : throw new FormatException($"expected at most 576h, not '{text}'");
    }

    public static TimeSpan PositiveDuration(string text) =>
        Duration(text) is var duration && duration > TimeSpan.Zero ? duration : throw new FormatException($"expected a duration above 0, not '{text}'");

    /// <summary><c>off</c> is <see cref="Timeout.InfiniteTimeSpan"/>.</summary>
    public static TimeSpan DurationOrOff(string text) => text == "off" ? Timeout.InfiniteTimeSpan : PositiveDuration(text);

    /// <summary>Bytes: a number, alone or with KB, MB, GB (1000) or KiB, MiB, GiB (1024).</summary>
    public static long Size(string text)
    {
        var match = SizeForm().Match(text);
        if (!match.Success || !decimal.TryParse(match.Groups[1].ValueSpan, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number))
        {
            throw new FormatException($"expected a size such as 10MB or 512KiB, not '{text}'");
        }
        var unit = match.Groups[2].Value.ToUpperInvariant() switch
        {
            "KB" => 1000L,
            "MB" => 1000_000L,
            "GB" => 1000_000_000L,
            "KIB" => 1L << 10,
            "MIB" => 1L << 20,
            "GIB" => 1L << 30,
            _ => 1L,
        };
        return number * unit is >= 1 and <= 1L << 50 ? (long)(number * unit) : throw new FormatException($"expected a size from 1 byte to 1 PiB, not '{text}'");
    }

    /// <summary>
    /// Bytes a second, as rsync's <c>--bwlimit</c>: a number and K, M or G (KB, MB, GB: of 1000; KiB, MiB, GiB as K, M, G), alone KiB; 0 is no limit. Less than 512 bytes is
    /// refused, as there: a run would never end.
    /// </summary>
    public static long Rate(string text)
    {
        var match = RateForm().Match(text);
        if (!match.Success || !decimal.TryParse(match.Groups[1].ValueSpan, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number))
        {
            throw new FormatException($"expected a rate a second such as 500K, 1.5M or 1G (a plain number is KiB, 0 is no limit), not '{text}'");
        }
        var unit = match.Groups[2].Value.ToUpperInvariant() switch
        {
            "B" => 1L,
            "KB" => 1000L,
            "MB" => 1000_000L,
            "GB" => 1000_000_000L,
            "M" or "MIB" => 1L << 20,
            "G" or "GIB" => 1L << 30,
            _ => 1L << 10,
        };
        var rate = number * unit;
        return rate is 0 or (>= 512 and <= 1L << 40) ? (long)rate : throw new FormatException($"expected 0 or a rate from 512 bytes to 1024 GiB a second, not '{text}'");
    }

    /// <summary><c>N%</c> (at most 100) or <c>N</c>.</summary>
    public static DeleteLimit DeleteLimit(string text)
    {
        var isPercent = text.EndsWith('%');
        return long.TryParse(isPercent ? text[..^1] : text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && (!isPercent || number <= 100)
            ? new DeleteLimit(number, isPercent)
            : throw new FormatException($"expected a number of entries or a percentage from 0% to 100%, not '{text}'");
    }

    public static int Count(string text, int least, int most) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most
            ? number
            : throw new FormatException(string.Create(CultureInfo.InvariantCulture, $"expected a number from {least} to {most}, not '{text}'"));

    /// <summary>One of a few words.</summary>
    public static T Choice<T>(string text, params (string Word, T Value)[] choices)
    {
        foreach (var (word, value) in choices)
        {
            if (word == text)
            {
                return value;
            }
        }
        var words = choices.Select(c => c.Word).ToArray();
        var hint = NearestName.LikelyOf(text, words) is { } nearest ? $"; did you mean '{nearest}'?" : "";
        throw new FormatException($"expected {string.Join(", ", words[..^1])} or {words[^1]}, not '{text}'{hint}");
    }

    /// <summary>true, false, 1 or 0.</summary>
    public static bool Switch(string text) =>
        text.ToUpperInvariant() switch
        {
            "TRUE" or "1" => true,
            "FALSE" or "0" => false,
            _ => throw new FormatException($"expected true, false, 1 or 0, not '{text}'"),
        };

    /// <summary>A path below the manager directory; <c>.</c> is the directory itself.</summary>
    public static RelativePath PathInTree(string text)
    {
        var path = text.TrimEnd('/');
        path = path == "." ? "" : path.StartsWith("./", StringComparison.Ordinal) ? path[2..] : path;
        return text.Length > 0 && text[0] != '/' && RelativePath.TryParse(Encoding.UTF8.GetBytes(path), out var inTree)
            ? inTree
            : throw new FormatException($"expected a path relative to the manager directory ('.' is that directory itself), not '{text}'");
    }

    /// <summary>A pattern in .gitignore syntax; what it means is up to the filters.</summary>
    public static string Pattern(string text) =>
        text.Trim().Length == 0
            ? throw new FormatException("expected a pattern, not an empty one")
            : text.AsSpan().IndexOfAny('\0', '\n', '\r') >= 0 ? throw new FormatException("expected a pattern on one line") : text;

    [GeneratedRegex(@"^([0-9]{1,12}(?:\.[0-9]{1,6})?)(ms|s|m|h)?\z")]
    private static partial Regex DurationForm();

    [GeneratedRegex(@"^([0-9]{1,12}(?:\.[0-9]{1,6})?)(B|[KMG](?:i?B)?)?\z", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex RateForm();

    [GeneratedRegex(@"^([0-9]{1,15}(?:\.[0-9]{1,6})?) ?(B|[KMG]i?B)?\z", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex SizeForm();
}
