using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace DepSync.Platform;

/// <summary>
/// The C library's calls as they are; never called on Windows. A negative result is a failure whose number is in <c>Marshal.GetLastPInvokeError()</c>. Threads: as the system's calls.
/// </summary>
internal static unsafe partial class CLibrary
{
    private const string Library = "libc";

    /// <summary>Stands for the current folder where a directory handle is expected.</summary>
    public static SafeFileHandle CurrentFolder { get; } = new(OperatingSystem.IsMacOS() ? -2 : -100, ownsHandle: false);

    /// <summary>Whether C's variadic arguments lie on the stack although the registers are free.</summary>
    private static readonly bool VariadicOnStack = OperatingSystem.IsMacOS() && RuntimeInformation.ProcessArchitecture == Architecture.Arm64;

    /// <summary>Whether the calls with the 64 bit layouts have names of their own.</summary>
    private static readonly bool Inode64Names = OperatingSystem.IsMacOS() && RuntimeInformation.ProcessArchitecture == Architecture.X64;

    public static int OpenAt(SafeFileHandle directory, byte* path, int flags, int mode) =>
        VariadicOnStack ? OpenAtStack(directory, path, flags, 0, 0, 0, 0, 0, mode) : OpenAtRegisters(directory, path, flags, (uint)mode);

    public static nint FdOpenDir(int descriptor) => Inode64Names ? FdOpenDirInode64(descriptor) : FdOpenDirPlain(descriptor);

    public static byte* ReadDir(nint stream) => Inode64Names ? ReadDirInode64(stream) : ReadDirPlain(stream);

    public static int FStatAt(SafeFileHandle directory, byte* path, byte* stat, int flags) =>
        Inode64Names ? FStatAtInode64(directory, path, stat, flags) : FStatAtPlain(directory, path, stat, flags);

    public static int FStat(SafeFileHandle file, byte* stat) => Inode64Names ? FStatInode64(file, stat) : FStatPlain(file, stat);

    [LibraryImport(Library, EntryPoint = "openat", SetLastError = true)]
    private static partial int OpenAtRegisters(SafeFileHandle directory, byte* path, int flags, uint mode);

    // Eight arguments fill the registers of arm64, so that the ninth lies where a variadic callee of Apple looks for its first one.
    [LibraryImport(Library, EntryPoint = "openat", SetLastError = true)]
    private static partial int OpenAtStack(SafeFileHandle directory, byte* path, int flags, nint fill4, nint fill5, nint fill6, nint fill7, nint fill8, nint mode);

    [LibraryImport(Library, EntryPoint = "syscall", SetLastError = true)]
    public static partial nint OpenAt2(nint number, SafeFileHandle directory, byte* path, OpenHow* how, nint size);

    [LibraryImport(Library, EntryPoint = "fdopendir", SetLastError = true)]
    private static partial nint FdOpenDirPlain(int descriptor);

    [LibraryImport(Library, EntryPoint = "fdopendir$INODE64", SetLastError = true)]
    private static partial nint FdOpenDirInode64(int descriptor);

    [LibraryImport(Library, EntryPoint = "readdir", SetLastError = true)]
    private static partial byte* ReadDirPlain(nint stream);

    [LibraryImport(Library, EntryPoint = "readdir$INODE64", SetLastError = true)]
    private static partial byte* ReadDirInode64(nint stream);

    [LibraryImport(Library, EntryPoint = "closedir")]
    public static partial int CloseDir(nint stream);

    [LibraryImport(Library, EntryPoint = "close", SetLastError = true)]
    public static partial int Close(int descriptor);

    [LibraryImport(Library, EntryPoint = "statx", SetLastError = true)]
    public static partial int StatX(SafeFileHandle directory, byte* path, int flags, uint mask, byte* stat);

    [LibraryImport(Library, EntryPoint = "fstatat", SetLastError = true)]
    private static partial int FStatAtPlain(SafeFileHandle directory, byte* path, byte* stat, int flags);

    [LibraryImport(Library, EntryPoint = "fstatat$INODE64", SetLastError = true)]
    private static partial int FStatAtInode64(SafeFileHandle directory, byte* path, byte* stat, int flags);

    [LibraryImport(Library, EntryPoint = "fstat", SetLastError = true)]
    private static partial int FStatPlain(SafeFileHandle file, byte* stat);

