using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using DepSync.Model;

namespace DepSync.Reporting;

/// <summary>Writes the lines of <c>--json</c>, each stamped with the time and the run. Not safe for concurrent calls: its owner guards it.</summary>
internal sealed class JsonLineWriter(Screen screen, TimeProvider time)
{
    /// <summary>The types of the lines. Text goes to pipes and files, not into HTML: <c>&lt;f+++</c> should read as such. Serialization alone takes no reflection and the fast path of the generator.</summary>
    public static JsonContract Contract { get; } = new(new JsonSerializerOptions
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
    });

    /// <summary>Null until the run has an id.</summary>
    public string? Run { get; set; }

    public void Write<T>(T line, JsonTypeInfo<T> type)
        where T : JsonLine
    {
        line.Ts = time.GetUtcNow().UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
        line.Run = Run;
        screen.Print(EscapeHazards(JsonSerializer.Serialize(line, type)));
    }

    // The relaxed encoder lets DEL, C1 and bidirectional controls through. Outside of ASCII all text of a line is inside its strings, so this keeps it JSON.
    private static string EscapeHazards(string json)
    {
        var first = json.AsSpan().IndexOfAnyExceptInRange(' ', '~');
        if (first < 0)
        {
            return json;
        }
        var text = new StringBuilder(json.Length + 16).Append(json, 0, first);
        foreach (var unit in json.AsSpan(first))
        {
            if (!char.IsSurrogate(unit) && DisplayText.IsHazard(new Rune(unit)))
            {
                text.Append(CultureInfo.InvariantCulture, $"\\u{(int)unit:X4}");
            }
            else
            {
                text.Append(unit);
            }
        }
        return text.ToString();
    }
}
