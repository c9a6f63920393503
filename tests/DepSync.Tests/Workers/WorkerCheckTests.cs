using DepSync.Config;
using DepSync.Model;
using DepSync.Tests.Support;
using DepSync.Workers;

namespace DepSync.Tests.Workers;

public sealed class WorkerCheckTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("depsync-check-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [SshdTheory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_good_worker_passes_and_nothing_is_left_behind(bool withFolder)
    {
        using var server = SshdServer.Start();
        if (withFolder)
        {
            Directory.CreateDirectory(Path.Combine(_folder, ".depsync"));
        }
        Directory.CreateDirectory(Path.Combine(_folder, "webapps"));
        var then = new DateTime(2020, 1, 2, 3, 4, 5, DateTimeKind.Utc);
        Directory.SetLastWriteTimeUtc(_folder, then);
        var before = Listing();
        await using (var check = await RunAsync(SshRun.Settings(server), SshRun.Worker(server, _folder)))
        {
            Assert.All(check.Results, result => Assert.True(result.Outcome == CheckOutcome.Ok, result.ToString()));
            Assert.Equal(["connection", "extensions", "target", "free space", "filesystems", "clock", "writable", "exec"], check.Results.Select(result => result.Name));
            Assert.StartsWith("posix-rename, ", check.Results[1].Message, StringComparison.Ordinal);
            Assert.NotEqual(before, Listing());
        }
        Assert.Equal(before, Listing());
        Assert.Equal(then, Directory.GetLastWriteTimeUtc(_folder));
    }

    [SshdTheory]
    [InlineData(ShellAccount.Honest, true, "usable")]
    [InlineData(ShellAccount.Honest, false, "not used, contents are read back: ssh.exec is never")]
    [InlineData("echo Welcome; exec sh -c \"$1\"", true, "not used, contents are read back: it writes \"Welcome")]
    public async Task Whether_commands_run_on_the_worker_is_told_and_no_failure(string body, bool exec, string told)
    {
        using var server = ShellAccount.Start(body);
        await using var check = await RunAsync(SshRun.Settings(server) with { Exec = exec }, SshRun.Worker(server, _folder));
        var result = check.Results.Single(result => result.Name == "exec");
        Assert.Equal(CheckOutcome.Ok, result.Outcome);
        Assert.StartsWith(told, result.Message, StringComparison.Ordinal);
    }

    [SshdFact]
    public async Task A_failed_connect_is_a_result_that_names_the_step()
    {
        using var server = SshdServer.Start();
        await using var check = await RunAsync(SshRun.Settings(server) with { KnownHosts = Path.Combine(_folder, "none") }, SshRun.Worker(server, _folder));
        var result = Assert.Single(check.Results);
        Assert.Equal(("host key", CheckOutcome.Failure), (result.Name, result.Outcome));
        Assert.Contains("depsync trust", result.Mend, StringComparison.Ordinal);
        Assert.True(check.HasFailed);
    }

    [Fact]
    public async Task A_missing_target_is_a_warning_and_a_file_in_its_place_a_failure()
    {
        await using var missing = await RunAsync(Local(Path.Combine(_folder, "new")));
        Assert.Equal(CheckOutcome.Warning, missing.Results.Single(result => result.Name == "target").Outcome);
        Assert.False(Directory.Exists(Path.Combine(_folder, "new")));
        File.WriteAllText(Path.Combine(_folder, "file"), "");
        await using var file = await RunAsync(Local(Path.Combine(_folder, "file")));
        Assert.True(file.HasFailed);
    }

    [Fact]
    public async Task A_depsync_folder_that_is_a_link_is_a_failure()
    {
        Directory.CreateSymbolicLink(Path.Combine(_folder, ".depsync"), "/tmp");
        await using var check = await RunAsync(Local(_folder));
        Assert.Equal(CheckOutcome.Failure, check.Results.Single(result => result.Name == ".depsync").Outcome);
    }

    [Fact]
    public async Task Without_the_probe_nothing_is_created()
    {
        await using var check = await RunAsync(Local(_folder), CheckProbe.Forbidden);
        Assert.Contains("--no-probe", check.Results.Single(result => result.Name == "writable").Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(_folder));
    }

    [SshdFact]
    public async Task One_directory_under_two_names_is_found()
    {
        using var server = SshdServer.Start();
        var other = Directory.CreateDirectory(Path.Combine(_folder, "other")).FullName;
        var target = Directory.CreateDirectory(Path.Combine(_folder, "target")).FullName;
        Directory.CreateSymbolicLink(Path.Combine(_folder, "link"), target);
        var settings = SshRun.Settings(server);
        await using var first = await RunAsync(settings, SshRun.Worker(server, target, "first"));
        await using var second = await RunAsync(settings, SshRun.Worker(server, Path.Combine(_folder, "link"), "second"));
        await using var third = await RunAsync(settings, SshRun.Worker(server, other, "third"));
        Assert.True(await second.CompareAsync(first, default));
        Assert.False(await third.CompareAsync(first, default));
        Assert.Contains("first", second.Results[^1].Message, StringComparison.Ordinal);
    }

    [SshdFact]
    public async Task Top_folders_on_other_filesystems_are_found()
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }
        using var server = SshdServer.Start();
        await using var local = await RunAsync(Local("/"), CheckProbe.Forbidden);
        await using var remote = await RunAsync(SshRun.Settings(server), SshRun.Worker(server, "/"), CheckProbe.Forbidden);
        foreach (var check in new[] { local, remote })
        {
            var result = check.Results.Single(result => result.Name == "filesystems");
            Assert.Equal(CheckOutcome.Failure, result.Outcome);
            Assert.Contains("proc", result.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(0, "Ok", "in step")]
    [InlineData(1, "Ok", "in step")]
    [InlineData(-4, "Ok", "4 s behind")]
    [InlineData(90, "Warning", "90 s ahead")]
    public void A_clock_that_is_off_is_told(int seconds, string outcome, string text)
    {
        var now = DateTimeOffset.FromUnixTimeSeconds(1_700_000_000);
        var result = CheckFindings.Clock(1_700_000_000 + seconds, now, TimeSpan.FromSeconds(5));
        Assert.Equal(Enum.Parse<CheckOutcome>(outcome), result.Outcome);
        Assert.Contains(text, result.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_server_that_cannot_replace_atomically_is_told_in_those_words()
    {
        var capabilities = new WorkerCapabilities
        {
            AtomicReplace = false,
            HardLinks = false,
            DurableFlush = false,
            LinkTimes = false,
            UnixModes = true,
            Symlinks = true,
            MaxTransfer = 1,
        };
        var results = CheckFindings.Capabilities(Local("/x"), capabilities).ToArray();
        Assert.Equal(4, results.Length);
        Assert.Contains("not atomic on this server", results[0].Message, StringComparison.Ordinal);
    }

    private static WorkerAddress Local(string path) => new() { Name = "local", Target = path, Path = path };

    private static Task<WorkerCheck> RunAsync(WorkerAddress worker, CheckProbe probe = CheckProbe.Allowed) => RunAsync(new SshSettings(), worker, probe);

    private static async Task<WorkerCheck> RunAsync(SshSettings settings, WorkerAddress worker, CheckProbe probe = CheckProbe.Allowed)
    {
        var check = await WorkerCheck.LookAsync(SshRun.For(settings).Connector, worker, default);
        await check.ProbeAsync(probe, default);
        return check;
    }

    private string Listing() => string.Join('\n', Directory.GetFileSystemEntries(_folder, "*", SearchOption.AllDirectories).Order());
}
