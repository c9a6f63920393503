using System.Buffers;
using System.Text;
using System.Text.Unicode;
using DepSync.Model;

namespace DepSync.Workers;

/// <summary>Which names Windows takes as they are. Pure.</summary>
internal static class WindowsNames
{
    private static readonly SearchValues<byte> Refused = SearchValues.Create([.. "<>:\"/\\|?*"u8, .. Enumerable.Range(0, 32).Select(i => (byte)i)]);

    private static readonly string[] Devices = ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"];

    /// <summary>The components of a path.</summary>
    /// <exception cref="WorkerFileException">BadName: Windows would refuse one, or store it under another name.</exception>
    public static IReadOnlyList<string> Of(RelativePath path)
    {
        var names = new List<string>(path.Depth);
        foreach (var component in path.Bytes.Split((byte)'/'))
        {
            var name = path.Bytes[component];
            if (!IsTaken(name))
            {
                throw new WorkerFileException(WorkerFileError.BadName, path, "Windows does not take this name");
            }
            names.Add(Encoding.UTF8.GetString(name));
        }
        return names;
    }

    /// <summary>Whether the name is kept as it is.</summary>
    public static bool IsTaken(ReadOnlySpan<byte> name)
    {
        if (!Utf8.IsValid(name) || name.ContainsAny(Refused) || name[^1] is (byte)'.' or (byte)' ')
        {
            return false;
        }
        var text = Encoding.UTF8.GetString(name);
        var stem = text.Split('.')[0].TrimEnd(' ');
        return !Devices.Contains(stem, StringComparer.OrdinalIgnoreCase)
            && !(stem.Length == 4 && (stem.StartsWith("COM", StringComparison.OrdinalIgnoreCase) || stem.StartsWith("LPT", StringComparison.OrdinalIgnoreCase)) && char.IsDigit(stem[3]));
    }
}
