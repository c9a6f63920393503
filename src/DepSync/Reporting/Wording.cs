using System.Collections.Frozen;
using System.Globalization;
using System.Text;
using System.Text.Json;
using DepSync.Model;

namespace DepSync.Reporting;

/// <summary>The one way in which sizes, times, counts, names and messages are written for people. Pure.</summary>
internal static class Wording
{
    private static readonly string[] Units = ["kB", "MB", "GB", "TB", "PB", "EB"];

    /// <summary>Decimal units, as in <c>max_size: 10MB</c>.</summary>
    public static string Bytes(long bytes)
    {
        if (bytes < 1000)
        {
            return string.Create(CultureInfo.InvariantCulture, $"{bytes} B");
        }
        var value = bytes / 1000.0;
        var unit = 0;
        // 999.95 would be printed as 1000.0.
        while (value >= 999.95 && unit < Units.Length - 1)
        {
            value /= 1000;
            unit++;
        }
        return string.Create(CultureInfo.InvariantCulture, $"{value:0.0} {Units[unit]}");
    }

    public static string Time(TimeSpan time) => time.TotalSeconds < 60
        ? string.Create(CultureInfo.InvariantCulture, $"{Math.Floor(time.TotalSeconds * 10) / 10:0.0} s")
        : time.TotalHours < 1
            ? string.Create(CultureInfo.InvariantCulture, $"{(int)time.TotalMinutes}m{time.Seconds:00}s")
            : string.Create(CultureInfo.InvariantCulture, $"{(int)time.TotalHours}h{time.Minutes:00}m");

    public static string Count(long count, string noun) => string.Create(CultureInfo.InvariantCulture, $"{count} {noun}{(count == 1 ? "" : "s")}");

    /// <summary>snake_case, for JSON and for the log's <c>kind</c>.</summary>
    public static string Snake<T>(T value)
        where T : struct, Enum => SnakeNames<T>.Of.TryGetValue(value, out var name) ? name : JsonNamingPolicy.SnakeCaseLower.ConvertName(value.ToString());

    /// <summary>The same as words.</summary>
    public static string Words<T>(T value)
        where T : struct, Enum => Snake(value).Replace('_', ' ');

    /// <summary>
    /// A whole message on one line. A message without hazards stays as it is, so that a name which its writer has escaped is not escaped twice.
    /// </summary>
    public static string Line(string message)
    {
        if (!message.AsSpan().ContainsAnyExceptInRange(' ', '~'))
        {
            return message;
        }
        for (var i = 0; i < message.Length; i++)
        {
            if (!Rune.TryGetRuneAt(message, i, out var rune) || DisplayText.IsHazard(rune))
            {
                return DisplayText.Escape(message);
            }
            i += rune.Utf16SequenceLength - 1;
        }
        return message;
    }

    /// <summary>A worker's name; the run's own and the source's things have none.</summary>
    public static string Name(string? worker) => worker is null ? "manager" : DisplayText.Escape(worker);

    public static string Done(ChangeAction action) => action switch
    {
        ChangeAction.Create => "created",
        ChangeAction.Update => "updated",
        ChangeAction.Delete => "deleted",
        ChangeAction.Retype => "retyped",
        _ => "attributes",
    };

    public static string Reason(Deferral deferral) => deferral switch
    {
        Deferral.Unsettled => "somebody was still writing it a moment ago",
        Deferral.IncompleteArchive => "the archive is not whole yet",
        Deferral.Vanished => "it vanished while the run was reading",
        Deferral.Changing => "it changed while the run was reading",
        _ => "it is not ready",
    };

    /// <summary>Made once: a line of the log has three of them.</summary>
    private static class SnakeNames<T>
        where T : struct, Enum
    {
        public static FrozenDictionary<T, string> Of { get; } =
            Enum.GetValues<T>().Distinct().ToFrozenDictionary(static value => value, static value => JsonNamingPolicy.SnakeCaseLower.ConvertName(value.ToString()));
    }
}
