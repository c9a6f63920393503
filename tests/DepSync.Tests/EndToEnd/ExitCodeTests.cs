using System.Net;
using System.Net.Sockets;
using DepSync.Tests.Support;

namespace DepSync.Tests.EndToEnd;

/// <summary>Every exit code that scripts and monitors rely on, produced by the real program. 25, 41 and 20 have classes of their own beside this one.</summary>
public sealed class ExitCodeTests
{
    [NeedsFact]
    public async Task Code_0_when_every_worker_is_in_sync_changed_or_not()
    {
        using var box = Small();
        (await box.SyncAsync()).Expect(0);
        (await box.SyncAsync()).Expect(0);
        (await box.SyncAsync("-n")).Expect(0);
    }

    [NeedsTheory]
    [InlineData("--no-such-option")]
    [InlineData("--max-delete", "many")]
    [InlineData("--settle", "soon")]
    [InlineData("--only", "nobody")]
    [InlineData("--host-key", "maybe")]
    public async Task Code_1_for_a_usage_error(params string[] options)
    {
        using var box = Small();
        var outcome = (await box.SyncAsync(options)).Expect(1);
        Assert.Equal("", outcome.Output);
        Assert.NotEqual("", outcome.Errors);
        Assert.False(Directory.Exists(box.StateFolder));
    }

    [NeedsFact]
    public async Task Code_1_for_settings_with_an_unknown_key_that_names_line_and_nearest_key()
    {
        using var box = Small();
        box.Settings.Add("paralel: 4");
        var outcome = (await box.SyncAsync()).Expect(1);
        Assert.Contains("depsync.yaml", outcome.Errors, StringComparison.Ordinal);
        Assert.Contains("parallel", outcome.Errors, StringComparison.Ordinal);
    }

    [NeedsFact]
    public async Task Code_1_for_a_workers_list_with_errors_all_told_before_anything_is_contacted()
    {
        using var box = Small();
        box.AddLine("-oProxyCommand=x:/srv");
        box.AddLine("host-without-path");
        box.AddLine("./x name=local");
        var outcome = (await box.SyncAsync()).Expect(1);
        Assert.All((string[])["workers-list.txt:2", "workers-list.txt:3", "workers-list.txt:4"], l => Assert.Contains(l, outcome.Errors, StringComparison.Ordinal));
        Assert.False(Directory.Exists(Path.Combine(box.Folder, "local/conf")));
    }

    [NeedsFact]
    public async Task Code_2_with_detailed_exitcode_when_there_are_or_were_differences()
    {
        using var box = Small();
        (await box.SyncAsync("-n", "--detailed-exitcode")).Expect(2);
        (await box.SyncAsync("--detailed-exitcode")).Expect(2);
        (await box.SyncAsync("--detailed-exitcode")).Expect(0);
        (await box.SyncAsync("-n", "--detailed-exitcode")).Expect(0);
    }

    [NeedsTheory]
    [InlineData("--manager-dir", "missing")]
    [InlineData("--manager-dir", "depsync.yaml")]
    [InlineData("--workers", "missing.txt")]
    [InlineData("--workers", "empty.txt")]
    public async Task Code_3_when_manager_or_list_is_missing_or_empty(params string[] options)
    {
        using var box = Small();
        File.WriteAllText(Path.Combine(box.Folder, "empty.txt"), "# nobody\n\n");
        (await box.SyncAsync(options)).Expect(3);
        Assert.False(Directory.Exists(Path.Combine(box.Folder, "local/conf")));
    }

    [NeedsTheory]
    [InlineData("--state-dir")]
    [InlineData("--log-dir")]
    public async Task Code_11_when_state_or_log_cannot_be_written(string option)
    {
        using var box = Small();
        (await box.SyncAsync(option, "depsync.yaml/folder")).Expect(11);
        Assert.False(Directory.Exists(Path.Combine(box.Folder, "local/conf")));
    }

    [SshdFact]
    public async Task Code_23_when_one_worker_is_down_and_the_others_are_done()
    {
        using var box = Small();
        box.AddLine($"nobody@127.0.0.1:/srv/server name=down port={ClosedPort()} identity={box.Sshd.ClientKey}");
        var outcome = (await box.SyncAsync()).Expect(23);
        Assert.Contains("down", outcome.Errors, StringComparison.Ordinal);
        TreeText.AssertMirrored(box.Manager.Path, Path.Combine(box.Folder, "local"));
    }

