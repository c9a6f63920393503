using DepSync.Model;
using DepSync.Sftp;

namespace DepSync.Workers;

/// <summary>SFTP attributes in a worker's terms, and back. Pure.</summary>
internal static class SftpEntries
{
    private const uint TypeMask = 0xF000;
    private const uint DirectoryType = 0x4000;
    private const uint FileType = 0x8000;
    private const uint LinkType = 0xA000;
    private const uint ModeMask = 0xFFF;

    public static WorkerEntry Entry(byte[] name, in SftpAttributes attributes)
    {
        var kind = Kind(attributes);
        return new WorkerEntry(
            name,
            kind,
            kind == EntryKind.File ? attributes.Size ?? 0 : 0,
            attributes.Times?.Modified ?? 0,
            (int)((attributes.Permissions ?? 0) & ModeMask),
            unchecked((int?)attributes.Owner?.Uid),
            unchecked((int?)attributes.Owner?.Gid));
    }

    public static EntryKind Kind(in SftpAttributes attributes) => (attributes.Permissions & TypeMask) switch
    {
        FileType => EntryKind.File,
        DirectoryType => EntryKind.Directory,
        LinkType => EntryKind.Symlink,
        _ => EntryKind.Special,
    };

    /// <summary>The owner to set, alone; null when there is none.</summary>
    public static SftpAttributes? Owner(in AttributeChange change) =>
        change is { Uid: { } uid, Gid: { } gid } ? new SftpAttributes(Owner: new SftpOwner(unchecked((uint)uid), unchecked((uint)gid))) : null;

    /// <summary>Mode and times to set; null when there are none.</summary>
    public static SftpAttributes? ModeAndTimes(in AttributeChange change) =>
        change is { Mode: null, Seconds: null } ? null : new SftpAttributes(Permissions: (uint?)change.Mode, Times: Times(change));

    public static SftpTimes? Times(in AttributeChange change) =>
        change.Seconds is { } seconds && (uint)Math.Clamp(seconds, 0, uint.MaxValue) is var clamped ? new SftpTimes(clamped, clamped) : null;
}
