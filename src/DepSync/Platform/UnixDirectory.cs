using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace DepSync.Platform;

/// <summary>
/// An open directory; names are bytes and one component each. No call follows a link in the name. What is absent (or a link where a directory or file is asked for) is null,
/// false or a no-op; any other refusal of the system is a <see cref="UnixException"/>, a closed directory an <see cref="ObjectDisposedException"/>.
/// Safe for concurrent calls. Never on Windows.
/// </summary>
internal sealed unsafe partial class UnixDirectory : IDisposable
{
    private const int NameScratch = 264;

    private UnixDirectory(SafeFileHandle handle) => Handle = handle;

    /// <summary>The directory's descriptor. It may be good for paths only (O_PATH), not for reading or fsync.</summary>
    public SafeFileHandle Handle { get; }

    /// <summary>Opens a directory at a path that the user gave, through links; null when it is absent or no directory.</summary>
    public static UnixDirectory? Open(string path) =>
        Wrap(UnixFile.Open(CLibrary.CurrentFolder, UnixPath.Terminate(path), UnixFlags.PathOnly | UnixFlags.Directory, 0, "open the directory"));

    /// <summary>Takes over a directory's descriptor.</summary>
    public static UnixDirectory? Wrap(SafeFileHandle? handle) => handle is null ? null : new UnixDirectory(handle);

    /// <summary>Attributes of the directory itself.</summary>
    public UnixStat Stat() => UnixStat.Of(Handle);

    /// <summary>Attributes of the entry itself; null when absent.</summary>
    public UnixStat? Find(ReadOnlySpan<byte> name)
    {
        fixed (byte* path = UnixPath.Terminate(name, stackalloc byte[NameScratch]))
        {
            return UnixStat.Of(Handle, path);
        }
    }

    /// <summary>
    /// All names but <c>.</c> and <c>..</c>, in the system's order. Fails when the directory cannot be read to its end: a list is never cut short.
    /// A directory that may be read but not entered fails here too.
    /// </summary>
    public List<byte[]> ListNames()
    {
        var handle = OpenReadable();
        var descriptor = (int)handle.DangerousGetHandle();
        var stream = CLibrary.FdOpenDir(descriptor);
        if (stream == 0)
        {
            var failure = UnixException.Last("list the directory");
            handle.Dispose();
            throw failure;
        }
        // closedir closes the descriptor from here on.
        handle.SetHandleAsInvalid();
        try
        {
            return ReadNames(stream);
        }
        finally
        {
            _ = CLibrary.CloseDir(stream);
        }
    }

    /// <summary>All entries with their attributes, in the system's order; what vanishes between the two is left out. Fails as <see cref="ListNames"/> does, and when one entry's attributes cannot be read.</summary>
    public List<UnixEntry> List()
    {
        var names = ListNames();
        var entries = new List<UnixEntry>(names.Count);
        foreach (var name in names)
        {
            if (Find(name) is { } stat)
            {
                entries.Add(new UnixEntry(name, stat));
            }
        }
        return entries;
    }

    /// <summary>The bytes of a link's target; null when absent or no link.</summary>
    public byte[]? ReadLink(ReadOnlySpan<byte> name)
    {
        fixed (byte* path = UnixPath.Terminate(name, stackalloc byte[NameScratch]))
        {
            for (var size = 256; ; size *= 4)
            {
                var target = new byte[size];
                nint length;
                fixed (byte* start = target)
                {
                    length = CLibrary.ReadLinkAt(Handle, path, start, size);
                }
                if (length >= 0 && length < size)
                {
                    return target[..(int)length];
                }
                if (length < 0)
                {
                    var errno = Marshal.GetLastPInvokeError();
                    return errno == UnixError.Invalid || UnixException.MeansAbsent(errno) ? null : throw UnixException.Last("read the link");
                }
            }
        }
    }

    /// <summary>Opens a directory right below; null when absent, no directory or a link. Needs no read permission on it.</summary>
    public UnixDirectory? OpenDirectory(ReadOnlySpan<byte> name) =>
        Wrap(OpenBelow(name, UnixFlags.PathOnly | UnixFlags.Directory | UnixFlags.NoFollow, 0, "open the directory"));

    /// <summary>Opens an entry for reading; null when absent or a link. Does not wait for a FIFO: whoever calls asks <see cref="UnixStat.Of(SafeFileHandle)"/> what it is.</summary>
    public SafeFileHandle? OpenFile(ReadOnlySpan<byte> name) =>
        OpenBelow(name, UnixFlags.ReadOnly | UnixFlags.NoFollow | UnixFlags.NonBlocking, 0, "open");

    /// <summary>A second handle of this directory.</summary>
    public UnixDirectory Reopen() =>
        Wrap(OpenBelow(UnixPath.Self, UnixFlags.PathOnly | UnixFlags.Directory, 0, "open the directory"))
        ?? throw new UnixException(UnixError.NoEntry, "open the directory");

    /// <summary>Brings the directory's entries to disk; a no-op on a filesystem that cannot do that for directories.</summary>
    public void Flush()
    {
        using var readable = OpenReadable();
        try
        {
            UnixFile.Flush(readable);
        }
        catch (UnixException e) when (e.Errno is UnixError.Invalid or UnixError.BadDescriptor || e.IsUnsupported)
        {
        }
    }

    /// <summary>Space and inodes that are free for this login, and whether the filesystem is mounted read-only.</summary>
    public UnixFreeSpace FreeSpace() => UnixFreeSpace.Of(Handle);

    public void Dispose() => Handle.Dispose();

    /// <summary>A second descriptor of this directory with an offset of its own.</summary>
    private SafeFileHandle OpenReadable() =>
        OpenBelow(UnixPath.Self, UnixFlags.ReadOnly | UnixFlags.Directory, 0, "read the directory")
        ?? throw new UnixException(UnixError.NoEntry, "read the directory");

    private SafeFileHandle? OpenBelow(ReadOnlySpan<byte> name, int flags, int mode, string operation) =>
        UnixFile.Open(Handle, UnixPath.Terminate(name, stackalloc byte[NameScratch]), flags, mode, operation);

    private static List<byte[]> ReadNames(nint stream)
    {
        var names = new List<byte[]>();
        while (true)
        {
            var entry = CLibrary.ReadDir(stream);
            if (entry == null)
            {
                var errno = Marshal.GetLastPInvokeError();
                return errno == 0 ? names : throw new UnixException(errno, "list the directory");
            }
            // d_name of the 64 bit struct dirent.
            var name = MemoryMarshal.CreateReadOnlySpanFromNullTerminated(entry + (OperatingSystem.IsMacOS() ? 21 : 19));
            if (!name.SequenceEqual("."u8) && !name.SequenceEqual(".."u8))
            {
                names.Add(name.ToArray());
            }
        }
    }
}
