using DepSync.Config;
using DepSync.Model;
using DepSync.Tests.Support;
using DepSync.Workers;

namespace DepSync.Tests.Release;

/// <summary>Several channels of one connection to a real sshd, whose MaxSessions says how many there may be.</summary>
public sealed class LaneSshdTests
{
    private const int Files = 60;

    /// <summary>One is left for a command.</summary>
    [SshdTheory]
    [InlineData(1, 1)]
    [InlineData(2, 1)]
    [InlineData(3, 2)]
    [InlineData(10, 4)]
    public async Task Push_takes_as_many_channels_as_the_server_lets_be(int maxSessions, int channels)
    {
        using var server = SshdServer.Start(new SshdOptions { Lines = [$"MaxSessions {maxSessions}"] });
        using var run = new ReleaseFixture();
        IWorkerFileSystem? worker = null;
        run.Connect = async (address, token) => worker = await Connector(server).ConnectAsync(SshRun.Worker(server, address.Path), token);
        run.At = (WorkerPhase.Staging, () => SftpLanesServer.UsedAsync(worker!, channels).GetAwaiter().GetResult());
        for (var i = 0; i < Files; i++)
        {
            run.Manager.Write($"folder{i % 7}/file{i}", $"content of {i}");
        }
        run.Manager.SetModified(""u8, 1_700_000_000);
        Assert.Equal(WorkerStatus.Synced, (await run.SyncAsync().WaitAsync(TimeSpan.FromMinutes(1))).Status);
        run.AssertEqualTrees();
        Assert.Equal(channels, server.Log.Split('\n').Count(line => line.Contains("Starting session: subsystem 'sftp'", StringComparison.Ordinal)));
    }

    [SshdFact]
    public async Task A_command_finds_a_channel_beside_them()
    {
        using var server = SshdServer.Start(new SshdOptions { Lines = ["MaxSessions 3"] });
        using var tree = new TempTree();
        tree.Write("file", "content");
        await using var worker = await Connector(server).ConnectAsync(SshRun.Worker(server, tree.Path), default);
        await using var expecting = worker.Expect(new WorkLoad { Files = 1 });
        await SftpLanesServer.UsedAsync(worker, 2);
        Assert.NotNull(await worker.HashFilesAsync([new SizedPath(RelativePath.Parse("file"), 7)], default));
        Assert.Null(worker.ShellRefusal);
    }

    [SshdFact]
    public async Task A_connection_that_ends_takes_all_channels_with_it()
    {
        using var server = SshdServer.Start();
        using var tree = new TempTree();
        await using var worker = await Connector(server).ConnectAsync(SshRun.Worker(server, tree.Path), default);
        await using var expecting = worker.Expect(new WorkLoad { Files = 1 });
        await SftpLanesServer.UsedAsync(worker, 4);
        server.Stop();
        await Assert.ThrowsAsync<WorkerLostException>(async () => await worker.FindAsync(RelativePath.Root, default));
        await Assert.ThrowsAsync<WorkerLostException>(async () => await worker.StageFileAsync(RelativePath.Parse("file"), 1, default));
    }

    /// <summary>As a run does that nobody told how many there are to be.</summary>
    [SshdFact]
    public async Task Many_files_for_a_worker_nearby_go_by_several_channels()
    {
        using var server = SshdServer.Start();
        using var tree = new TempTree();
        await using var worker = await SshRun.ConnectAsync(server, tree.Path, SshClientKind.Builtin);
        await using var expecting = worker.Expect(new WorkLoad { Files = 10_000 });
        await SftpLanesServer.UsedAsync(worker, 4);
    }

    [Theory]
    [InlineData(1, 8, 1)]
    [InlineData(6, 8, 6)]
    [InlineData(6, 3, 3)]
    public void Workers_that_are_served_at_once_count(int workers, int parallel, int atOnce)
    {
        var addresses = Enumerable.Range(0, workers).Select(i => new WorkerAddress { Name = $"w{i}", Target = "/t", Path = "/t" }).ToList();
        var run = SshRun.For(new SshSettings());
        var connector = new WorkerConnector(run.Config with { Workers = addresses, Parallel = parallel }, run, null, TimeProvider.System);
        Assert.Equal(new SftpLaneRules().Among(atOnce, Environment.ProcessorCount), connector.Lanes);
    }

    private static WorkerConnector Connector(SshdServer server)
    {
        var run = SshRun.For(SshRun.Settings(server));
        return new WorkerConnector(run.Config, run, null, TimeProvider.System) { Lanes = SftpLanesServer.Always(4) };
    }
}
