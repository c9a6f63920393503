namespace DepSync.Platform;

/// <summary>Error numbers of this system.</summary>
internal static class UnixError
{
    private static readonly bool Mac = OperatingSystem.IsMacOS();

    public const int NotPermitted = 1;
    public const int NoEntry = 2;
    public const int Interrupted = 4;
    public const int Input = 5;
    public const int BadDescriptor = 9;
    public const int Access = 13;
    public const int Busy = 16;
    public const int Exists = 17;
    public const int CrossDevice = 18;
    public const int NotDirectory = 20;
    public const int IsDirectory = 21;
    public const int Invalid = 22;
    public const int NoSpace = 28;
    public const int ReadOnlyFileSystem = 30;

    public static int Again { get; } = Mac ? 35 : 11;

    public static int NameTooLong { get; } = Mac ? 63 : 36;

    public static int NoLocks { get; } = Mac ? 77 : 37;

    public static int NoCall { get; } = Mac ? 78 : 38;

    public static int NotEmpty { get; } = Mac ? 66 : 39;

    public static int Loop { get; } = Mac ? 62 : 40;

    public static int NotSupported { get; } = Mac ? 45 : 95;

    public static int OperationNotSupported { get; } = Mac ? 102 : 95;

    public static int IllegalBytes { get; } = Mac ? 92 : 84;
}
