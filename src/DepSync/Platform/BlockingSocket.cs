using System.Globalization;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace DepSync.Platform;

/// <summary>
/// Where a thread waits that reads from a socket. .NET makes a socket non-blocking for good with its first asynchronous call, and connecting with a timeout is one. From then on each call that has to wait is
/// carried out by way of a thread that watches all sockets and a thread of the pool that is woken for each packet, whether anybody waits or not: of 300 packets of an unchanged run 4,000 calls
/// of <c>futex</c> and 3,000 changes of thread; of a cold push of 10,000 files, a quarter of its processor time.
/// <para>Only on Linux, elsewhere nothing is done. What fails leaves the socket as it is: nothing but time depends on it.</para>
/// </summary>
internal static partial class BlockingSocket
{
    private const string Library = "libc";

    private const string Descriptors = "/proc/self/fd";

    private const string Watch = "anon_inode:[eventpoll]";

    /// <summary><c>F_GETFL</c> and <c>F_SETFL</c>.</summary>
    private const int GetFlags = 3;
    private const int SetFlags = 4;

    /// <summary><c>O_NONBLOCK</c>, the same on every processor that .NET runs on.</summary>
    private const int NonBlocking = 0x800;

    /// <summary><c>EPOLL_CTL_DEL</c>.</summary>
    private const int Remove = 2;

    /// <summary>
    /// From their next call on, those who wait do so in the system; shutting the socket down ends that. Nobody may make asynchronous calls on it any more. Who waits already is woken as before, once:
    /// so <see cref="Unwatch"/> comes behind the first thing that arrived since.
    /// </summary>
    public static void Restore(Socket? socket) => Try(socket, static handle =>
    {
        if (FileControl(handle, GetFlags, 0) is var flags and >= 0)
        {
            _ = FileControl(handle, SetFlags, flags & ~NonBlocking);
        }
    });

    /// <summary>
    /// Nothing watches the socket any more. Whoever waits by way of the watch would wait for ever; that is a reader who waited before <see cref="Restore"/>, and a writer of whose bytes the system took a part
    /// before the connection ended: when it ends, the socket is to be disposed of.
    /// </summary>
    public static void Unwatch(Socket? socket) => Try(socket, static handle =>
    {
        foreach (var link in Directory.EnumerateFiles(Descriptors))
        {
            if (Target(link) == Watch)
            {
                // One that does not watch this socket says so.
                _ = WatchControl(int.Parse(Path.GetFileName(link), CultureInfo.InvariantCulture), Remove, handle, 0);
            }
        }
    });

    /// <summary>Null for a descriptor that was closed meanwhile.</summary>
    private static string? Target(string link)
    {
        try
        {
            return File.ResolveLinkTarget(link, returnFinalTarget: false)?.Name;
        }
        catch (IOException)
        {
            return null;
        }
    }

    private static void Try(Socket? socket, Action<SafeSocketHandle> act)
    {
        if (socket is null || !OperatingSystem.IsLinux())
        {
            return;
        }
        try
        {
            act(socket.SafeHandle);
        }
        catch (Exception e) when (e is ObjectDisposedException or IOException or UnauthorizedAccessException)
        {
            // Slower, not wrong.
        }
    }

    // The third argument is variadic, which makes no difference to the callee on Linux.
    [LibraryImport(Library, EntryPoint = "fcntl")]
    private static partial int FileControl(SafeSocketHandle socket, int command, nint value);

    [LibraryImport(Library, EntryPoint = "epoll_ctl")]
    private static partial int WatchControl(int watch, int operation, SafeSocketHandle socket, nint events);
}
