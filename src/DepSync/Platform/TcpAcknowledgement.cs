using System.Net.Sockets;

namespace DepSync.Platform;

/// <summary>
/// When the system acknowledges what arrived. Linux holds an acknowledgement back for up to 40 ms in the hope of data to send it with, and a peer with Nagle's algorithm holds its next
/// small packet back until it has that acknowledgement: together, 40 ms in which nobody has anything to do.
/// </summary>
internal static class TcpAcknowledgement
{
    /// <summary><c>TCP_QUICKACK</c> of Linux's <c>tcp(7)</c>; the level is <c>IPPROTO_TCP</c>.</summary>
    internal const int QuickAcknowledgement = 12;

    internal const int Tcp = 6;

    /// <summary>
    /// Has the system acknowledge at once what has arrived and what arrives next, until it decides otherwise by itself. Only asked of Linux; a socket that refuses or is gone
    /// stays as it is, for nothing but time depends on it.
    /// </summary>
    public static void Hasten(Socket? socket)
    {
        if (socket is null || !OperatingSystem.IsLinux())
        {
            return;
        }
        try
        {
            socket.SetRawSocketOption(Tcp, QuickAcknowledgement, BitConverter.GetBytes(1));
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Slower, not wrong.
        }
    }
}
