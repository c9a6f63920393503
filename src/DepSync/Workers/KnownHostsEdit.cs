using System.Text;
using DepSync.Model;

namespace DepSync.Workers;

/// <summary>Changes the text of a known_hosts file without touching what it was not asked to touch. Pure.</summary>
internal static class KnownHostsEdit
{
    /// <summary>
    /// The text without the keys <paramref name="removed"/> of the host called <paramref name="name"/> and with <paramref name="added"/> at its end. Revoked keys, authorities,
    /// comments and other hosts stay as they are.
    /// </summary>
    /// <exception cref="WorkerLostException">A line that would have to go speaks of the host by a pattern, so that it cannot be changed for this host alone.</exception>
    public static string Replace(string file, string text, string name, IReadOnlyCollection<HostKey> removed, IReadOnlyList<HostKey> added)
    {
        var result = new StringBuilder();
        var number = 0;
        foreach (var line in text.Split('\n'))
        {
            number++;
            if (Without(file, number, line, name, removed) is { } kept)
            {
                result.Append(kept).Append('\n');
            }
        }
        // The last part of the split is what stood behind the last line feed: nothing, in a file that is as it should be.
        if (text.Length == 0 || text.EndsWith('\n'))
        {
            result.Length--;
        }
        foreach (var key in added)
        {
            result.Append(name).Append(' ').Append(key).Append('\n');
        }
        return result.ToString();
    }

    private static string? Without(string file, int number, string line, string name, IReadOnlyCollection<HostKey> removed)
    {
        var fields = line.Split([' ', '\t', '\r'], 4, StringSplitOptions.RemoveEmptyEntries);
        var goes = fields.Length >= 3
            && fields[0][0] is not ('#' or '@')
            && HostKey.Parse(fields[1], fields[2]) is { } key
            && removed.Contains(key)
            && KnownHosts.Matches(fields[0], name) == true;
        if (!goes)
        {
            return line;
        }
        if (fields[0].StartsWith('|'))
        {
            return null;
        }
        var names = fields[0].Split(',');
        if (names.Any(pattern => pattern.AsSpan().IndexOfAny("*?!") >= 0))
        {
            throw new WorkerLostException(
                ErrorKind.HostKey, $"{file}:{number} speaks of {name} by a pattern ({fields[0]}): it cannot be changed for one host.", "Change that line by hand.");
        }
        var others = names.Where(other => !other.Equals(name, StringComparison.OrdinalIgnoreCase)).ToArray();
        var start = line.IndexOf(fields[0], StringComparison.Ordinal);
        return others.Length == 0 ? null : line[..start] + string.Join(',', others) + line[(start + fields[0].Length)..];
    }
}
