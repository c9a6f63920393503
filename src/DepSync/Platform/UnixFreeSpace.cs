using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace DepSync.Platform;

/// <summary>Free bytes and inodes of a filesystem for this login, and whether it is mounted read-only.</summary>
internal readonly record struct UnixFreeSpace(ulong Bytes, ulong Inodes, bool IsReadOnly)
{
    private const ulong ReadOnlyFlag = 1;

    /// <exception cref="UnixException">The system's refusal.</exception>
    public static unsafe UnixFreeSpace Of(SafeFileHandle handle)
    {
        var buffer = stackalloc byte[256];
        UnixFile.Check(CLibrary.FStatVfs(handle, buffer), "read the free space");
        var space = new ReadOnlySpan<byte>(buffer, 256);
        var fragment = MemoryMarshal.Read<ulong>(space[8..]);
        return OperatingSystem.IsMacOS()
            ? new UnixFreeSpace(Product(MemoryMarshal.Read<uint>(space[24..]), fragment), MemoryMarshal.Read<uint>(space[36..]), IsSet(space[48..]))
            : new UnixFreeSpace(Product(MemoryMarshal.Read<ulong>(space[32..]), fragment), MemoryMarshal.Read<ulong>(space[56..]), IsSet(space[72..]));
    }

    private static ulong Product(ulong blocks, ulong fragment) => Math.BigMul(blocks, fragment, out var low) == 0 ? low : ulong.MaxValue;

    private static bool IsSet(ReadOnlySpan<byte> flags) => (MemoryMarshal.Read<ulong>(flags) & ReadOnlyFlag) != 0;
}
