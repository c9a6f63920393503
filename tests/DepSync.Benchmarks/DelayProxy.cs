using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;

namespace DepSync.Benchmarks;

/// <summary>
/// A TCP proxy on loopback that hands every byte on after a delay, in both directions; what follows is not held up by it. The connect itself is not delayed. Runs until it is killed.
/// </summary>
internal sealed class DelayProxy(int forward, TimeSpan delay)
{
    public async Task RunAsync(int listen)
    {
        using var listener = new TcpListener(IPAddress.Loopback, listen);
        listener.Start();
        while (true)
        {
            var client = await listener.AcceptTcpClientAsync();
            _ = ServeAsync(client);
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        using (var server = new TcpClient())
        {
            try
            {
                await server.ConnectAsync(IPAddress.Loopback, forward);
                client.NoDelay = server.NoDelay = true;
                await Task.WhenAny(PumpAsync(client, server), PumpAsync(server, client));
            }
            catch (Exception exception) when (exception is IOException or SocketException)
            {
                // One side is gone; the other is told by closing it.
            }
        }
    }

    private async Task PumpAsync(TcpClient from, TcpClient to)
    {
        var waiting = Channel.CreateBounded<(long Due, byte[] Bytes)>(new BoundedChannelOptions(4096) { SingleReader = true, SingleWriter = true });
        var writing = WriteAsync(waiting.Reader, to.GetStream());
        var (source, buffer) = (from.GetStream(), new byte[256 * 1024]);
        while (await source.ReadAsync(buffer) is var count and > 0)
        {
            await waiting.Writer.WriteAsync((Environment.TickCount64 + (long)delay.TotalMilliseconds, buffer[..count]));
        }
        waiting.Writer.Complete();
        await writing;
    }

    private static async Task WriteAsync(ChannelReader<(long Due, byte[] Bytes)> waiting, NetworkStream target)
    {
        await foreach (var (due, bytes) in waiting.ReadAllAsync())
        {
            if (due - Environment.TickCount64 is var left and > 0)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(left));
            }
            await target.WriteAsync(bytes);
        }
    }
}
