using DepSync.Tests.Support;

namespace DepSync.Tests.EndToEnd;

/// <summary>Hosts that are known by their certificates, seen by a user.</summary>
public sealed class HostCertificateTests
{
    [SshdTheory]
    [InlineData("openssh", "", 0)]
    [InlineData("builtin", "", 0)]
    [InlineData("builtin", "20200101120000:20210101120000", 45)]
    public async Task A_host_is_known_by_a_valid_certificate_alone(string client, string validity, int code)
    {
        using var server = CertifiedServer.Start([.. CertifiedServer.ForThisHost, .. validity.Length > 0 ? ["-V", validity] : Array.Empty<string>()]);
        using var box = new Sandbox();
        var target = Worker(box, server);
        File.WriteAllLines(box.KnownHosts, [$"@cert-authority * {CertifiedServer.PublicKey(server, "ca")}"]);
        var run = (await box.SyncAsync("--ssh-client", client, "--host-key", "strict")).Expect(code);
        Assert.Equal(code == 0, target.Exists("conf/a.xml"u8));
        Assert.Contains(code == 0 ? "" : "it expired at 2021-01-01", run.Errors, StringComparison.Ordinal);
        Assert.Single(File.ReadAllLines(box.KnownHosts));
    }

    [SshdFact]
    public async Task The_builtin_client_takes_no_certificate_that_names_nobody_and_no_new_key_behind_one()
    {
        using var server = CertifiedServer.Start(["-h"]);
        using var box = new Sandbox();
        var target = Worker(box, server);
        File.WriteAllLines(box.KnownHosts, [$"@cert-authority * {CertifiedServer.PublicKey(server, "ca")}"]);
        var run = (await box.SyncAsync("--host-key", "accept-new")).Expect(45);
        Assert.Contains("it names no host", run.Errors, StringComparison.Ordinal);
        Assert.False(target.Exists("conf"u8));
        Assert.Single(File.ReadAllLines(box.KnownHosts));
    }

    [SshdFact]
    public async Task A_host_without_a_certificate_is_known_by_its_key_although_an_authority_is_on_record()
    {
        using var server = SshdServer.Start();
        using var box = new Sandbox();
        var target = Worker(box, server);
        File.WriteAllLines(box.KnownHosts, [$"@cert-authority * {CertifiedServer.PublicKey(server, "client_key")}"]);
        var run = (await box.SyncAsync("--host-key", "strict")).Expect(45);
        Assert.Contains("showed no certificate", run.Errors, StringComparison.Ordinal);
        File.AppendAllLines(box.KnownHosts, [server.KnownHostsLine("ed25519")]);
        (await box.SyncAsync("--host-key", "strict")).Expect(0);
        Assert.True(target.Exists("conf/a.xml"u8));
    }

    [SshdFact]
    public async Task Check_tells_whose_word_counts_and_until_when_and_trust_that_nothing_need_be_recorded()
    {
        using var server = CertifiedServer.Start([.. CertifiedServer.ForThisHost, "-V", "20200101120000:20910101120000"]);
        using var box = new Sandbox();
        Worker(box, server);
        File.WriteAllLines(box.KnownHosts, [$"@cert-authority * {CertifiedServer.PublicKey(server, "ca")}"]);
        var check = (await box.RunAsync("check", "--host-key", "strict")).Expect(0);
        Assert.Contains("certificate \"worker\"", check.Output, StringComparison.Ordinal);
        Assert.Contains("valid until 2091-01-01", check.Output, StringComparison.Ordinal);
        var trust = await box.RunAsync("trust", "--dry-run");
        Assert.Contains($"{box.KnownHosts}:1 has an authority for this host", trust.Output, StringComparison.Ordinal);
    }

    private static TempTree Worker(Sandbox box, SshdServer server)
    {
        box.Manager.Write("conf/a.xml", "a");
        box.AddLine($"{server.User}@127.0.0.1:{box.Folder}/w name=w port={server.Port} identity={server.ClientKey}");
        return box.AddTree("w");
    }
}
