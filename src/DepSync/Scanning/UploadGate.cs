using System.Text;
using DepSync.Model;
using DepSync.State;

namespace DepSync.Scanning;

/// <summary>
/// Tells by a file's size, name, ctime and end whether somebody may still be copying it into the manager directory. Pure but for the clock.
/// </summary>
internal sealed class UploadGate(TimeSpan settle, TimeProvider clock)
{
    /// <summary>A smaller file is written by one call or two; it is no longer half when it is read.</summary>
    private const long LargeSize = 1024 * 1024;

    /// <summary>A copy that stands still for longer than this is not a copy any more.</summary>
    private static readonly TimeSpan ArchiveGrace = TimeSpan.FromMinutes(10);

    private static readonly byte[][] ArchiveEndings = [.. new[] { ".car", ".war", ".jar", ".aar", ".mar", ".zip" }.Select(Encoding.ASCII.GetBytes)];

    public bool IsOff => settle <= TimeSpan.Zero;

    /// <summary>Whether its end has to be looked at.</summary>
    public bool ChecksArchive(RelativePath path) => !IsOff && IsArchive(path.Name);

    public bool IsUnsettled(RelativePath path, FileStamp stamp) => !IsOff && (stamp.Size >= LargeSize || IsArchive(path.Name)) && Age(stamp) < settle;

    /// <summary>How long until it may count as settled.</summary>
    public TimeSpan TimeToSettle(FileStamp stamp) => Age(stamp) is var age && age < TimeSpan.Zero ? settle : settle - age;

    /// <summary>The clock was set back, or the file server's is ahead: the ctime says nothing, so whoever waited goes by whether it changed.</summary>
    public bool IsOfTheFuture(FileStamp stamp) => Age(stamp) < TimeSpan.Zero;

    /// <summary>A broken end of an older archive is the manager's truth.</summary>
    public bool IsIncomplete(FileStamp stamp, ArchiveEnd end) => !IsOff && end == ArchiveEnd.Broken && Age(stamp) < ArchiveGrace;

    public static bool IsArchive(ReadOnlySpan<byte> name)
    {
        foreach (var ending in ArchiveEndings)
        {
            if (name.Length >= ending.Length && Ascii.EqualsIgnoreCase(name[^ending.Length..], ending))
            {
                return true;
            }
        }
        return false;
    }

    private TimeSpan Age(FileStamp stamp) => new(((clock.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks - (stamp.ChangedNs / 100)));
}
