using System.Text;

namespace DepSync.Sftp;

/// <summary>A peer's bytes made fit to be shown. Pure.</summary>
internal static class SftpText
{
    private const int MaxShown = 64;

    /// <summary>The first 64 bytes in quotes; all but printable ASCII as <c>\xNN</c>, so it is one line and hides nothing.</summary>
    public static string Quote(ReadOnlySpan<byte> bytes)
    {
        var text = new StringBuilder("\"");
        foreach (var value in bytes[..Math.Min(bytes.Length, MaxShown)])
        {
            _ = value switch
            {
                (byte)'\n' => text.Append("\\n"),
                (byte)'\r' => text.Append("\\r"),
                (byte)'"' or (byte)'\\' => text.Append('\\').Append((char)value),
                >= 0x20 and < 0x7f => text.Append((char)value),
                _ => text.Append(null, $"\\x{value:x2}"),
            };
        }
        return text.Append(bytes.Length > MaxShown ? "...\"" : "\"").ToString();
    }
}
