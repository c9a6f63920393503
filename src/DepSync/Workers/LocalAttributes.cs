using DepSync.Model;
using DepSync.Platform;
using Microsoft.Win32.SafeHandles;

namespace DepSync.Workers;

/// <summary>
/// Sets attributes in the order that keeps them: a change of the owner clears mode bits, so it comes first. Each is tried although one before it failed; the first failure is thrown
/// at the end.
/// </summary>
internal static class LocalAttributes
{
    /// <summary>Of an entry of a directory; of a link its owner and times alone. False when it went meanwhile.</summary>
    /// <exception cref="UnixException">One could not be set.</exception>
    public static bool Set(UnixDirectory directory, ReadOnlySpan<byte> name, EntryKind kind, AttributeChange change)
    {
        var entry = name.ToArray();
        var present = true;
        InOrder(
            kind == EntryKind.Symlink ? change with { Mode = null } : change,
            (uid, gid) => present &= directory.SetOwner(entry, uid, gid),
            mode => present &= directory.SetMode(entry, mode),
            seconds => present &= directory.SetTimes(entry, seconds));
        return present;
    }

    /// <summary>Of an open file.</summary>
    /// <exception cref="UnixException">One could not be set.</exception>
    public static void Set(SafeFileHandle file, AttributeChange change) =>
        InOrder(change, (uid, gid) => UnixFile.SetOwner(file, uid, gid), mode => UnixFile.SetMode(file, mode), seconds => UnixFile.SetTimes(file, seconds));

    private static void InOrder(AttributeChange change, Action<int, int> setOwner, Action<int> setMode, Action<long> setTimes)
    {
        var first = default(UnixException);
        if (change is { Uid: { } uid, Gid: { } gid })
        {
            Try(() => setOwner(uid, gid), ref first);
        }
        if (change.Mode is { } mode)
        {
            Try(() => setMode(mode), ref first);
        }
        if (change.Seconds is { } seconds)
        {
            Try(() => setTimes(seconds), ref first);
        }
        if (first is not null)
        {
            throw first;
        }
    }

    private static void Try(Action act, ref UnixException? first)
    {
        try
        {
            act();
        }
        catch (UnixException e)
        {
            first ??= e;
        }
    }
}
