using System.Diagnostics;
using DepSync.Tests.Support;

namespace DepSync.Tests.EndToEnd;

/// <summary>
/// What the user's own ssh configuration and environment would do to a connection: commands, shared connections, a forwarded agent, a program that asks. The ssh of PATH is a
/// script that hands a configuration of the test's to the real one, because ssh finds the user's by the user database and not by HOME.
/// </summary>
public sealed class UserSshConfigTests
{
    [SshdTheory]
    [InlineData("openssh")]
    [InlineData("builtin")]
    public async Task Commands_shared_connections_and_agents_of_the_users_configuration_take_no_effect(string client)
    {
        using var box = new Sandbox();
        var (called, command, asked, control, agent) = (In(box, "called"), In(box, "command"), In(box, "asked"), In(box, "control"), In(box, "agent"));
        var seen = In(box, "environment");
        Script(box, "sftp", $"env > {seen}\nexec {SshdOptions.ExternalSftp}");
        using var server = SshdServer.Start(new SshdOptions { Sftp = In(box, "bin/sftp") });
        File.Copy(server.KnownHosts, box.KnownHosts);
        File.WriteAllText(In(box, "config"), $"Host *\n PermitLocalCommand yes\n LocalCommand touch {command}\n ControlMaster auto\n ControlPath {control}\n ForwardAgent yes\n");
        Script(box, "ssh", $"touch {called}\nexec /usr/bin/ssh -F {In(box, "config")} \"$@\"");
        Script(box, "asks", $"touch {asked}");
        using var agentProcess = Process.Start(new ProcessStartInfo("ssh-agent", ["-D", "-a", agent]) { RedirectStandardOutput = true })!;
        await Until.TrueAsync(() => File.Exists(agent), "the agent");
        var plain = $"SSH_AUTH_SOCK={agent} {In(box, "bin/ssh")} -i {server.ClientKey} -p {server.Port} -o UserKnownHostsFile={box.KnownHosts}";
        try
        {
            // Without DepSync's own options each of these takes effect, so that the test would see it.
            Command.Run("sh", "-c", $"{plain} -M -N -f 127.0.0.1 >/dev/null 2>&1 </dev/null && {plain} -s 127.0.0.1 sftp </dev/null");
            Assert.True(File.Exists(command) && File.Exists(control));
            Assert.Contains("SSH_AUTH_SOCK=", File.ReadAllText(seen), StringComparison.Ordinal);
            await Until.TrueAsync(() => Connections(server) > 0, "the master's connection in the log");
            Assert.Equal(1, Connections(server));
            Array.ForEach([command, called, seen], File.Delete);

            box.Manager.Write("conf/a.xml", "a");
            var target = box.AddTree("w");
            box.AddLine($"{server.User}@127.0.0.1:{box.Folder}/w name=w port={server.Port} identity={server.ClientKey}");
            box.Environment["PATH"] = $"{In(box, "bin")}:{Environment.GetEnvironmentVariable("PATH")}";
            box.Environment["SSH_AUTH_SOCK"] = agent;
            box.Environment["SSH_ASKPASS"] = In(box, "bin/asks");
            box.Environment["SSH_ASKPASS_REQUIRE"] = "force";
            (await box.SyncAsync("--ssh-client", client)).Expect(0);
            Assert.True(target.Exists("conf/a.xml"u8));
            Assert.Equal(client == "openssh", File.Exists(called));
            Assert.False(File.Exists(command), "LocalCommand ran");
            await Until.TrueAsync(() => Connections(server) > 1, "a connection of its own");
            Assert.Equal(2, Connections(server));
            Assert.DoesNotContain("SSH_AUTH_SOCK=", File.ReadAllText(seen), StringComparison.Ordinal);

            var encrypted = server.CreateKey("encrypted", "ed25519", "secret");
            server.Authorize(encrypted);
            (await box.SyncAsync("--ssh-client", client, "--workers", List(box, server, encrypted))).Expect(45);
            Assert.False(File.Exists(asked), "SSH_ASKPASS ran");
        }
        finally
        {
            Command.Try("ssh", "-S", control, "-O", "exit", "127.0.0.1");
            agentProcess.Kill();
        }
    }

    private static string List(Sandbox box, SshdServer server, string key)
    {
        var list = In(box, "other-list");
        File.WriteAllText(list, $"{server.User}@127.0.0.1:{box.Folder}/w name=w port={server.Port} identity={key}\n");
        return list;
    }

    private static int Connections(SshdServer server) => server.Log.Split('\n').Count(line => line.StartsWith("Connection from ", StringComparison.Ordinal));

    private static string In(Sandbox box, string name) => Path.Combine(box.Folder, name);

    private static void Script(Sandbox box, string name, string body)
    {
        Directory.CreateDirectory(In(box, "bin"));
        File.WriteAllText(In(box, $"bin/{name}"), $"#!/bin/sh\n{body}\n");
        Command.Run("chmod", "755", In(box, $"bin/{name}"));
    }
}
