using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using DepSync.Tests.Support;

namespace DepSync.Tests.EndToEnd;

/// <summary>The README's promises to a newcomer, done as it says.</summary>
public sealed class ReadmeStepsTests
{
    private static readonly string Root = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(Here())!, "../../.."));

    [NeedsFact]
    public async Task The_sample_cluster_is_filled_by_the_first_command_and_the_second_run_is_silent()
    {
        using var folder = new TempTree();
        Command.Run("cp", "-R", Path.Combine(Root, "samples"), Path.Combine(Root, "workers-list.txt"), folder.Path);
        Command.Run("sh", "-c", $"rm -rf '{folder.Path}'/samples/cluster/*");
        async Task<ProcessOutcome> SyncAsync() =>
            await DepSyncProcess.Start(folder.Path, new Dictionary<string, string>(), "sync", "--config", "samples/depsync.yaml").WaitAsync();
        var first = (await SyncAsync()).Expect(0);
        Assert.All((string[])["worker-1", "worker-2", "worker-3"], worker =>
        {
            Assert.Contains(worker, first.Output, StringComparison.Ordinal);
            TreeText.AssertMirrored(Path.Combine(folder.Path, "samples/manager"), Path.Combine(folder.Path, "samples/cluster", worker));
        });
        (await SyncAsync()).Expect(0).ExpectSilence();
        Assert.Empty(Directory.GetFileSystemEntries(folder.Path).Select(Path.GetFileName).Except(["samples", "workers-list.txt"]));
    }

    [SshdFact]
    public async Task The_quick_start_with_two_ssh_workers_can_be_pasted()
    {
        using var home = new TempTree();
        var program = Environment.GetEnvironmentVariable("DEPSYNC_BINARY") is { Length: > 0 } binary ? Path.GetFullPath(binary) : $"dotnet '{Path.Combine(AppContext.BaseDirectory, "depsync.dll")}'";
        home.Write("bin/depsync", $"#!/bin/sh\nexec {program} \"$@\"\n").SetMode("bin/depsync"u8, 0x1ED);
        // The reader has a terminal and answers yes.
        var script = "set -e\nexport PATH=\"$HOME/bin:$PATH\"\ncd '" + Root + "'\n" + QuickStart().Replace(":2222", $":{Port()}", StringComparison.Ordinal)
            .Replace("depsync trust", "depsync trust --yes", StringComparison.Ordinal) + "depsync sync\n";
        script = Regex.Replace(script, @"port=2222", "port=" + Regex.Match(script, @"127\.0\.0\.1:(\d+)").Groups[1].Value);
        try
        {
            (await DepSyncProcess.RunOtherAsync(home.Path, "sh", "-c", script)).Expect(0);
            Assert.All((string[])["node-1", "node-2"], n => TreeText.AssertMirrored(Path.Combine(home.Path, "depsync-demo/manager"), Path.Combine(home.Path, "depsync-demo", n, "server")));
        }
        finally
        {
            Command.Try("sh", "-c", $"kill $(cat '{home.Path}/depsync-demo/sshd.pid')");
        }
    }

    /// <summary>The blocks of the chapter, joined.</summary>
    private static string QuickStart()
    {
        var text = File.ReadAllText(Path.Combine(Root, "README.md"));
        var start = text.IndexOf("## Quick start", StringComparison.Ordinal);
        var chapter = text[start..text.IndexOf("\n## ", start, StringComparison.Ordinal)];
        return string.Concat(Regex.Matches(chapter, "```sh\n(.*?)```", RegexOptions.Singleline).Select(m => m.Groups[1].Value));
    }

    private static string Port()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port.ToString(CultureInfo.InvariantCulture);
    }

    private static string Here([CallerFilePath] string path = "") => path;
}