    [LibraryImport(Library, EntryPoint = "fstat$INODE64", SetLastError = true)]
    private static partial int FStatInode64(SafeFileHandle file, byte* stat);

    [LibraryImport(Library, EntryPoint = "readlinkat", SetLastError = true)]
    public static partial nint ReadLinkAt(SafeFileHandle directory, byte* path, byte* buffer, nint size);

    [LibraryImport(Library, EntryPoint = "mkdirat", SetLastError = true)]
    public static partial int MkDirAt(SafeFileHandle directory, byte* path, uint mode);

    [LibraryImport(Library, EntryPoint = "renameat", SetLastError = true)]
    public static partial int RenameAt(SafeFileHandle fromDirectory, byte* from, SafeFileHandle toDirectory, byte* to);

    [LibraryImport(Library, EntryPoint = "linkat", SetLastError = true)]
    public static partial int LinkAt(SafeFileHandle fromDirectory, byte* from, SafeFileHandle toDirectory, byte* to, int flags);

    [LibraryImport(Library, EntryPoint = "unlinkat", SetLastError = true)]
    public static partial int UnlinkAt(SafeFileHandle directory, byte* path, int flags);

    [LibraryImport(Library, EntryPoint = "symlinkat", SetLastError = true)]
    public static partial int SymlinkAt(byte* target, SafeFileHandle directory, byte* path);

    [LibraryImport(Library, EntryPoint = "fchmodat", SetLastError = true)]
    public static partial int FChModAt(SafeFileHandle directory, byte* path, uint mode, int flags);

    [LibraryImport(Library, EntryPoint = "fchmod", SetLastError = true)]
    public static partial int FChMod(SafeFileHandle file, uint mode);

    [LibraryImport(Library, EntryPoint = "fchownat", SetLastError = true)]
    public static partial int FChOwnAt(SafeFileHandle directory, byte* path, uint uid, uint gid, int flags);

    [LibraryImport(Library, EntryPoint = "fchown", SetLastError = true)]
    public static partial int FChOwn(SafeFileHandle file, uint uid, uint gid);

    [LibraryImport(Library, EntryPoint = "utimensat", SetLastError = true)]
    public static partial int UTimeNsAt(SafeFileHandle directory, byte* path, TimeSpec* times, int flags);

    [LibraryImport(Library, EntryPoint = "futimens", SetLastError = true)]
    public static partial int FUTimeNs(SafeFileHandle file, TimeSpec* times);

    [LibraryImport(Library, EntryPoint = "fsync", SetLastError = true)]
    public static partial int FSync(SafeFileHandle file);

    [LibraryImport(Library, EntryPoint = "fcntl", SetLastError = true)]
    public static partial int FCntl(SafeFileHandle file, int command);

    [LibraryImport(Library, EntryPoint = "fstatvfs", SetLastError = true)]
    public static partial int FStatVfs(SafeFileHandle file, byte* result);

    [LibraryImport(Library, EntryPoint = "pread", SetLastError = true)]
    public static partial nint PRead(SafeFileHandle file, byte* buffer, nint count, long offset);

    [LibraryImport(Library, EntryPoint = "pwrite", SetLastError = true)]
    public static partial nint PWrite(SafeFileHandle file, byte* buffer, nint count, long offset);

    [LibraryImport(Library, EntryPoint = "ftruncate", SetLastError = true)]
    public static partial int FTruncate(SafeFileHandle file, long length);

    [LibraryImport(Library, EntryPoint = "flock", SetLastError = true)]
    public static partial int FLock(SafeFileHandle file, int operation);

    [LibraryImport(Library, EntryPoint = "geteuid")]
    public static partial uint GetEUid();

    [LibraryImport(Library, EntryPoint = "getegid")]
    public static partial uint GetEGid();

    [LibraryImport(Library, EntryPoint = "realpath", SetLastError = true)]
    public static partial byte* RealPath(byte* path, byte* resolved);

    [LibraryImport(Library, EntryPoint = "free")]
    public static partial void Free(void* memory);
}

/// <summary>struct timespec of 64 bit systems.</summary>
[StructLayout(LayoutKind.Sequential)]
internal record struct TimeSpec(long Seconds, long Nanoseconds);

/// <summary>struct open_how of openat2.</summary>
[StructLayout(LayoutKind.Sequential)]
internal record struct OpenHow(ulong Flags, ulong Mode, ulong Resolve);
