using DepSync.Config;
using DepSync.Model;
using DepSync.Tests.Support;

namespace DepSync.Tests.Release;

/// <summary>Runs over several targets behind one login of a real sshd: how many connections they take, and that none has to do with what becomes of another.</summary>
public sealed class SharedConnectionRunTests : IDisposable
{
    /// <summary>The proof of the shell, and two that bring the filesystem to disk.</summary>
    private const int CommandsOfPush = 3;

    private readonly ReleaseFixture _run = new();

    public void Dispose() => _run.Dispose();

    /// <summary>Each target has room for a command beside its server; a connection of its own where MaxSessions does not let that be.</summary>
    [SshdTheory]
    [InlineData(8, 8, 10, 2)]
    [InlineData(5, 8, 10, 2)]
    [InlineData(3, 8, 10, 1)]
    [InlineData(4, 1, 10, 4)]
    [InlineData(2, 8, 4, 1)]
    [InlineData(2, 8, 3, 2)]
    [InlineData(4, 8, 6, 2)]
    [InlineData(4, 8, 1, 4)]
    public async Task Targets_behind_one_login_share_connections(int targets, int parallel, int maxSessions, int connections)
    {
        using var server = SshdServer.Start(new SshdOptions { Lines = [$"MaxSessions {maxSessions}"] });
        using var together = new Barrier(Math.Min(targets, parallel));
        _run.At = (WorkerPhase.Comparing, () => Assert.True(together.SignalAndWait(TimeSpan.FromMinutes(1))));
        var report = await RunAsync(server, targets, new RunConfig { ManagerDir = "", Workers = [], Parallel = parallel });
        AssertSynced(report);
        Assert.Equal(connections, Logins(server));
    }

    [SshdFact]
    public async Task Other_logins_of_a_host_have_connections_of_their_own()
    {
        using var server = SshdServer.Start();
        var key = server.CreateKey("another", "ed25519");
        server.Authorize(key);
        var config = Config(server, 2);
        AssertSynced(await _run.RunAsync(config with { Workers = [config.Workers[0], config.Workers[1] with { Identity = key }] }));
        Assert.Equal(2, Logins(server));
    }

    [SshdFact]
    public async Task Server_that_stalls_holds_none_of_the_other_targets_of_its_connection()
    {
        using var server = SshdServer.Start(new SshdOptions { Sftp = SshdOptions.ExternalSftp });
        using var stalled = new StoppedProcess();
        using var together = new Barrier(3, _ => stalled.Stop(Servers(server)[1]));
        _run.At = (WorkerPhase.Comparing, () => Assert.True(together.SignalAndWait(TimeSpan.FromMinutes(1))));
        var report = await RunAsync(server, 3, new RunConfig { ManagerDir = "", Workers = [], Ssh = new SshSettings { IdleTimeout = TimeSpan.FromSeconds(2) } });
        Assert.Equal(1, Logins(server));
        Assert.Equal(ErrorKind.IdleTimeout, Assert.Single(report.Workers, result => result.Status == WorkerStatus.Failed).Error!.Kind);
        var synced = report.Workers.Where(result => result.Status == WorkerStatus.Synced).ToList();
        Assert.Equal(2, synced.Count);
        Assert.All(synced, result => TreeText.AssertMirrored(_run.Manager.Path, TargetOf(result.Worker)));
    }

    [SshdFact]
    public async Task Connection_that_ends_is_lost_for_all_its_targets_and_each_is_tried_once_more()
    {
        using var server = SshdServer.Start();
        var begun = 0;
        using var together = new Barrier(3, _ => Array.ForEach([.. server.Sessions()], session => Command.Signal(session, "KILL")));
        _run.At = (WorkerPhase.Staging, () => Assert.True(Interlocked.Increment(ref begun) > 3 || together.SignalAndWait(TimeSpan.FromMinutes(1))));
        AssertSynced(await RunAsync(server, 3, new RunConfig { ManagerDir = "", Workers = [] }));
        Assert.Equal(4, Logins(server));
        Assert.Equal([2, 2, 2], Connects());
    }

    /// <summary>A close that cannot be sent shows that nothing can.</summary>
    [SshdFact]
    public async Task Line_that_goes_dead_is_given_up_by_those_that_wait_for_it_while_another_target_wants_nothing()
    {
        using var server = SshdServer.Start();
        using var proxy = new CountingProxy(server.Port);
        using var goesOn = new ManualResetEventSlim();
        using (var large = File.Create(Path.Combine(_run.Manager.Path, "large")))
        {
            large.SetLength(256 << 20);
        }
        var compared = 0;
        _run.At = (WorkerPhase.Comparing, HoldTheFirst);
        var config = Config(server, 4);
        config = config with { Ssh = config.Ssh with { HostKey = HostKeyMode.Insecure, IdleTimeout = TimeSpan.FromSeconds(2) }, Workers = [.. config.Workers.Select(worker => worker with { Port = proxy.Port })] };
        var running = Task.Run(() => _run.RunAsync(config));
        try
        {
            // Far behind the manifest, which is staged beside the file: while its fsync is owed a worker may be silent for a minute.
            await Until.TrueAsync(() => proxy.Up > 96 << 20, "three targets send");
            proxy.Freeze();
            await Until.TrueAsync(() => _run.Events.OfType<WorkerDone>().Count() == 3, "those that waited for a reply");
            Assert.False(running.IsCompleted);
        }
        finally
        {
            goesOn.Set();
        }
        Assert.All((await running).Workers, result => Assert.Equal(WorkerStatus.Failed, result.Status));

        void HoldTheFirst()
        {
            if (Interlocked.Increment(ref compared) == 1)
            {
                goesOn.Wait();
            }
        }
    }

