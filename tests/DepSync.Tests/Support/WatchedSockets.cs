using System.Globalization;

namespace DepSync.Tests.Support;

/// <summary>What Linux tells about this process's sockets. Threads: safe beside tests that open and close others.</summary>
internal static class WatchedSockets
{
    private const string Descriptors = "/proc/self/fd";

    private const string Facts = "/proc/self/fdinfo";

    private const int NonBlocking = 0x800;

    public static bool IsNonBlocking(int descriptor)
    {
        var flags = File.ReadLines($"{Facts}/{descriptor}").First(line => line.StartsWith("flags:", StringComparison.Ordinal))["flags:".Length..].Trim();
        return (Convert.ToInt32(flags, 8) & NonBlocking) != 0;
    }

    /// <summary>Whether any epoll of this process watches it.</summary>
    public static bool IsWatched(int descriptor) => Directory.EnumerateFiles(Facts).Any(file =>
        Read(file).Any(line => line.StartsWith("tfd:", StringComparison.Ordinal) && line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1] == $"{descriptor}"));

    /// <summary>The descriptors that are connected to a port of this machine.</summary>
    public static IReadOnlyList<int> ConnectedTo(int port)
    {
        var peer = FormattableString.Invariant($":{port:X4}");
        var sockets = Read("/proc/self/net/tcp").Concat(Read("/proc/self/net/tcp6")).Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Where(fields => fields[2].EndsWith(peer, StringComparison.Ordinal)).Select(fields => $"socket:[{fields[9]}]").ToHashSet();
        return [.. Directory.EnumerateFiles(Descriptors).Where(link => Target(link) is { } target && sockets.Contains(target)).Select(link => int.Parse(Path.GetFileName(link), CultureInfo.InvariantCulture))];
    }

    private static string[] Read(string file)
    {
        try
        {
            return File.ReadAllLines(file);
        }
        catch (IOException)
        {
            // Closed meanwhile by another test.
            return [];
        }
    }

    private static string? Target(string link)
    {
        try
        {
            return File.ResolveLinkTarget(link, returnFinalTarget: false)?.Name;
        }
        catch (IOException)
        {
            return null;
        }
    }
}
