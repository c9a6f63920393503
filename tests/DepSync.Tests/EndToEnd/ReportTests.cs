using System.Text.Json;
using DepSync.Tests.Support;

namespace DepSync.Tests.EndToEnd;

/// <summary>What a run leaves for people and machines to read: JSON, the log, silence.</summary>
public sealed class ReportTests
{
    private static readonly string[] ChangeFields = ["schema", "ts", "run", "type", "worker", "path", "action", "kind", "reason", "size", "itemize"];

    private static readonly string[] WorkerFields =
    [
        "schema", "ts", "run", "type", "worker", "status", "created", "updated", "deleted", "attributes", "deferred", "deletes_held", "bytes_sent", "bytes_total", "seconds", "commit_ms",
        "generation", "code", "error",
    ];

    private static readonly string[] RunFields = ["schema", "ts", "run", "type", "exit_code", "workers_total", "workers_ok", "workers_failed", "seconds"];

    [SshdFact]
    public async Task Json_has_every_field_of_its_contract()
    {
        using var box = new Sandbox();
        box.AddLocalWorker("local").Write("old/x", "x");
        box.AddSshWorker("ssh").Write("old/x", "x");
        box.Manager.Write("conf/a.xml", "12345").MakeSymlink("l"u8, "conf"u8).Write([0xFF], "b"u8);
        var outcome = (await box.SyncAsync("--json")).Expect(0);
        var json = Sandbox.Json(outcome);
        Assert.Equal("run_started", json[0].GetProperty("type").GetString());
        Assert.Equal("run_done", json[^1].GetProperty("type").GetString());
        Assert.All((string[])["manager_dir", "workers", "dry_run"], f => Assert.True(json[0].TryGetProperty(f, out _), f));
        AssertFields(RunFields, json[^1]);
        Assert.Equal(2, json[^1].GetProperty("workers_ok").GetInt32());
        Assert.All(json, e => Assert.Equal(1, e.GetProperty("schema").GetInt32()));
        Assert.All(json, e => Assert.Equal(json[0].GetProperty("run").GetString(), e.GetProperty("run").GetString()));
        Assert.All(json, e => Assert.EndsWith("Z", e.GetProperty("ts").GetString(), StringComparison.Ordinal));

        var changes = json.Where(e => Type(e) == "change" && e.GetProperty("worker").GetString() == "ssh").ToDictionary(e => e.GetProperty("path").GetString()!);
        Assert.All(changes.Values, c => AssertFields(ChangeFields, c));
        Assert.Equal(("create", "file", 5), (Text(changes["conf/a.xml"], "action"), Text(changes["conf/a.xml"], "kind"), changes["conf/a.xml"].GetProperty("size").GetInt32()));
        Assert.Equal(("create", "symlink"), (Text(changes["l"], "action"), Text(changes["l"], "kind")));
        Assert.Equal(("create", "directory"), (Text(changes["conf"], "action"), Text(changes["conf"], "kind")));
        Assert.Equal(JsonValueKind.Null, changes["conf"].GetProperty("size").ValueKind);
        Assert.Equal("delete", Text(changes["old/x"], "action"));
        Assert.Equal("/w==", Text(changes["\ufffd"], "path_base64"));

        var result = Sandbox.Results(outcome)["ssh"];
        AssertFields(WorkerFields, result);
        Assert.Equal("synced", Text(result, "status"));
        Assert.Equal((4, 2), (result.GetProperty("created").GetInt32(), result.GetProperty("deleted").GetInt32()));
        Assert.Equal((6, 6), (result.GetProperty("bytes_sent").GetInt64(), result.GetProperty("bytes_total").GetInt64()));
        Assert.Equal(JsonValueKind.Null, result.GetProperty("error").ValueKind);
    }

    [SshdFact]
    public async Task A_failed_worker_says_in_json_why_and_what_to_do()
    {
        using var box = new Sandbox();
        box.AddLocalWorker("good");
        box.AddSshWorker("bad");
        box.Manager.Write("a", "a");
        File.WriteAllText(box.KnownHosts, "");
        var outcome = (await box.SyncAsync("--json")).Expect(23);
        var result = Sandbox.Results(outcome)["bad"];
        Assert.Equal(("failed", 45), (Text(result, "status"), result.GetProperty("code").GetInt32()));
        Assert.Equal("host_key", Text(result.GetProperty("error"), "kind"));
        Assert.Contains("depsync trust", Text(result.GetProperty("error"), "hint"), StringComparison.Ordinal);
        Assert.Equal(0, Sandbox.Results(outcome)["good"].GetProperty("code").GetInt32());
    }

    [SshdFact]
    public async Task The_log_has_a_line_for_every_change_and_one_for_an_unchanged_run()
    {
        using var box = new Sandbox();
        box.AddLocalWorker("local");
        box.AddSshWorker("ssh");
        box.Manager.Write("conf/a.xml", "a").Write("conf/b\n.xml", "b");
        (await box.SyncAsync()).Expect(0);
        var file = Assert.Single(Directory.GetFiles(box.LogFolder));
        Assert.Matches(@"^depsync-\d{8}\.log$", Path.GetFileName(file));
        var first = File.ReadAllLines(file);
        Assert.Equal(2, first.Count(l => l.Contains("conf/a.xml", StringComparison.Ordinal)));
        (await box.SyncAsync()).Expect(0).ExpectSilence();
        Assert.Single(File.ReadAllLines(file)[first.Length..]);
        Assert.All((string[])[box.LogFolder, box.StateFolder], f => Assert.Equal(0x1C0, TreeText.List(f, withDepSync: true)[0].Mode));
    }

    [SshdFact]
    public async Task A_change_off_a_terminal_is_told_in_one_line_a_worker_and_quiet_says_nothing()
    {
        using var box = new Sandbox();
        box.AddLocalWorker("local");
        box.Manager.Write("a", "a");
        var told = (await box.SyncAsync()).Expect(0);
        Assert.Contains("local", told.Output, StringComparison.Ordinal);
        Assert.Equal("", told.Errors);
        Assert.DoesNotContain('\u001b', told.Output);
        box.Manager.Write("a", "changed");
        (await box.SyncAsync("-q")).Expect(0).ExpectSilence();
    }

    private static void AssertFields(string[] expected, JsonElement json)
    {
        var missing = expected.Except(json.EnumerateObject().Select(p => p.Name));
        Assert.True(!missing.Any(), $"missing: {string.Join(", ", missing)} in {json}");
    }

    private static string Type(JsonElement json) => Text(json, "type");

    private static string Text(JsonElement json, string field) => json.GetProperty(field).GetString()!;
}
