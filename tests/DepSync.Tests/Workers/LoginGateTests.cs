using DepSync.Config;
using DepSync.Model;
using DepSync.Tests.Support;
using DepSync.Workers;

namespace DepSync.Tests.Workers;

public sealed class LoginGateTests
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(30);

    // A process whose answer is waited for holds a thread; with as few as there are processors nothing would come at once.
    public LoginGateTests() => ThreadPool.SetMinThreads(64, 64);

    [Fact]
    public async Task One_host_gets_so_many_logins_at_once_and_no_other_is_held_up()
    {
        var gate = new LoginGate(2);
        var first = await gate.EnterAsync(At("a", 22), default).WaitAsync(Soon);
        using var second = await gate.EnterAsync(At("A", 22), default).WaitAsync(Soon);
        var third = gate.EnterAsync(At("a", 22), default);
        using var otherPort = await gate.EnterAsync(At("a", 2222), default).WaitAsync(Soon);
        using var otherHost = await gate.EnterAsync(At("b", 22), default).WaitAsync(Soon);
        Assert.False(third.IsCompleted);
        first.Dispose();
        first.Dispose();
        using var freed = await third.WaitAsync(Soon);
        using var cancel = new CancellationTokenSource();
        var fourth = gate.EnterAsync(At("a", 22), cancel.Token);
        Assert.False(fourth.IsCompleted, "a place that is left twice is free once");
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => fourth.WaitAsync(Soon));
    }

    /// <summary>An sshd that refuses the fourth connection that is not logged in, and takes its time to look for a key, so that all who come at once are there at once.</summary>
    private static SshdOptions Busy => new() { Lines = ["MaxStartups 3:100:3", "AuthorizedKeysCommand /bin/sleep 0.2", $"AuthorizedKeysCommandUser {Environment.UserName}"] };

    /// <summary>None of twelve workers meets the refusal.</summary>
    [SshdTheory]
    [InlineData("Builtin")]
    [InlineData("OpenSsh")]
    public async Task Twelve_workers_at_once_stay_below_MaxStartups_of_their_host(string client)
    {
        using var server = SshdServer.Start(Busy);
        var run = SshRun.For(SshRun.Settings(server, Enum.Parse<SshClientKind>(client)) with { ConnectTimeout = TimeSpan.FromMinutes(1) });
        var connector = new WorkerConnector(run.Config, run, null, TimeProvider.System) { Logins = new LoginGate(3) };
        var files = await Task.WhenAll(Enumerable.Range(0, 12).Select(i => connector.ConnectAsync(SshRun.Worker(server, server.Folder, $"w{i}"), default)));
        foreach (var worker in files)
        {
            await worker.DisposeAsync();
        }
        Assert.Empty(run.Notes);
        Assert.DoesNotContain("MaxStartups", server.Log, StringComparison.Ordinal);
    }

    /// <summary>With the ssh program each command is a login; the same sshd meets no fourth one either.</summary>
    [SshdFact]
    public async Task Commands_of_twelve_workers_at_once_stay_below_MaxStartups_of_their_host()
    {
        using var server = SshdServer.Start(Busy);
        using var tree = new TempTree();
        tree.Write("a", "a");
        var run = SshRun.For(SshRun.Settings(server, SshClientKind.OpenSsh) with { ConnectTimeout = TimeSpan.FromMinutes(1) });
        var connector = new WorkerConnector(run.Config, run, null, TimeProvider.System) { Logins = new LoginGate(3) };
        var files = await Task.WhenAll(Enumerable.Range(0, 12).Select(i => connector.ConnectAsync(SshRun.Worker(server, tree.Path, $"w{i}"), default)));
        var answers = await Task.WhenAll(files.Select(worker => worker.HashFilesAsync([new SizedPath(RelativePath.Parse("a"), 1)], default).AsTask()));
        Assert.All(answers, answer => Assert.NotNull(Assert.Single(answer!)));
        Assert.All(await Task.WhenAll(files.Select(worker => worker.FlushAllAsync(1, default).AsTask())), Assert.True);
        foreach (var worker in files)
        {
            await worker.DisposeAsync();
        }
        Assert.Empty(run.Notes);
        Assert.DoesNotContain("MaxStartups", server.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_place_of_a_login_whose_end_nobody_sees_is_free_after_its_time()
    {
        var (gate, clock) = (new LoginGate(1), new FakeTimeProvider());
        var first = await gate.EnterAsync(At("a", 22), TimeSpan.FromSeconds(10), clock, default).WaitAsync(Soon);
        var second = gate.EnterAsync(At("a", 22), TimeSpan.FromSeconds(10), clock, default);
        clock.Advance(TimeSpan.FromSeconds(9));
        Assert.False(second.IsCompleted);
        clock.Advance(TimeSpan.FromSeconds(1));
        var place = await second.WaitAsync(Soon);
        first.Dispose();
        var third = gate.EnterAsync(At("a", 22), default);
        Assert.False(third.IsCompleted, "a place that was left by time and by hand is free once");
        place.Dispose();
        (await third.WaitAsync(Soon)).Dispose();
    }

    private static WorkerAddress At(string host, int port) => new() { Name = host, Target = host, Host = host, Port = port, Path = "/x/y" };
}
