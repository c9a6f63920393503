using DepSync.Tests.Support;

namespace DepSync.Tests.EndToEnd;

/// <summary>
/// Host certificates. With the ssh program they are checked as OpenSSH does; the built-in client offers no certificate algorithm and so refuses such a host as unknown, with
/// the setting that helps.
/// </summary>
public sealed class HostCertificateTests
{
    private static readonly string[] ForThisHost = ["-h", "-n", "127.0.0.1"];

    [SshdTheory]
    [InlineData("right", 0)]
    [InlineData("wrong principal", 45)]
    [InlineData("expired", 45)]
    [InlineData("not yet valid", 45)]
    [InlineData("user certificate", 45)]
    [InlineData("revoked authority", 45)]
    [InlineData("unknown authority", 45)]
    public async Task The_ssh_program_accepts_only_a_valid_certificate_of_a_known_authority_for_this_host(string what, int code)
    {
        var signing = what switch
        {
            "wrong principal" => (string[])["-h", "-n", "another.example.org"],
            "expired" => [.. ForThisHost, "-V", "20200101:20210101"],
            "not yet valid" => [.. ForThisHost, "-V", "20900101:20910101"],
            "user certificate" => ["-n", "127.0.0.1"],
            _ => ForThisHost,
        };
        using var server = Start(signing);
        using var box = new Sandbox();
        var target = Worker(box, server);
        var authority = PublicKey(server, "ca");
        File.WriteAllLines(box.KnownHosts, what switch
        {
            "revoked authority" => [$"@cert-authority * {authority}", $"@revoked * {authority}"],
            "unknown authority" => [$"@cert-authority * {PublicKey(server, "client_key")}"],
            _ => [$"@cert-authority * {authority}"],
        });
        var run = (await box.SyncAsync("--ssh-client", "openssh", "--host-key", "strict")).Expect(code);
        Assert.Equal(code == 0, target.Exists("conf/a.xml"u8));
        Assert.Equal(code == 0, run.Errors.Length == 0);
    }

    [SshdFact]
    public async Task The_builtin_client_refuses_a_host_that_only_an_authority_vouches_for_and_names_the_setting()
    {
        using var server = Start(ForThisHost);
        using var box = new Sandbox();
        var target = Worker(box, server);
        File.WriteAllLines(box.KnownHosts, [$"@cert-authority * {PublicKey(server, "ca")}"]);
        var run = (await box.SyncAsync("--host-key", "strict")).Expect(45);
        Assert.Contains("`ssh.client: openssh`", run.Errors, StringComparison.Ordinal);
        Assert.False(target.Exists("conf"u8));
        File.AppendAllLines(box.KnownHosts, [server.KnownHostsLine("ed25519")]);
        (await box.SyncAsync("--host-key", "strict")).Expect(0);
    }

    /// <summary>An sshd whose host key a new authority has signed.</summary>
    private static SshdServer Start(string[] signing) => SshdServer.Start(new SshdOptions
    {
        Prepare = folder =>
        {
            var authority = Path.Combine(folder, "ca");
            Command.Run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", authority);
            Command.Run("ssh-keygen", ["-q", "-s", authority, "-I", "worker", .. signing, Path.Combine(folder, "host_ed25519.pub")]);
            return [$"HostCertificate {folder}/host_ed25519-cert.pub"];
        },
    });

    private static TempTree Worker(Sandbox box, SshdServer server)
    {
        box.Manager.Write("conf/a.xml", "a");
        box.AddLine($"{server.User}@127.0.0.1:{box.Folder}/w name=w port={server.Port} identity={server.ClientKey}");
        return box.AddTree("w");
    }

    private static string PublicKey(SshdServer server, string name) => string.Join(' ', File.ReadAllText(Path.Combine(server.Folder, name + ".pub")).Split(' ', 3)[..2]).Trim();
}
