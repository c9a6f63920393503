using DepSync.Model;

namespace DepSync.Scanning;

/// <summary>The directory that a server unpacks an archive of <c>webapps/</c> into. Pure.</summary>
internal static class ExplodedWebapp
{
    public static RelativePath Webapps { get; } = RelativePath.Parse("webapps");

    /// <summary><c>webapps/X</c> for an entry <c>X.war</c> of <c>webapps/</c>; null for any other. Filters do not count: a server explodes an archive whatever is mirrored.</summary>
    public static RelativePath? Of(ReadOnlySpan<byte> name, EntryKind kind) =>
        kind is EntryKind.File or EntryKind.Symlink && name.Length > 4 && name.EndsWith(".war"u8) && RelativePath.IsName(name[..^4]) ? Webapps.Child(name[..^4]) : null;
}
