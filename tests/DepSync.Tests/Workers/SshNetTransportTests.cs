using System.Net;
using System.Net.Sockets;
using DepSync.Config;
using DepSync.Model;
using DepSync.Tests.Support;
using DepSync.Workers;
using Renci.SshNet;
using Renci.SshNet.Messages.Transport;

namespace DepSync.Tests.Workers;

public sealed class SshNetTransportTests
{
    private static readonly TimeSpan Soon = TimeSpan.FromMinutes(1);

    [SshdTheory]
    [InlineData("internal-sftp", "", "ed25519")]
    [InlineData("external", "", "rsa")]
    [InlineData("internal-sftp", "ForceCommand internal-sftp", "ecdsa")]
    [InlineData("internal-sftp", "RekeyLimit 1M", "ed25519")]
    [InlineData("internal-sftp", "Ciphers chacha20-poly1305@openssh.com", "ed25519")]
    [InlineData("internal-sftp", "Ciphers aes256-ctr\nMACs hmac-sha2-512", "ed25519")]
    [InlineData("internal-sftp", "KexAlgorithms ecdh-sha2-nistp256", "ed25519")]
    [InlineData("internal-sftp", "KexAlgorithms sntrup761x25519-sha512@openssh.com", "ed25519")]
    public async Task Bytes_go_both_ways_through_the_subsystem(string sftp, string line, string hostKey)
    {
        using var server = SshdServer.Start(new SshdOptions
        {
            Sftp = sftp == "external" ? SshdOptions.ExternalSftp : sftp,
            HostKeys = [hostKey],
            Lines = line.Split('\n'),
        });
        using var stream = (await Transport(server).OpenAsync(CancellationToken.None)).Stream;
        Assert.Equal(3, await SftpHandshake.RunAsync(stream));
        // Nearly three megabytes each way in small pieces: beyond the window, and several rekeys where the server asks for them.
        const int Requests = 700;
        var writing = WriteRequestsAsync(stream, Requests);
        for (var id = 0; id < Requests; id++)
        {
            var reply = await SftpHandshake.ReadPacketAsync(stream);
            Assert.Equal(104, reply[0]);
        }
        await writing;
    }

    [SshdFact]
    public async Task The_order_of_key_exchanges_is_OpenSSHs_and_fast_puts_curve25519_first()
    {
        using var server = SshdServer.Start(new SshdOptions { Lines = ["LogLevel DEBUG1"] });
        foreach (var kex in new[] { KeyExchangeOrder.Default, KeyExchangeOrder.Fast })
        {
            using var stream = (await Transport(server, settings: new SshSettings { Kex = kex }).OpenAsync(CancellationToken.None)).Stream;
        }
        var used = server.Log.Split('\n').Where(l => l.Contains("kex: algorithm: ", StringComparison.Ordinal)).Select(l => l.Split("kex: algorithm: ")[1].Trim()).ToArray();
        Assert.Contains("25519", used[0], StringComparison.Ordinal);
        Assert.DoesNotMatch("^curve25519", used[0]);
        Assert.Matches("^curve25519", used[1]);
    }

    [SshdFact]
    public async Task A_refused_host_key_ends_the_connect_and_is_told()
    {
        using var server = SshdServer.Start();
        var transport = Transport(server, judge: (key, _) => new HostKeyVerdict(HostKeyDecision.Refuse, key, "refused", "do this"));
        var lost = await Assert.ThrowsAsync<WorkerLostException>(() => transport.OpenAsync(CancellationToken.None));
        Assert.Equal((ErrorKind.HostKey, "refused", "do this"), (lost.Kind, lost.Message, lost.Hint));
        Assert.Equal(server.HostKey("ed25519"), transport.Verdict!.Key.ToString());
    }

    [SshdFact]
    public async Task A_server_without_a_key_of_the_offered_types_is_refused_as_host_key()
    {
        using var server = SshdServer.Start();
        var lost = await Assert.ThrowsAsync<WorkerLostException>(() => Transport(server, algorithms: ["rsa-sha2-512"]).OpenAsync(CancellationToken.None));
        Assert.Equal(ErrorKind.HostKey, lost.Kind);
    }

    [SshdFact]
    public async Task A_key_that_the_server_does_not_know_is_a_login_failure()
    {
        using var server = SshdServer.Start();
        var other = server.CreateKey("other", "ed25519");
        var lost = await Assert.ThrowsAsync<WorkerLostException>(() => Transport(server, identity: other).OpenAsync(CancellationToken.None));
        Assert.Equal(ErrorKind.Login, lost.Kind);
    }

