using System.Runtime.InteropServices;

namespace DepSync.Platform;

/// <summary>Flags whose numbers differ between Linux, its processors and macOS.</summary>
internal static class UnixFlags
{
    private static readonly bool Mac = OperatingSystem.IsMacOS();

    /// <summary>The processors on which Linux swaps O_DIRECTORY and O_NOFOLLOW with O_DIRECT and O_LARGEFILE.</summary>
    private static readonly bool ArmNumbers =
        RuntimeInformation.ProcessArchitecture is Architecture.Arm64 or Architecture.Arm or Architecture.Armv6 or Architecture.Ppc64le;

    public static int ReadOnly => 0;

    public static int ReadWrite => 2;

    public static int Create { get; } = Mac ? 0x200 : 0x40;

    public static int Exclusive { get; } = Mac ? 0x800 : 0x80;

    public static int NonBlocking { get; } = Mac ? 0x4 : 0x800;

    public static int Directory { get; } = Mac ? 0x10_0000 : ArmNumbers ? 0x4000 : 0x1_0000;

    public static int NoFollow { get; } = Mac ? 0x100 : ArmNumbers ? 0x8000 : 0x2_0000;

    public static int CloseOnExec { get; } = Mac ? 0x100_0000 : 0x8_0000;

    /// <summary>A directory handle that is good for paths below it and needs no read permission: O_PATH of Linux, O_SEARCH of macOS.</summary>
    public static int PathOnly { get; } = Mac ? 0x4010_0000 : 0x20_0000;

    public static int AtNoFollow { get; } = Mac ? 0x20 : 0x100;

    public static int AtRemoveDirectory { get; } = Mac ? 0x80 : 0x200;

    /// <summary>Linux only.</summary>
    public static int AtNoAutomount => 0x800;

    /// <summary>Linux only.</summary>
    public static int AtEmptyPath => 0x1000;

    public static int LockExclusive => 2;

    public static int LockNonBlocking => 4;

    /// <summary>macOS only: fsync that reaches the disk.</summary>
    public static int FullFSync => 51;

    /// <summary>RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS.</summary>
    public static ulong ResolveConfined => 0x08 | 0x04 | 0x02;

    public static int OpenAt2Number => 437;
}