    [SshdFact]
    public async Task Login_that_is_refused_is_tried_once_for_all()
    {
        using var server = SshdServer.Start();
        var stranger = server.CreateKey("stranger", "ed25519");
        var report = await RunAsync(server, 4, new RunConfig { ManagerDir = "", Workers = [], Ssh = new SshSettings { Identity = stranger } });
        Assert.All(report.Workers, result => Assert.Equal((WorkerStatus.Failed, ErrorKind.Login), (result.Status, result.Error?.Kind)));
        Assert.Equal(1, server.Log.Split('\n').Count(line => line.StartsWith("Connection from", StringComparison.Ordinal)));
    }

    /// <summary>Four with commands of their own, as many as MaxSessions lets be.</summary>
    [SshdFact]
    public async Task Each_target_can_run_commands()
    {
        using var server = SshdServer.Start(new SshdOptions { Lines = ["MaxSessions 8"] });
        for (var i = 0; i < 400; i++)
        {
            _run.Manager.Write($"folder{i % 7}/file{i}", $"content of {i}");
        }
        using var together = new Barrier(4);
        _run.At = (WorkerPhase.Comparing, () => Assert.True(together.SignalAndWait(TimeSpan.FromMinutes(1))));
        AssertSynced(await RunAsync(server, 4, new RunConfig { ManagerDir = "", Workers = [] }));
        Assert.Equal(1, Logins(server));
        Assert.Equal(4 * CommandsOfPush, server.Log.Split('\n').Count(line => line.StartsWith("Starting session: command", StringComparison.Ordinal)));
        Assert.DoesNotContain(_run.Events.OfType<Note>(), note => note.Message.Contains("shell", StringComparison.Ordinal));
    }

    private async Task<RunReport> RunAsync(SshdServer server, int targets, RunConfig like)
    {
        var config = Config(server, targets);
        return await _run.RunAsync(config with
        {
            Parallel = like.Parallel,
            Ssh = config.Ssh with { Identity = like.Ssh.Identity ?? config.Ssh.Identity, IdleTimeout = like.Ssh.IdleTimeout },
        }).WaitAsync(TimeSpan.FromMinutes(2));
    }

    private RunConfig Config(SshdServer server, int targets)
    {
        for (var i = 0; i < 20; i++)
        {
            _run.Manager.Write($"base{i % 3}/file{i}", $"content of {i}");
        }
        _run.Manager.SetModified(""u8, 1_700_000_000);
        return _run.Config with
        {
            Ssh = SshRun.Settings(server),
            Workers = [.. Enumerable.Range(0, targets).Select(i => SshRun.Worker(server, TargetOf($"w{i}"), $"w{i}"))],
        };
    }

    private string TargetOf(string worker) => Path.Combine(_run.Worker.Path, worker);

    private void AssertSynced(RunReport report)
    {
        Assert.All(report.Workers, result => Assert.True(result.Status == WorkerStatus.Synced, result.ToString()));
        Assert.All(Directory.GetDirectories(_run.Worker.Path), target => TreeText.AssertMirrored(_run.Manager.Path, target));
        Assert.Equal(report.Workers.Count, Directory.GetDirectories(_run.Worker.Path).Length);
    }

    private int[] Connects() => [.. _run.Events.OfType<PhaseChanged>().Where(changed => changed.Phase == WorkerPhase.Connecting).CountBy(changed => changed.Worker!).Select(pair => pair.Value).Order()];

    private static int Logins(SshdServer server) => server.Log.Split('\n').Count(line => line.StartsWith("Accepted publickey", StringComparison.Ordinal));

    private static List<int> Servers(SshdServer server) =>
        [.. server.Sessions().Where(session => Command.Try("ps", "-o", "comm=", "-p", $"{session}").Output.Contains("sftp-server", StringComparison.Ordinal)).Order()];

    /// <summary>Ends what it stopped: once its connection is gone it is nobody's child any more, and would stay for good.</summary>
    private sealed class StoppedProcess : IDisposable
    {
        private int? _id;

        public void Stop(int id)
        {
            _id = id;
            Command.Signal(id, "STOP");
        }

        public void Dispose()
        {
            if (_id is { } id)
            {
                Command.Signal(id, "KILL");
            }
        }
    }
}
