using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using DepSync.Model;

namespace DepSync.State;

/// <summary>A path as text in JSON, or as <c>base64:…</c> where its bytes are not UTF-8 (or look like that form). Pure.</summary>
internal static class PathText
{
    private const string Base64Prefix = "base64:";

    public static string Of(RelativePath path) =>
        Utf8.IsValid(path.Bytes) && !path.Bytes.StartsWith("base64:"u8) ? path.ToString() : Base64Prefix + Convert.ToBase64String(path.Bytes);

    /// <exception cref="JsonException">It is no path inside a tree.</exception>
    public static RelativePath Parse(string text)
    {
        try
        {
            var isText = !text.StartsWith(Base64Prefix, StringComparison.Ordinal);
            var bytes = isText ? Encoding.UTF8.GetBytes(text) : Convert.FromBase64String(text[Base64Prefix.Length..]);
            return RelativePath.TryParse(bytes, out var path) ? path : throw new JsonException("This is no path inside a tree.");
        }
        catch (FormatException e)
        {
            throw new JsonException("This is no base64 text.", e);
        }
    }
}
