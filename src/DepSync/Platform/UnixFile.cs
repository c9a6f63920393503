using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace DepSync.Platform;

/// <summary>
/// Calls on an open file (or on a directory opened for reading). Each throws <see cref="UnixException"/> with the system's reason, and <see cref="ObjectDisposedException"/> on a
/// closed handle. Safe for concurrent calls. Never on Windows.
/// </summary>
internal static unsafe class UnixFile
{
    /// <summary>Linux moves no more than this in one call.</summary>
    private const int MaxTransfer = 0x4000_0000;

    /// <summary>Opens a file at a path that the user gave, its last component never through a link; null when there is none. A FIFO does not block.</summary>
    public static SafeFileHandle? OpenRead(string path) =>
        Open(CLibrary.CurrentFolder, UnixPath.Terminate(path), UnixFlags.ReadOnly | UnixFlags.NoFollow | UnixFlags.NonBlocking, 0, "open");

    public static UnixStat Stat(SafeFileHandle file) => UnixStat.Of(file);

    /// <summary>Reads up to <c>buffer.Length</c> bytes; 0 only at the end of the file. May return fewer.</summary>
    public static int Read(SafeFileHandle file, long offset, Span<byte> buffer)
    {
        fixed (byte* start = buffer)
        {
            nint count;
            do
            {
                count = CLibrary.PRead(file, start, Math.Min(buffer.Length, MaxTransfer), offset);
            }
            while (count < 0 && WasInterrupted());
            return count >= 0 ? (int)count : throw UnixException.Last("read");
        }
    }

    /// <summary>Writes all bytes.</summary>
    public static void Write(SafeFileHandle file, long offset, ReadOnlySpan<byte> data)
    {
        fixed (byte* start = data)
        {
            var done = 0;
            while (done < data.Length)
            {
                var count = CLibrary.PWrite(file, start + done, Math.Min(data.Length - done, MaxTransfer), offset + done);
                if (count > 0)
                {
                    done += (int)count;
                }
                else if (count == 0)
                {
                    throw new UnixException(UnixError.NoSpace, "write");
                }
                else if (!WasInterrupted())
                {
                    throw UnixException.Last("write");
                }
            }
        }
    }

    public static void Truncate(SafeFileHandle file, long length) => Check(CLibrary.FTruncate(file, length), "cut to length");

    public static void SetMode(SafeFileHandle file, int mode) => Check(CLibrary.FChMod(file, (uint)mode & 0xfff), "set the mode");

    public static void SetOwner(SafeFileHandle file, int uid, int gid) => Check(CLibrary.FChOwn(file, (uint)uid, (uint)gid), "set the owner");

    /// <summary>Sets mtime and atime to the same whole second.</summary>
    public static void SetTimes(SafeFileHandle file, long seconds)
    {
        var times = stackalloc TimeSpec[] { new(seconds, 0), new(seconds, 0) };
        Check(CLibrary.FUTimeNs(file, times), "set the times");
    }

    /// <summary>Brings bytes and attributes to disk.</summary>
    public static void Flush(SafeFileHandle file)
    {
        if (OperatingSystem.IsMacOS() && CLibrary.FCntl(file, UnixFlags.FullFSync) == 0)
        {
            return;
        }
        int result;
        do
        {
            result = CLibrary.FSync(file);
        }
        while (result < 0 && WasInterrupted());
        Check(result, "flush to disk");
    }

    /// <summary>Closes and tells when that fails, as it may on NFS for bytes that were written before. A no-op on a closed one. No other call may be under way.</summary>
    public static void Close(SafeFileHandle file)
    {
        if (!file.IsClosed)
        {
            var descriptor = (int)file.DangerousGetHandle();
            file.SetHandleAsInvalid();
            // Interrupted or not, the descriptor is gone.
            _ = CLibrary.Close(descriptor) == 0 || WasInterrupted() ? 0 : throw UnixException.Last("close");
        }
    }

    /// <summary>Takes the exclusive lock that ends with the handle; false when somebody else has it. Where the filesystem has no locks this fails.</summary>
    public static bool TryLock(SafeFileHandle file)
    {
        int result;
        do
        {
            result = CLibrary.FLock(file, UnixFlags.LockExclusive | UnixFlags.LockNonBlocking);
        }
        while (result < 0 && WasInterrupted());
        return result == 0 || (Marshal.GetLastPInvokeError() == UnixError.Again ? false : throw UnixException.Last("lock"));
    }

    /// <summary>Opens below a directory, closed on exec; null when absent.</summary>
    internal static SafeFileHandle? Open(SafeFileHandle directory, ReadOnlySpan<byte> terminated, int flags, int mode, string operation)
    {
        fixed (byte* path = terminated)
        {
            int descriptor;
            do
            {
                descriptor = CLibrary.OpenAt(directory, path, flags | UnixFlags.CloseOnExec, mode);
            }
            while (descriptor < 0 && WasInterrupted());
            if (descriptor >= 0)
            {
                return new SafeFileHandle(descriptor, ownsHandle: true);
            }
            return UnixException.MeansAbsent(Marshal.GetLastPInvokeError()) ? null : throw UnixException.Last(operation);
        }
    }

    internal static void Check(int result, string operation)
    {
        if (result < 0)
        {
            throw UnixException.Last(operation);
        }
    }

    private static bool WasInterrupted() => Marshal.GetLastPInvokeError() == UnixError.Interrupted;
}
