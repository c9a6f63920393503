using System.Net;
using System.Net.Sockets;

namespace DepSync.Tests.Support;

/// <summary>A TCP proxy on 127.0.0.1 that counts the bytes on the wire. Any number of connections; disposing ends them all.</summary>
internal sealed class CountingProxy : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _end = new();
    private readonly int _forward;
    private long _up;
    private long _down;
    private volatile bool _isFrozen;

    public CountingProxy(int forward)
    {
        _forward = forward;
        _listener.Start();
        _ = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>Bytes from the clients so far.</summary>
    public long Up => Interlocked.Read(ref _up);

    /// <summary>Bytes to the clients so far.</summary>
    public long Down => Interlocked.Read(ref _down);

    /// <summary>From now on nothing goes through, and nobody is told.</summary>
    public void Freeze() => _isFrozen = true;

    public void Dispose()
    {
        _end.Cancel();
        _listener.Dispose();
        _end.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                _ = ServeAsync(await _listener.AcceptTcpClientAsync(_end.Token), _end.Token);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private async Task ServeAsync(TcpClient client, CancellationToken end)
    {
        using (client)
        using (var server = new TcpClient())
        {
            try
            {
                await server.ConnectAsync(IPAddress.Loopback, _forward, end);
                client.NoDelay = server.NoDelay = true;
                var up = PumpAsync(client.GetStream(), server.GetStream(), count => Interlocked.Add(ref _up, count), end);
                var down = PumpAsync(server.GetStream(), client.GetStream(), count => Interlocked.Add(ref _down, count), end);
                await await Task.WhenAny(up, down);
            }
            catch (Exception e) when (e is IOException or SocketException or OperationCanceledException)
            {
                // One side is gone; the other is told by closing it.
            }
        }
    }

    private async Task PumpAsync(NetworkStream from, NetworkStream to, Action<int> count, CancellationToken end)
    {
        var buffer = new byte[64 << 10];
        while (await from.ReadAsync(buffer, end) is var length and > 0)
        {
            if (_isFrozen)
            {
                await Task.Delay(Timeout.Infinite, end);
            }
            count(length);
            await to.WriteAsync(buffer.AsMemory(0, length), end);
        }
    }
}
