using System.Net;
using System.Net.Sockets;
using DepSync.Platform;
using DepSync.Tests.Support;

namespace DepSync.Tests.Platform;

public sealed class BlockingSocketTests
{
    [NeedsFact("setpriv")]
    public async Task Socket_that_was_connected_asynchronously_waits_in_the_system_and_is_watched_by_nobody()
    {
        using var pair = await ConnectedPair.OpenAsync();
        var descriptor = (int)pair.Client.SafeHandle.DangerousGetHandle();
        Assert.True(WatchedSockets.IsNonBlocking(descriptor));
        Assert.True(WatchedSockets.IsWatched(descriptor));

        BlockingSocket.Restore(pair.Client);
        BlockingSocket.Unwatch(pair.Client);

        Assert.False(WatchedSockets.IsNonBlocking(descriptor));
        Assert.False(WatchedSockets.IsWatched(descriptor));
    }

    [Fact]
    public async Task Reader_that_waited_before_is_woken_and_one_that_waits_afterwards_too()
    {
        using var pair = await ConnectedPair.OpenAsync();
        var received = new Queue<int>();
        var first = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var reader = new Thread(() =>
        {
            var buffer = new byte[1];
            while (pair.Client.Receive(buffer) == 1)
            {
                received.Enqueue(buffer[0]);
                first.TrySetResult();
            }
        });
        reader.Start();
        await Until.TrueAsync(() => reader.ThreadState.HasFlag(ThreadState.WaitSleepJoin), "the reader waits");

        BlockingSocket.Restore(pair.Client);
        pair.Peer.Send([1]);
        await first.Task.WaitAsync(TimeSpan.FromSeconds(30));
        BlockingSocket.Unwatch(pair.Client);
        pair.Peer.Send([2]);
        pair.Peer.Shutdown(SocketShutdown.Send);

        Assert.True(reader.Join(TimeSpan.FromSeconds(30)));
        Assert.Equal([1, 2], received);
    }

    [Fact]
    public async Task Shutdown_ends_a_reader_that_waits_in_the_system()
    {
        using var pair = await ConnectedPair.OpenAsync();
        BlockingSocket.Restore(pair.Client);
        BlockingSocket.Unwatch(pair.Client);
        var count = -1;
        string? task = null;
        var reader = new Thread(() =>
        {
            Volatile.Write(ref task, File.ResolveLinkTarget("/proc/thread-self", returnFinalTarget: false)!.FullName);
            pair.Client.Receive(new byte[1]);
            count = pair.Client.Receive(new byte[1]);
        });
        reader.Start();
        pair.Peer.Send([1]);
        await Until.TrueAsync(() => Volatile.Read(ref task) is { } own && pair.Client.Available == 0 && File.ReadAllText($"{own}/status").Contains("State:\tS"), "the reader waits");

        pair.Client.Shutdown(SocketShutdown.Both);

        Assert.True(reader.Join(TimeSpan.FromSeconds(30)));
        Assert.Equal(0, count);
    }

    [Fact]
    public void Socket_that_is_gone_is_no_failure()
    {
        using var client = new TcpClient();
        var socket = client.Client;
        socket.Dispose();
        foreach (var gone in new[] { socket, null })
        {
            BlockingSocket.Restore(gone);
            BlockingSocket.Unwatch(gone);
        }
    }

    private sealed record ConnectedPair(Socket Client, Socket Peer) : IDisposable
    {
        public static async Task<ConnectedPair> OpenAsync()
        {
            using var listener = new TcpListener(IPAddress.Loopback, 0);
            listener.Start();
            var client = new Socket(SocketType.Stream, ProtocolType.Tcp);
            // Waiting for data asynchronously has it watched also where the connection was there at once.
            await client.ConnectAsync(listener.LocalEndpoint);
            var peer = await listener.AcceptSocketAsync();
            var received = client.ReceiveAsync(new byte[1], SocketFlags.None);
            peer.Send([0]);
            await received;
            return new ConnectedPair(client, peer);
        }

        public void Dispose()
        {
            Client.Dispose();
            Peer.Dispose();
        }
    }
}
