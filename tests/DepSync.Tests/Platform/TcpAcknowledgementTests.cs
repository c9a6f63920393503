using System.Net;
using System.Net.Sockets;
using DepSync.Platform;
using DepSync.Tests.Support;

namespace DepSync.Tests.Platform;

public sealed class TcpAcknowledgementTests
{
    [NeedsFact("setpriv")]
    public void Connection_that_holds_acknowledgements_back_sends_them_at_once()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var client = new TcpClient();
        client.Connect((IPEndPoint)listener.LocalEndpoint);
        client.Client.SetRawSocketOption(TcpAcknowledgement.Tcp, TcpAcknowledgement.QuickAcknowledgement, BitConverter.GetBytes(0));
        Assert.Equal(0, Held(client.Client));

        TcpAcknowledgement.Hasten(client.Client);

        Assert.Equal(1, Held(client.Client));
    }

    [Fact]
    public void Socket_that_is_gone_is_no_failure()
    {
        using var client = new TcpClient();
        var socket = client.Client;
        socket.Dispose();
        TcpAcknowledgement.Hasten(socket);
        TcpAcknowledgement.Hasten(null);
    }

    private static int Held(Socket socket)
    {
        Span<byte> value = stackalloc byte[sizeof(int)];
        socket.GetRawSocketOption(TcpAcknowledgement.Tcp, TcpAcknowledgement.QuickAcknowledgement, value);
        return BitConverter.ToInt32(value);
    }
}
