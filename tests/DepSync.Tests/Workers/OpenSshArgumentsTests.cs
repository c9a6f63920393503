using DepSync.Config;
using DepSync.Model;
using DepSync.Tests.Support;
using DepSync.Workers;

namespace DepSync.Tests.Workers;

public sealed class OpenSshArgumentsTests
{
    private static readonly WorkerAddress Plain = new() { Name = "w", Target = "t", Host = "node-1", Path = "/x/y" };

    private static readonly string[] Forced =
    [
        "BatchMode=yes", "ControlMaster=no", "ControlPath=none", "ForwardAgent=no", "ForwardX11=no", "ClearAllForwardings=yes", "PermitLocalCommand=no", "RequestTTY=no",
        "UpdateHostKeys=no",
    ];

    [Fact]
    public void Forced_options_stand_first_and_the_destination_behind_a_double_dash()
    {
        var arguments = OpenSshArguments.For(Plain, new SshSettings(), HostKeyWriting.Allowed);
        Assert.Equal(Forced, arguments.Take(2 * Forced.Length).Where((_, i) => i % 2 == 1));
        Assert.Equal(["-s", "--", "node-1", "sftp"], arguments.TakeLast(4));
        Assert.Contains("StrictHostKeyChecking=yes", arguments);
        Assert.Contains("ConnectTimeout=10", arguments);
        Assert.Contains("ServerAliveInterval=10", arguments);
        Assert.DoesNotContain(arguments, a => a is "-p" or "-l" || a.StartsWith("Identit", StringComparison.Ordinal) || a.StartsWith("UserKnownHosts", StringComparison.Ordinal));
    }

    [Fact]
    public void Only_what_is_configured_overrides_the_configuration_of_ssh()
    {
        var worker = Plain with { User = "u", Port = 2222, PortGiven = true, Identity = "/keys/a b%\"c" };
        var arguments = OpenSshArguments.For(worker, new SshSettings { KnownHosts = "/k h" }, HostKeyWriting.Allowed);
        Assert.Contains("IdentitiesOnly=yes", arguments);
        Assert.Contains("IdentityFile=\"/keys/a b%%\\\"c\"", arguments);
        Assert.Contains("UserKnownHostsFile=\"/k h\"", arguments);
        Assert.Equal(["-p", "2222", "-l", "u", "-s", "--", "node-1", "sftp"], arguments.TakeLast(8));
    }

    [Fact]
    public void Compression_is_asked_for_when_it_is_set_and_else_left_to_the_configuration_of_ssh()
    {
        Assert.Contains("Compression=yes", OpenSshArguments.For(Plain, new SshSettings { Compress = true }, HostKeyWriting.Allowed));
        Assert.DoesNotContain(OpenSshArguments.For(Plain, new SshSettings(), HostKeyWriting.Allowed), a => a.StartsWith("Compression", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("Ask", false, "yes", false)]
    [InlineData("Ask", true, "yes", false)]
    [InlineData("AcceptNew", false, "accept-new", false)]
    [InlineData("AcceptNew", true, "accept-new", true)]
    [InlineData("Insecure", false, "no", true)]
    public void Keys_are_written_nowhere_in_a_dry_run_and_when_they_are_not_checked(string mode, bool dryRun, string checking, bool nowhere)
    {
        var settings = new SshSettings { HostKey = Enum.Parse<HostKeyMode>(mode) };
        var arguments = OpenSshArguments.For(Plain, settings, dryRun ? HostKeyWriting.Forbidden : HostKeyWriting.Allowed);
        Assert.Contains($"StrictHostKeyChecking={checking}", arguments);
        Assert.Equal(nowhere, arguments.Contains("UserKnownHostsFile=/dev/null \"~/.ssh/known_hosts\""));
    }

    [SshdFact]
    public void Ssh_itself_understands_them_against_its_own_configuration()
    {
        using var folder = new KeyFolder();
        File.WriteAllText(folder.File("config"), "Host *\n ForwardAgent yes\n ControlMaster auto\n StrictHostKeyChecking no\n BatchMode no\n");
        var worker = Plain with { User = "u", Port = 2222, PortGiven = true, Identity = "/keys/a b" };
        var told = Command.Run("ssh", ["-G", "-F", folder.File("config"), .. OpenSshArguments.For(worker, new SshSettings { KnownHosts = "/k h" }, HostKeyWriting.Allowed)]);
        var lines = told.Split('\n');
        foreach (var line in new[] { "forwardagent no", "controlmaster false", "stricthostkeychecking true", "batchmode yes", "user u", "port 2222", "hostname node-1", "identityfile /keys/a b" })
        {
            Assert.Contains(line, lines);
        }
    }
}