    [NeedsFact]
    public async Task Code_24_when_an_archive_is_still_being_written()
    {
        using var box = Small();
        box.Manager.Write("carbonapps/half.car", "PK not yet a whole archive").Write("conf/b.xml", "b");
        var outcome = (await box.SyncAsync("--settle", "100ms")).Expect(24);
        Assert.Contains("half.car", outcome.Output + outcome.Errors, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(box.Folder, "local/carbonapps/half.car")));
        Assert.True(File.Exists(Path.Combine(box.Folder, "local/conf/b.xml")));
    }

    [NeedsFact]
    public async Task Code_30_when_max_time_is_over()
    {
        using var box = Small();
        box.AddLocalWorker("second");
        box.AddLocalWorker("third");
        var outcome = (await box.SyncAsync("--max-time", "1ms", "--parallel", "1", "--json")).Expect(30);
        Assert.Contains(30, Sandbox.Results(outcome).Values.Select(r => r.GetProperty("code").GetInt32()));
        (await box.SyncAsync()).Expect(0);
    }

    [SshdFact]
    public async Task Code_40_when_another_run_holds_the_lock_and_it_goes_when_its_holder_is_killed()
    {
        using var box = Small();
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        box.AddLine($"nobody@127.0.0.1:/srv/server name=silent port={((IPEndPoint)silent.LocalEndpoint).Port} identity={box.Sshd.ClientKey}");
        using var holder = box.Start("sync");
        using var connection = await silent.AcceptTcpClientAsync().WaitAsync(TimeSpan.FromMinutes(1));
        var outcome = (await box.SyncAsync("--only", "local")).Expect(40);
        Assert.Contains(holder.Id.ToString(System.Globalization.CultureInfo.InvariantCulture), outcome.Errors, StringComparison.Ordinal);
        (await box.SyncAsync("-n", "--only", "local")).Expect(0);
        holder.Signal(Libc.Sigkill);
        await holder.WaitAsync();
        (await box.SyncAsync("--only", "local")).Expect(0);
    }

    [SshdFact]
    public async Task Code_45_when_no_worker_can_be_reached_or_logged_in_to()
    {
        using var box = new Sandbox();
        box.Manager.Write("a", "a");
        var stranger = box.Sshd.CreateKey("stranger", "ed25519");
        box.AddLine($"{box.Sshd.User}@127.0.0.1:{box.Folder}/x name=login port={box.Sshd.Port} identity={stranger}");
        box.AddLine($"{box.Sshd.User}@127.0.0.1:{box.Folder}/y name=down port={ClosedPort()} identity={box.Sshd.ClientKey}");
        var outcome = (await box.SyncAsync("--json")).Expect(45);
        Assert.All(Sandbox.Results(outcome).Values, r => Assert.Equal(45, r.GetProperty("code").GetInt32()));
    }

    [SshdFact]
    public async Task Code_45_when_the_host_key_is_unknown_or_changed()
    {
        using var box = new Sandbox();
        box.AddSshWorker("ssh");
        box.Manager.Write("a", "a");
        using var other = SshdServer.Start();
        File.WriteAllText(box.KnownHosts, $"[127.0.0.1]:{box.Sshd.Port} {other.HostKey("ed25519")}\n");
        (await box.SyncAsync("--host-key", "accept-new")).Expect(45);
        File.WriteAllText(box.KnownHosts, "");
        var outcome = (await box.SyncAsync("--host-key", "strict")).Expect(45);
        Assert.Contains("depsync trust", outcome.Errors, StringComparison.Ordinal);
    }

    [NeedsTheory]
    [InlineData("--help")]
    [InlineData("sync", "--help")]
    [InlineData("--version")]
    public async Task Help_and_version_go_to_stdout_with_code_0(params string[] arguments)
    {
        using var folder = new TempTree();
        var outcome = await DepSyncProcess.Start(folder.Path, new Dictionary<string, string>(), arguments).WaitAsync();
        Assert.NotEqual("", outcome.Expect(0).Output);
        Assert.Equal("", outcome.Errors);
    }

    private static Sandbox Small()
    {
        var box = new Sandbox();
        box.Manager.Write("conf/a.xml", "a");
        box.AddLocalWorker("local");
        return box;
    }

    private static int ClosedPort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
