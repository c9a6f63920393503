using System.Runtime.InteropServices;

namespace DepSync.Platform;

/// <summary>A call of the C library failed. The message is <c>cannot OPERATION: reason</c>, without a path: the caller knows it.</summary>
internal sealed class UnixException(int errno, string operation) : IOException($"cannot {operation}: {Marshal.GetPInvokeErrorMessage(errno)}")
{
    public int Errno { get; } = errno;

    /// <summary>The system's text alone.</summary>
    public string Reason => Marshal.GetPInvokeErrorMessage(Errno);

    /// <summary>Whether it says that there is nothing at the path: absent, below something that is no directory, or behind a link.</summary>
    public bool IsAbsent => MeansAbsent(Errno);

    public bool IsPermission => Errno is UnixError.Access or UnixError.NotPermitted;

    public bool IsUnsupported => Errno == UnixError.NotSupported || Errno == UnixError.OperationNotSupported;

    public static bool MeansAbsent(int errno) => errno is UnixError.NoEntry or UnixError.NotDirectory || errno == UnixError.Loop;

    /// <summary>The exception for the call that failed last on this thread.</summary>
    public static UnixException Last(string operation) => new(Marshal.GetLastPInvokeError(), operation);
}
