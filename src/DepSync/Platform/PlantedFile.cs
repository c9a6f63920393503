using System.Text;

namespace DepSync.Platform;

/// <summary>What others may have put where a file of ours is to be: its name can be foreseen.</summary>
internal static class PlantedFile
{
    /// <summary>
    /// Why the file is not to be opened for writing: somebody else planted a link there, or gave a file of ours or of others that name too. Null when it is missing or fine; a
    /// link of our own is.
    /// </summary>
    public static string? Objection(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            return null;
        }
        using var folder = UnixDirectory.Open(Path.GetDirectoryName(path) ?? "/");
        if (folder?.Find(Encoding.UTF8.GetBytes(Path.GetFileName(path))) is not { } stat)
        {
            return null;
        }
        return stat.Kind switch
        {
            Model.EntryKind.Symlink when stat.Uid != (int)CLibrary.GetEUid() && stat.Uid != 0 => $"it is a link that belongs to another user (uid {stat.Uid})",
            Model.EntryKind.File when stat.LinkCount > 1 => "it has a second name",
            _ => null,
        };
    }
}
