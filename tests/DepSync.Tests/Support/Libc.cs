using System.Runtime.InteropServices;

namespace DepSync.Tests.Support;

/// <summary>The few C calls by which tests make trees that .NET's file API cannot: names are bytes, links are not followed. Unix only. Failure is an <see cref="IOException"/>.</summary>
internal static partial class Libc
{
    public const int Sigint = 2;
    public const int Sigkill = 9;
    public const int Sigterm = 15;
    public const int Sigstop = 19;
    public const int Sigcont = 18;

    private static readonly int CurrentDirectory = OperatingSystem.IsMacOS() ? -2 : -100;
    private static readonly int DoNotFollow = OperatingSystem.IsMacOS() ? 0x20 : 0x100;

    public static void WriteFile(byte[] path, ReadOnlySpan<byte> content)
    {
        using var handle = new Microsoft.Win32.SafeHandles.SafeFileHandle(Check(creat(path, 0x1A4), path), ownsHandle: true);
        RandomAccess.Write(handle, content, 0);
    }

    public static void MakeDirectory(byte[] path) => Check(mkdir(path, 0x1ED), path);

    public static bool Exists(byte[] path) => readlink(path, new byte[1], 1) >= 0 || Marshal.GetLastPInvokeError() == 22;

    public static void MakeSymlink(byte[] path, byte[] target) => Check(symlink(target, path), path);

    public static void MakeFifo(byte[] path) => Check(mkfifo(path, 0x1A4), path);

    public static void Rename(byte[] from, byte[] to) => Check(rename(from, to), from);

    /// <summary>0 when it was done.</summary>
    public static int TryRename(byte[] from, byte[] to) => rename(from, to);

    public static void ChangeMode(byte[] path, int mode) => Check(chmod(path, (uint)mode), path);

    public static void ChangeOwner(byte[] path, int uid, int gid) => Check(lchown(path, (uint)uid, (uint)gid), path);

    public static void SetModified(byte[] path, long seconds, long nanoseconds) =>
        Check(utimensat(CurrentDirectory, path, [new(seconds, nanoseconds), new(seconds, nanoseconds)], DoNotFollow), path);

    public static void Signal(int process, int signal) => Check(kill(process, signal), []);

    public static bool IsRoot => !OperatingSystem.IsWindows() && geteuid() == 0;

    private static int Check(int result, byte[] path) =>
        result >= 0
            ? result
            : throw new IOException($"{Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}: {System.Text.Encoding.UTF8.GetString(path)}");

    [StructLayout(LayoutKind.Sequential)]
    private readonly record struct Timespec(long Seconds, long Nanoseconds);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int creat(byte[] path, uint mode);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int mkdir(byte[] path, uint mode);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint readlink(byte[] path, byte[] buffer, nint size);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int symlink(byte[] target, byte[] path);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int mkfifo(byte[] path, uint mode);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int rename(byte[] from, byte[] to);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int chmod(byte[] path, uint mode);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int lchown(byte[] path, uint uid, uint gid);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int utimensat(int directory, byte[] path, Timespec[] times, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int kill(int process, int signal);

    [LibraryImport("libc")]
    private static partial uint geteuid();
}
