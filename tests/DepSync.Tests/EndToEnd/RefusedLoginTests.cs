using DepSync.Tests.Support;

namespace DepSync.Tests.EndToEnd;

/// <summary>A worker that refuses the key, run after run.</summary>
public sealed class RefusedLoginTests
{
    [SshdTheory]
    [InlineData("builtin")]
    [InlineData("openssh")]
    public async Task A_worker_that_refused_three_logins_is_left_alone_until_something_changes(string client)
    {
        using var box = new Sandbox();
        box.Manager.Write("conf/a.xml", "a");
        var target = box.AddTree("w");
        var wrong = Path.Combine(box.Folder, "wrong");
        Command.Run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", wrong);
        box.AddLine($"{box.Sshd.User}@127.0.0.1:{box.Folder}/w name=w port={box.Sshd.Port} identity={wrong}");
        for (var run = 1; run <= 3; run++)
        {
            var refused = (await box.SyncAsync("--ssh-client", client)).Expect(45);
            Assert.DoesNotContain("in a row", refused.Errors, StringComparison.Ordinal);
        }
        var waiting = Sandbox.Results((await box.SyncAsync("--ssh-client", client, "--json")).Expect(45))["w"];
        Assert.Equal(("failed", 45, "login"), (waiting.GetProperty("status").GetString(), waiting.GetProperty("code").GetInt32(), waiting.GetProperty("error").GetProperty("kind").GetString()));
        Assert.Contains("refused the login 3 times in a row, last at ", waiting.GetProperty("error").GetProperty("message").GetString(), StringComparison.Ordinal);
        await Until.TrueAsync(() => Connections(box) >= 3, "three connections in the log");
        Assert.Equal(3, Connections(box));
        // Mended over there, which nothing here can see: whoever names the worker, or checks it, need not wait.
        box.Sshd.Authorize(wrong);
        (await box.SyncAsync("--ssh-client", client)).Expect(45);
        (await box.RunAsync("check", "--ssh-client", client)).Expect(0);
        (await box.SyncAsync("--ssh-client", client, "--only", "w")).Expect(0);
        Assert.True(target.Exists("conf/a.xml"u8));
        (await box.SyncAsync("--ssh-client", client)).Expect(0);
    }

    [SshdTheory]
    [InlineData("builtin")]
    [InlineData("openssh")]
    public async Task Two_targets_of_one_login_are_one_refused_login_a_run(string client)
    {
        using var box = new Sandbox();
        box.Manager.Write("conf/a.xml", "a");
        var wrong = Path.Combine(box.Folder, "wrong");
        Command.Run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", wrong);
        foreach (var name in new[] { "v", "w" })
        {
            box.AddTree(name);
            box.AddLine($"{box.Sshd.User}@127.0.0.1:{box.Folder}/{name} name={name} port={box.Sshd.Port} identity={wrong}");
        }
        for (var run = 1; run <= 4; run++)
        {
            var refused = Sandbox.Results((await box.SyncAsync("--ssh-client", client, "--json")).Expect(45));
            Assert.Equal(["v", "w"], refused.Where(result => result.Value.GetProperty("error").GetProperty("kind").GetString() == "login").Select(result => result.Key).Order(StringComparer.Ordinal));
        }
        await Until.TrueAsync(() => Connections(box) >= 3, "three connections in the log");
        Assert.Equal(3, Connections(box));
    }

    private static int Connections(Sandbox box) => box.Sshd.Log.Split('\n').Count(line => line.StartsWith("Connection from ", StringComparison.Ordinal));
}