    [SshdFact]
    public async Task A_server_without_the_subsystem_is_told_with_the_line_that_mends_it()
    {
        using var server = SshdServer.Start(new SshdOptions { Sftp = "/nowhere/sftp-server" });
        using var off = SshdServer.Start(new SshdOptions { SubsystemName = "other" });
        var lost = await Assert.ThrowsAsync<WorkerLostException>(() => Transport(off).OpenAsync(CancellationToken.None));
        Assert.Equal(ErrorKind.Protocol, lost.Kind);
        Assert.Contains("Subsystem sftp", lost.Hint, StringComparison.Ordinal);
        // A subsystem whose program is missing opens and ends at once.
        var opened = await Transport(server).OpenAsync(CancellationToken.None);
        using var stream = opened.Stream;
        Assert.Equal(0, await stream.ReadAsync(new byte[1]));
    }

    [Fact]
    public async Task A_closed_port_is_unreachable()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        listener.Stop();
        var lost = await Assert.ThrowsAsync<WorkerLostException>(() => Transport(port, new SshSettings()).OpenAsync(CancellationToken.None));
        Assert.Equal(ErrorKind.Unreachable, lost.Kind);
    }

    [Fact]
    public async Task A_server_that_never_speaks_is_given_up_at_the_deadline()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var settings = new SshSettings { ConnectTimeout = TimeSpan.FromMilliseconds(300) };
        var lost = await Assert.ThrowsAsync<WorkerLostException>(() => Transport(((IPEndPoint)listener.LocalEndpoint).Port, settings).OpenAsync(CancellationToken.None).WaitAsync(Soon));
        Assert.Equal(ErrorKind.Unreachable, lost.Kind);
        Assert.Contains("0.3 s", lost.Message, StringComparison.Ordinal);
    }

    [SshdFact]
    public async Task No_thread_but_the_one_that_reads_is_woken_by_what_arrives()
    {
        using var server = SshdServer.Start();
        using var stream = (await Transport(server).OpenAsync(CancellationToken.None)).Stream;

        var socket = Assert.Single(WatchedSockets.ConnectedTo(server.Port));
        Assert.False(WatchedSockets.IsNonBlocking(socket));
        Assert.False(WatchedSockets.IsWatched(socket));
        Assert.True(stream.FlushAsync().IsCompletedSuccessfully);
    }

    [SshdFact]
    public async Task A_frozen_server_holds_up_neither_cancellation_nor_disposing()
    {
        using var server = SshdServer.Start();
        var stream = (await Transport(server).OpenAsync(CancellationToken.None)).Stream;
        await SftpHandshake.RunAsync(stream);
        foreach (var session in server.Sessions())
        {
            Command.Signal(session, "STOP");
        }
        var reading = stream.ReadAsync(new byte[1]).AsTask();
        // More than window and socket buffers hold: the writer is stuck in the window or in the socket.
        var writing = Task.Factory.StartNew(() => stream.Write(new byte[64 << 20]), TaskCreationOptions.LongRunning);
        Assert.NotSame(writing, await Task.WhenAny(writing, Task.Delay(200)));
        await stream.DisposeAsync().AsTask().WaitAsync(Soon);
        await Assert.ThrowsAnyAsync<IOException>(() => reading.WaitAsync(Soon));
        await Assert.ThrowsAnyAsync<IOException>(() => writing.WaitAsync(Soon));
    }

    [SshdFact]
    public async Task A_killed_session_ends_reading_and_fails_writing()
    {
        using var server = SshdServer.Start();
        using var stream = (await Transport(server).OpenAsync(CancellationToken.None)).Stream;
        await SftpHandshake.RunAsync(stream);
        var reading = stream.ReadAsync(new byte[1]).AsTask();
        foreach (var session in server.Sessions())
        {
            Command.Signal(session, "KILL");
        }
        await Assert.ThrowsAnyAsync<IOException>(() => reading.WaitAsync(Soon));
        await Assert.ThrowsAnyAsync<IOException>(() => stream.WriteAsync(new byte[1]).AsTask().WaitAsync(Soon));
    }

    [SshdFact]
    public async Task A_connection_that_is_reset_ends_a_write_of_which_a_part_was_taken()
    {
        using var server = SshdServer.Start();
        using var stream = (await Transport(server).OpenAsync(CancellationToken.None)).Stream;
        await SftpHandshake.RunAsync(stream);
        foreach (var session in server.Sessions())
        {
            Command.Signal(session, "STOP");
        }
        var writing = Task.Factory.StartNew(() => stream.Write(new byte[64 << 20]), TaskCreationOptions.LongRunning);
        Assert.NotSame(writing, await Task.WhenAny(writing, Task.Delay(200)));
        // What it has not read makes the system reset the connection.
        foreach (var session in server.Sessions())
        {
            Command.Signal(session, "KILL");
        }
        await Assert.ThrowsAnyAsync<IOException>(() => writing.WaitAsync(Soon));
    }

    [SshdFact]
    public async Task Keepalive_questions_of_the_server_are_answered()
    {
        using var server = SshdServer.Start(new SshdOptions { Lines = ["ClientAliveInterval 1", "ClientAliveCountMax 1"] });
        using var stream = (await Transport(server).OpenAsync(CancellationToken.None)).Stream;
        await SftpHandshake.RunAsync(stream);
        Assert.Equal(0, await Task.WhenAny(stream.ReadAsync(new byte[1]).AsTask(), Task.Delay(3500)) is Task<int> ended ? 1 : 0);
    }

    [SshdFact]
    public async Task Fifty_connects_at_once_do_not_wait_for_the_thread_pool()
    {
        using var server = SshdServer.Start();
        var streams = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ =>
            Transport(server, settings: new SshSettings { Kex = KeyExchangeOrder.Fast, ConnectTimeout = TimeSpan.FromSeconds(60) }).OpenAsync(CancellationToken.None)));
        foreach (var open in streams)
        {
            await open.Stream.DisposeAsync();
        }
    }

    [SshdFact]
    public void The_seam_into_SSH_NET_is_where_it_was()
    {
        using var server = SshdServer.Start();
        using var client = new SshClient("127.0.0.1", server.Port, server.User, new PrivateKeyFile(server.ClientKey));
        client.Connect();
        var session = SshNetTransport.Seam.SessionOf(client);
        Assert.True(SshNetTransport.Seam.SocketOf(session)!.Connected);
        SshNetTransport.Seam.SendMessage(session, new IgnoreMessage());
    }

    [SshdFact]
    public async Task Further_channels_leave_one_for_a_command_of_each_target()
    {
        using var server = SshdServer.Start(new SshdOptions { Lines = ["MaxSessions 6"] });
        var first = await Transport(server, targets: 2).OpenAsync(CancellationToken.None);
        var other = Assert.Single(await first.Others)()!;
        using var others = other.Stream;
        using var stream = first.Stream;
        Assert.Equal(2, (await other.OpenMore!(4, CancellationToken.None)).Count);
        await Task.WhenAll(first.StartCommand!("true", CancellationToken.None), other.StartCommand!("true", CancellationToken.None)).WaitAsync(Soon);
    }

    /// <summary>Whatever made it leave may be true of the connection.</summary>
    [SshdFact]
    public async Task A_connection_that_a_target_has_left_takes_no_other_and_serves_those_it_has()
    {
        using var server = SshdServer.Start();
        var first = await Transport(server, targets: 3).OpenAsync(CancellationToken.None);
        var others = await first.Others;
        using var second = others[0]()!.Stream;
        await first.Stream.DisposeAsync();
        Assert.Null(others[1]());
        Assert.Equal(3, await SftpHandshake.RunAsync(second));
        await second.DisposeAsync();
        await Until.TrueAsync(() => server.Sessions().Count == 0, "the connection ends with its last target");
    }

    private static async Task WriteRequestsAsync(Stream stream, int count)
    {
        for (var id = 0; id < count; id++)
        {
            await stream.WriteAsync(SftpHandshake.RealPath(id, 4001));
        }
    }

    private static SshNetTransport Transport(
        SshdServer server, string? identity = null, SshSettings? settings = null, IReadOnlyList<string>? algorithms = null, JudgeHostKey? judge = null, int targets = 1) =>
        new(
            new SshNetTarget(
                new HostKeyOwner("w", "127.0.0.1", server.Port, server.User),
                algorithms ?? HostKeyPolicy.Offer([], HostKeyMode.Strict),
                judge ?? ((key, _) => new HostKeyVerdict(server.HostKeyTypes.Any(type => server.HostKey(type) == key.ToString()) ? HostKeyDecision.Accept : HostKeyDecision.Refuse, key))),
            settings ?? new SshSettings(),
            () => new SshIdentity(server.Folder, null).Load(identity ?? server.ClientKey))
        {
            Targets = targets,
        };

    private static SshNetTransport Transport(int port, SshSettings settings) =>
        new(new SshNetTarget(new HostKeyOwner("w", "127.0.0.1", port, "u"), HostKeyPolicy.Offer([], HostKeyMode.Strict), (_, _) => throw new InvalidOperationException()), settings, () => []);
}
