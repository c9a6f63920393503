using System.Net;
using System.Net.Sockets;

namespace DepSync.Tests.Support;

/// <summary>
/// A TCP proxy on 127.0.0.1 that counts round trips of whatever goes through, as a long line would make them: what the server sends is held back until neither side has sent anything for a while; then all of it
/// arrives at once, which ends a flight. Whoever is slower than that shows more flights than it needs, never fewer. For one connection; disposing ends it.
/// </summary>
internal sealed class FlightProxy : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _end = new();
    private readonly Lock _lock = new();
    private readonly MemoryStream _held = new();
    private readonly int _forward;
    private readonly TimeSpan _quiet;
    private int _flights;
    private int _moves;

    public FlightProxy(int forward, TimeSpan quiet)
    {
        (_forward, _quiet) = (forward, quiet);
        _listener.Start();
        _ = ServeAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>Those that have ended.</summary>
    public int Flights
    {
        get
        {
            lock (_lock)
            {
                return _flights;
            }
        }
    }

    public void Dispose()
    {
        _end.Cancel();
        _listener.Dispose();
    }

    private async Task ServeAsync()
    {
        try
        {
            using var client = await _listener.AcceptTcpClientAsync(_end.Token);
            using var server = new TcpClient();
            await server.ConnectAsync(IPAddress.Loopback, _forward, _end.Token);
            client.NoDelay = server.NoDelay = true;
            await await Task.WhenAny(AskAsync(client.GetStream(), server.GetStream()), HoldAsync(server.GetStream()), AnswerAsync(client.GetStream()));
        }
        catch (Exception e) when (e is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // One side is gone, or the test is over.
        }
    }

    private async Task AskAsync(NetworkStream from, NetworkStream to)
    {
        var buffer = new byte[64 << 10];
        while (await from.ReadAsync(buffer, _end.Token) is var length and > 0)
        {
            lock (_lock)
            {
                _moves++;
            }
            await to.WriteAsync(buffer.AsMemory(0, length), _end.Token);
        }
    }

    private async Task HoldAsync(NetworkStream from)
    {
        var buffer = new byte[64 << 10];
        while (await from.ReadAsync(buffer, _end.Token) is var length and > 0)
        {
            lock (_lock)
            {
                _moves++;
                _held.Write(buffer, 0, length);
            }
        }
    }

    private async Task AnswerAsync(NetworkStream to)
    {
        for (var seen = 0; ;)
        {
            await Task.Delay(_quiet, _end.Token);
            byte[] answer;
            lock (_lock)
            {
                var isQuiet = _moves == seen;
                seen = _moves;
                if (!isQuiet || _held.Length == 0)
                {
                    continue;
                }
                answer = _held.ToArray();
                _held.SetLength(0);
                _flights++;
            }
            await to.WriteAsync(answer, _end.Token);
        }
    }
}
