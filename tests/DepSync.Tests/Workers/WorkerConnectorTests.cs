using System.Net;
using System.Net.Sockets;
using DepSync.Config;
using DepSync.Model;
using DepSync.Tests.Support;
using DepSync.Workers;

namespace DepSync.Tests.Workers;

public sealed class WorkerConnectorTests : IDisposable
{
    private readonly KeyFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [SshdTheory]
    [InlineData("Builtin")]
    [InlineData("OpenSsh")]
    public async Task An_unknown_host_is_refused_and_nothing_is_recorded(string client)
    {
        using var server = SshdServer.Start();
        var settings = Settings(server, client) with { KnownHosts = _folder.File("none") };
        var lost = await LostAsync(server, SshRun.For(settings));
        Assert.Equal(ErrorKind.HostKey, lost.Kind);
        Assert.Contains("depsync trust w", lost.Hint, StringComparison.Ordinal);
        Assert.False(File.Exists(settings.KnownHosts));
    }

    [SshdTheory]
    [InlineData("Builtin", "AcceptNew")]
    [InlineData("Builtin", "Ask")]
    [InlineData("OpenSsh", "AcceptNew")]
    [InlineData("OpenSsh", "Ask")]
    public async Task A_changed_key_is_refused_in_every_mode_that_checks(string client, string mode)
    {
        using var server = SshdServer.Start();
        var other = _folder.Create("other");
        File.WriteAllText(_folder.File("known"), $"[127.0.0.1]:{server.Port} {other}\n");
        var settings = Settings(server, client) with { KnownHosts = _folder.File("known"), HostKey = Enum.Parse<HostKeyMode>(mode) };
        var lost = await LostAsync(server, SshRun.For(settings, Never));
        Assert.Equal(ErrorKind.HostKey, lost.Kind);
    }

    /// <summary>Not in the table: the ssh program itself lets a revoked key pass where keys are not checked.</summary>
    [SshdTheory]
    [InlineData("Builtin", "Strict")]
    [InlineData("Builtin", "AcceptNew")]
    [InlineData("Builtin", "Insecure")]
    [InlineData("OpenSsh", "Strict")]
    [InlineData("OpenSsh", "AcceptNew")]
    public async Task A_revoked_key_is_refused(string client, string mode)
    {
        using var server = SshdServer.Start();
        File.WriteAllText(_folder.File("known"), $"@revoked * {server.HostKey("ed25519")}\n{server.KnownHostsLine("ed25519")}\n");
        var settings = Settings(server, client) with { KnownHosts = _folder.File("known"), HostKey = Enum.Parse<HostKeyMode>(mode) };
        Assert.Equal(ErrorKind.HostKey, (await LostAsync(server, SshRun.For(settings))).Kind);
    }

    [SshdTheory]
    [InlineData("Builtin", "rsa")]
    [InlineData("OpenSsh", "rsa")]
    public async Task A_host_known_by_one_key_type_is_accepted_when_it_has_others_too(string client, string known)
    {
        using var server = SshdServer.Start(new SshdOptions { HostKeys = ["ed25519", "rsa", "ecdsa"] });
        File.WriteAllText(_folder.File("known"), server.KnownHostsLine(known) + "\n");
        await using var files = await SshRun.For(Settings(server, client) with { KnownHosts = _folder.File("known") }).ConnectAsync(server);
    }

    [SshdFact]
    public async Task A_server_that_has_lost_the_recorded_type_is_a_changed_key()
    {
        using var server = SshdServer.Start();
        var rsa = _folder.Create("rsa", "rsa");
        File.WriteAllText(_folder.File("known"), $"[127.0.0.1]:{server.Port} {rsa}\n");
        var lost = await LostAsync(server, SshRun.For(Settings(server, "Builtin") with { KnownHosts = _folder.File("known"), HostKey = HostKeyMode.AcceptNew }));
        Assert.Equal(ErrorKind.HostKey, lost.Kind);
        Assert.Contains(rsa.Fingerprint, lost.Message, StringComparison.Ordinal);
    }

