using System.Globalization;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace DepSync.Platform;

/// <summary>Who holds a lock, as its file says it; for messages only. What is not known is null.</summary>
internal sealed record RunLockHolder(string? Process, string? Host, string? Run, string? Start)
{
    private const int LongestText = 4096;

    public static RunLockHolder Unknown { get; } = new(null, null, null, null);

    /// <summary>This process.</summary>
    public static RunLockHolder Current(string run, DateTimeOffset now) =>
        new(Environment.ProcessId.ToString(CultureInfo.InvariantCulture), LoginUser.Current.Host, run, now.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture));

    /// <summary>Reads a lock file; a text that is not one of ours gives unknown parts, never a failure.</summary>
    public static RunLockHolder Read(SafeFileHandle file)
    {
        var buffer = new byte[LongestText];
        try
        {
            return Parse(Encoding.UTF8.GetString(buffer.AsSpan(0, RandomAccess.Read(file, buffer, 0))));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            return Unknown;
        }
    }

    public static RunLockHolder Parse(string text)
    {
        var lines = text.Split('\n');
        return new RunLockHolder(Value(lines, "pid "), Value(lines, "host "), Value(lines, "run "), Value(lines, "start "));
    }

    public byte[] ToBytes() => Encoding.UTF8.GetBytes($"pid {Process}\nhost {Host}\nrun {Run}\nstart {Start}\n");

    public override string ToString() =>
        Process is null ? "it has not written who it is" : $"pid {Process} on {Host ?? "?"}, run {Run ?? "?"}, since {Start ?? "?"}";

    private static string? Value(string[] lines, string key) => lines.FirstOrDefault(l => l.StartsWith(key, StringComparison.Ordinal))?[key.Length..];
}
