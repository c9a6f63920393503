namespace DepSync.Tests.Support;

public sealed class SshdServerTests
{
    [SshdTheory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_client_with_the_key_reaches_the_sftp_server(bool external)
    {
        using var server = SshdServer.Start(new SshdOptions { Sftp = external ? SshdOptions.ExternalSftp : "internal-sftp", HostKeys = ["ed25519", "rsa", "ecdsa"] });
        var outcome = Command.Try(
            "sftp", "-F", "none", "-P", $"{server.Port}", "-i", server.ClientKey, "-o", $"UserKnownHostsFile={server.KnownHosts}", "-o", "StrictHostKeyChecking=yes",
            "-b", "/dev/null", $"{server.User}@127.0.0.1");
        Assert.True(outcome.ExitCode == 0, outcome.Error + server.Log);
    }
}