    [SshdTheory]
    [InlineData("Builtin", false)]
    [InlineData("Builtin", true)]
    [InlineData("OpenSsh", false)]
    [InlineData("OpenSsh", true)]
    public async Task Accept_new_records_a_new_host_but_not_in_a_dry_run(string client, bool dryRun)
    {
        using var server = SshdServer.Start();
        var settings = Settings(server, client) with { KnownHosts = _folder.File("known"), HostKey = HostKeyMode.AcceptNew };
        await using var files = await SshRun.For(settings, dryRun: dryRun).ConnectAsync(server);
        if (dryRun)
        {
            Assert.False(File.Exists(_folder.File("known")));
        }
        else
        {
            Assert.Equal(server.HostKey("ed25519"), Assert.Single(KnownHosts.Parse("f", File.ReadAllText(_folder.File("known"))).Find("127.0.0.1", server.Port)).Key!.ToString());
        }
    }

    [SshdTheory]
    [InlineData("Builtin")]
    [InlineData("OpenSsh")]
    public async Task Insecure_connects_warns_once_and_records_nothing(string client)
    {
        using var server = SshdServer.Start();
        var run = SshRun.For(Settings(server, client) with { KnownHosts = _folder.File("known"), HostKey = HostKeyMode.Insecure });
        var connector = run.Connector;
        for (var i = 0; i < 2; i++)
        {
            await using var files = await connector.ConnectAsync(SshRun.Worker(server, "/tmp/x"), default);
        }
        Assert.Single(run.Notes, note => note.Contains("not checked", StringComparison.Ordinal));
        Assert.False(File.Exists(_folder.File("known")));
    }

    [SshdTheory]
    [InlineData("Builtin")]
    [InlineData("OpenSsh")]
    public async Task Questions_of_parallel_workers_come_one_at_a_time_and_a_yes_counts_for_all(string client)
    {
        using var server = SshdServer.Start();
        var (open, asked) = (0, 0);
        var run = SshRun.For(Settings(server, client) with { KnownHosts = _folder.File("known"), HostKey = HostKeyMode.Ask }, async (owner, key, _) =>
        {
            Assert.Equal(1, Interlocked.Increment(ref open));
            Interlocked.Increment(ref asked);
            await Task.Yield();
            Assert.StartsWith("SHA256:", key.Fingerprint, StringComparison.Ordinal);
            Interlocked.Decrement(ref open);
            return true;
        });
        var connector = run.Connector;
        var all = await Task.WhenAll(Enumerable.Range(0, 4).Select(i => connector.ConnectAsync(SshRun.Worker(server, $"/tmp/{i}", $"w{i}"), default)));
        foreach (var files in all)
        {
            await files.DisposeAsync();
        }
        Assert.Equal(1, asked);
        Assert.Single(File.ReadAllLines(_folder.File("known")));
    }

    [SshdTheory]
    [InlineData("Builtin")]
    [InlineData("OpenSsh")]
    public async Task A_no_refuses_the_host(string client)
    {
        using var server = SshdServer.Start();
        var lost = await LostAsync(server, SshRun.For(Settings(server, client) with { KnownHosts = _folder.File("known"), HostKey = HostKeyMode.Ask }, (_, _, _) => Task.FromResult(false)));
        Assert.Equal(ErrorKind.HostKey, lost.Kind);
        Assert.False(File.Exists(_folder.File("known")));
    }

    [SshdTheory]
    [InlineData("Builtin")]
    [InlineData("OpenSsh")]
    public async Task A_login_that_is_refused_is_told_as_such(string client)
    {
        using var server = SshdServer.Start();
        var other = server.CreateKey("other", "ed25519");
        var lost = await LostAsync(server, SshRun.For(Settings(server, client) with { Identity = other }));
        Assert.Equal(ErrorKind.Login, lost.Kind);
    }

