using DepSync.Model;
using DepSync.Workers;

namespace DepSync.Tests.Workers;

public sealed class OpenSshFailureTests
{
    [Theory]
    [InlineData(255, "ssh: connect to host h port 22: Connection refused\r\n", "Unreachable")]
    [InlineData(255, "ssh: Could not resolve hostname h: Name or service not known", "Unreachable")]
    [InlineData(255, "kex_exchange_identification: Connection closed by remote host", "Unreachable")]
    [InlineData(255, "", "Unreachable")]
    [InlineData(null, "", "Unreachable")]
    [InlineData(255, "No ED25519 host key is known for h and you have requested strict checking.\nHost key verification failed.", "HostKey")]
    [InlineData(255, "@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\nHost key verification failed.", "HostKey")]
    [InlineData(255, "Unable to negotiate with h port 22: no matching host key type found. Their offer: ssh-rsa", "HostKey")]
    [InlineData(255, "u@h: Permission denied (publickey).", "Login")]
    [InlineData(255, "Received disconnect from h port 22:2: Too many authentication failures", "Login")]
    [InlineData(255, "subsystem request failed on channel 0", "Protocol")]
    [InlineData(127, "bash: sftp-server: not found", "Protocol")]
    public void Each_message_of_ssh_has_its_kind(int? status, string text, string kind) =>
        Assert.Equal(Enum.Parse<ErrorKind>(kind), OpenSshFailure.Explain(new HostKeyOwner("w", "h", 22, "u"), status, text).Kind);

    [Theory]
    [InlineData(
        "No ED25519 host key is known for h and you have requested strict checking.\nHost key verification failed.",
        "No ED25519 host key is known for h and you have requested strict checking.", "then run `depsync trust w`.")]
    [InlineData(
        "@@@@\n@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\n@@@@\nThe fingerprint for the ED25519 key sent by the remote host is\nSHA256:abc.\n"
            + "Please contact your system administrator.\nOffending ED25519 key in /k:1\n  remove with:\n  ssh-keygen -f \"/k\" -R \"h\"\n"
            + "Host key for h has changed and you have requested strict checking.\nHost key verification failed.",
        "SHA256:abc. / Offending ED25519 key in /k:1 / Host key for h has changed and you have requested strict checking.", "run `depsync trust w --replace`.")]
    [InlineData(
        "@       WARNING: REVOKED HOST KEY DETECTED!               @\nThis could mean that a stolen key is being used to\nimpersonate this host.\n"
            + "ED25519 host key for h was revoked and you have requested strict checking.\nHost key verification failed.",
        "ED25519 host key for h was revoked and you have requested strict checking.", "Do not connect")]
    public void A_refused_host_key_names_file_user_what_is_wrong_and_the_command(string text, string told, string hint)
    {
        var lost = OpenSshFailure.Explain(new HostKeyOwner("w", "h", 22, "u") { KnownHostsFile = "/k" }, 255, text);
        Assert.Equal($"ssh refused the host key of h by /k (user {Environment.UserName}): {told}", lost.Message);
        Assert.Contains(hint, lost.Hint, StringComparison.Ordinal);
    }

    [Fact]
    public void The_message_holds_what_ssh_said_last() =>
        Assert.Contains(
            "refused", OpenSshFailure.Explain(new HostKeyOwner("w", "h", 22, "u"), 255, "banner\nssh: connect to host h port 22: Connection refused\n").Message,
            StringComparison.Ordinal);
}
