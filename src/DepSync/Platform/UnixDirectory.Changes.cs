using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace DepSync.Platform;

/// <content>What changes entries.</content>
internal sealed unsafe partial class UnixDirectory
{
    /// <summary>Creates a file that must not exist yet, readable and writable; the umask applies.</summary>
    public SafeFileHandle CreateFile(ReadOnlySpan<byte> name, int mode) =>
        OpenBelow(name, UnixFlags.ReadWrite | UnixFlags.Create | UnixFlags.Exclusive | UnixFlags.NoFollow, mode, "create")
        ?? throw UnixException.Last("create");

    /// <summary>Opens a file for reading and writing, creating it when it is missing; a link or a directory fails. Does not wait for a FIFO.</summary>
    public SafeFileHandle OpenOrCreateFile(ReadOnlySpan<byte> name, int mode) =>
        OpenBelow(name, UnixFlags.ReadWrite | UnixFlags.Create | UnixFlags.NoFollow | UnixFlags.NonBlocking, mode, "open")
        ?? throw UnixException.Last("open");

    /// <summary>False when something of that name exists. The umask applies.</summary>
    public bool CreateDirectory(ReadOnlySpan<byte> name, int mode)
    {
        fixed (byte* path = UnixPath.Terminate(name, stackalloc byte[NameScratch]))
        {
            return CLibrary.MkDirAt(Handle, path, (uint)mode & 0xfff) == 0
                || (Marshal.GetLastPInvokeError() == UnixError.Exists ? false : throw UnixException.Last("create the directory"));
        }
    }

    /// <summary>The name must not exist.</summary>
    public void CreateSymlink(ReadOnlySpan<byte> name, ReadOnlySpan<byte> target)
    {
        byte[] ended = [.. target, 0];
        fixed (byte* path = UnixPath.Terminate(name, stackalloc byte[NameScratch]), text = ended)
        {
            UnixFile.Check(CLibrary.SymlinkAt(text, Handle, path), "create the link");
        }
    }

    /// <summary>Replaces a file or link at the new name atomically; false when the old name is absent. Two names of one file stay as they are.</summary>
    public bool Rename(ReadOnlySpan<byte> name, UnixDirectory to, ReadOnlySpan<byte> newName)
    {
        fixed (byte* from = UnixPath.Terminate(name, stackalloc byte[NameScratch]), target = UnixPath.Terminate(newName, stackalloc byte[NameScratch]))
        {
            return NotAbsent(CLibrary.RenameAt(Handle, from, to.Handle, target), "rename");
        }
    }

    /// <summary>Makes a second name of a file or link; false when it is absent.</summary>
    public bool Link(ReadOnlySpan<byte> name, UnixDirectory to, ReadOnlySpan<byte> newName)
    {
        fixed (byte* from = UnixPath.Terminate(name, stackalloc byte[NameScratch]), target = UnixPath.Terminate(newName, stackalloc byte[NameScratch]))
        {
            return NotAbsent(CLibrary.LinkAt(Handle, from, to.Handle, target, 0), "link");
        }
    }

    /// <summary>Removes a file or link; false when absent.</summary>
    public bool RemoveFile(ReadOnlySpan<byte> name)
    {
        fixed (byte* path = UnixPath.Terminate(name, stackalloc byte[NameScratch]))
        {
            return NotAbsent(CLibrary.UnlinkAt(Handle, path, 0), "remove");
        }
    }

    /// <summary>Removes an empty directory; false when absent or no directory.</summary>
    public bool RemoveDirectory(ReadOnlySpan<byte> name)
    {
        fixed (byte* path = UnixPath.Terminate(name, stackalloc byte[NameScratch]))
        {
            return CLibrary.UnlinkAt(Handle, path, UnixFlags.AtRemoveDirectory) == 0
                || (UnixException.MeansAbsent(Marshal.GetLastPInvokeError()) ? false : throw UnixException.Last("remove the directory"));
        }
    }

    /// <summary>Sets the low twelve bits of a file or directory (<see cref="UnixPath.Self"/>: of this one); a link fails or is absent.</summary>
    public bool SetMode(ReadOnlySpan<byte> name, int mode)
    {
        fixed (byte* path = UnixPath.Terminate(name, stackalloc byte[NameScratch]))
        {
            if (CLibrary.FChModAt(Handle, path, (uint)mode & 0xfff, UnixFlags.AtNoFollow) == 0)
            {
                return true;
            }
        }
        // C libraries before fchmodat2 and glibc 2.32 refuse the flag.
        if (Marshal.GetLastPInvokeError() != UnixError.NotSupported)
        {
            return NotAbsent(-1, "set the mode");
        }
        using var file = OpenFile(name);
        if (file is not null)
        {
            UnixFile.SetMode(file, mode);
        }
        return file is not null;
    }

    /// <summary>Sets uid and gid of the entry itself; false when absent.</summary>
    public bool SetOwner(ReadOnlySpan<byte> name, int uid, int gid)
    {
        fixed (byte* path = UnixPath.Terminate(name, stackalloc byte[NameScratch]))
        {
            return NotAbsent(CLibrary.FChOwnAt(Handle, path, (uint)uid, (uint)gid, UnixFlags.AtNoFollow), "set the owner");
        }
    }

    /// <summary>Sets mtime and atime of the entry itself to the same whole second; false when absent.</summary>
    public bool SetTimes(ReadOnlySpan<byte> name, long seconds)
    {
        var times = stackalloc TimeSpec[] { new(seconds, 0), new(seconds, 0) };
        fixed (byte* path = UnixPath.Terminate(name, stackalloc byte[NameScratch]))
        {
            return NotAbsent(CLibrary.UTimeNsAt(Handle, path, times, UnixFlags.AtNoFollow), "set the times");
        }
    }

    // Only "no such entry" is absent here: that a directory cannot replace a file is ENOTDIR too.
    private static bool NotAbsent(int result, string operation) =>
        result == 0 || (Marshal.GetLastPInvokeError() == UnixError.NoEntry ? false : throw UnixException.Last(operation));
}