    [SshdTheory]
    [InlineData("Builtin")]
    [InlineData("OpenSsh")]
    public async Task A_closed_port_is_unreachable_after_a_second_try(string client)
    {
        using var server = SshdServer.Start();
        var settings = Settings(server, client);
        _folder.Create("id");
        var key = _folder.File("id");
        server.Stop();
        var run = SshRun.For(settings with { Identity = key, KnownHosts = null });
        var lost = await LostAsync(server, run);
        Assert.Equal(ErrorKind.Unreachable, lost.Kind);
        Assert.Single(run.Notes, note => note.Contains("once more", StringComparison.Ordinal));
    }

    [SshdTheory]
    [InlineData("Builtin")]
    [InlineData("OpenSsh")]
    public async Task A_server_that_never_speaks_is_given_up_at_connect_timeout(string client)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        _folder.Create("id");
        var settings = new SshSettings { Client = Enum.Parse<SshClientKind>(client), Identity = _folder.File("id"), ConnectTimeout = TimeSpan.FromSeconds(1), HostKey = HostKeyMode.Strict };
        var worker = new WorkerAddress
        {
            Name = "w",
            Target = "t",
            Host = "127.0.0.1",
            Port = ((IPEndPoint)listener.LocalEndpoint).Port,
            PortGiven = true,
            Path = "/tmp/x",
        };
        var lost = await Assert.ThrowsAsync<WorkerLostException>(() => SshRun.For(settings).Connector.ConnectAsync(worker, default).WaitAsync(TimeSpan.FromMinutes(1)));
        Assert.Equal(ErrorKind.Unreachable, lost.Kind);
    }

    [SshdTheory]
    [InlineData("Builtin")]
    [InlineData("OpenSsh")]
    public async Task A_frozen_server_is_lost_after_idle_timeout_and_disposing_does_not_wait_for_it(string client)
    {
        // Nothing but the timeout ends the wait: the server stays frozen, and a hang would be a failure after the bounds below.
        using var server = SshdServer.Start();
        var files = await SshRun.For(Settings(server, client) with { IdleTimeout = TimeSpan.FromSeconds(5) }).ConnectAsync(server);
        foreach (var session in server.Sessions())
        {
            Command.Signal(session, "STOP");
        }
        var lost = await Assert.ThrowsAsync<WorkerLostException>(() => files.ListAsync(RelativePath.Root, default).AsTask().WaitAsync(TimeSpan.FromMinutes(2)));
        Assert.Contains(lost.Kind, new[] { ErrorKind.IdleTimeout, ErrorKind.ConnectionLost });
        await files.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromMinutes(1));
    }

    [SshdTheory]
    [InlineData("Builtin")]
    [InlineData("OpenSsh")]
    public async Task An_account_that_may_do_nothing_but_sftp_is_enough(string client)
    {
        using var server = SshdServer.Start(new SshdOptions { Lines = ["ForceCommand internal-sftp"] });
        await using var files = await SshRun.ConnectAsync(server, server.Folder, Enum.Parse<SshClientKind>(client));
        Assert.NotNull(await files.ListAsync(RelativePath.Root, default));
    }

    [SshdFact]
    public async Task In_a_dry_run_nothing_can_be_written()
    {
        using var server = SshdServer.Start();
        await using var files = await SshRun.For(Settings(server, "Builtin"), dryRun: true).ConnectAsync(server, server.Folder);
        await Assert.ThrowsAsync<InvalidOperationException>(() => files.CreateDirectoryAsync(RelativePath.Parse("x"), 448, default).AsTask());
    }

    private static SshSettings Settings(SshdServer server, string client) => SshRun.Settings(server, Enum.Parse<SshClientKind>(client));

    private static Task<bool> Never(HostKeyOwner owner, HostKey key, CancellationToken cancellationToken) => throw new InvalidOperationException("Nobody is to be asked.");

    private static Task<WorkerLostException> LostAsync(SshdServer server, SshRun run) => Assert.ThrowsAsync<WorkerLostException>(() => run.ConnectAsync(server));
}
