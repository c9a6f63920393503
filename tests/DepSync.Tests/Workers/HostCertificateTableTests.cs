using DepSync.Config;
using DepSync.Model;
using DepSync.Tests.Support;

namespace DepSync.Tests.Workers;

/// <summary>Real certificates of a real sshd, checked by the ssh program as OpenSSH does and by the builtin client as DepSync does: the same table for both.</summary>
public sealed class HostCertificateTableTests
{
    /// <summary>What is signed, what known_hosts has (A the authority, O another key, K the host's own, P the port), and a part of the builtin client's refusal; none where both accept.</summary>
    private static readonly (string What, string[] Signing, string[] Lines, string? Reason)[] Table =
    [
        ("right", CertifiedServer.ForThisHost, ["@cert-authority * A"], null),
        ("line for this port", CertifiedServer.ForThisHost, ["@cert-authority [127.0.0.1]:P A"], null),
        ("line without the port", CertifiedServer.ForThisHost, ["@cert-authority 127.0.* A"], null),
        ("line for another port", CertifiedServer.ForThisHost, ["@cert-authority [127.0.0.1]:1 A"], "is not in"),
        ("line for other hosts", CertifiedServer.ForThisHost, ["@cert-authority 127.0.0.2,*.example.org A"], "is not in"),
        ("another key is on record", CertifiedServer.ForThisHost, ["@cert-authority * A", "[127.0.0.1]:P O"], null),
        ("wrong principal", ["-h", "-n", "another.example.org"], ["@cert-authority * A"], "it is for another.example.org and not for 127.0.0.1"),
        ("expired", [.. CertifiedServer.ForThisHost, "-V", "20200101120000:20210101120000"], ["@cert-authority * A"], "it expired at 2021-01-01"),
        ("expired, its key is on record", [.. CertifiedServer.ForThisHost, "-V", "20200101120000:20210101120000"], ["@cert-authority * A", "[127.0.0.1]:P K"], null),
        ("not yet valid", [.. CertifiedServer.ForThisHost, "-V", "20900101120000:20910101120000"], ["@cert-authority * A"], "it is not valid before 2090-01-01"),
        ("a user's", ["-n", "127.0.0.1"], ["@cert-authority * A"], "it is a user's certificate"),
        ("a condition", [.. CertifiedServer.ForThisHost, "-O", "critical:something@example.org=x"], ["@cert-authority * A"], "conditions that are not known here"),
        ("revoked authority", CertifiedServer.ForThisHost, ["@cert-authority * A", "@revoked * A"], "the authority that signed it is marked as revoked"),
        ("revoked authority, key on record", CertifiedServer.ForThisHost, ["@cert-authority * A", "@revoked * A", "[127.0.0.1]:P K"], "the authority that signed it is marked as revoked"),
        ("revoked key", CertifiedServer.ForThisHost, ["@cert-authority * A", "@revoked * K"], "its key is marked as revoked"),
        ("unknown authority", CertifiedServer.ForThisHost, ["@cert-authority * O"], "no @cert-authority line for the host has the authority that signed it"),
        ("unknown authority, its key is on record", CertifiedServer.ForThisHost, ["@cert-authority * O", "[127.0.0.1]:P K"], null),
        ("authority as a plain key", CertifiedServer.ForThisHost, ["* A"], "has changed"),
    ];

    [SshdFact]
    public async Task Both_clients_accept_only_a_valid_certificate_of_a_known_authority_for_this_host()
    {
        foreach (var rows in Table.GroupBy(row => string.Join(' ', row.Signing)))
        {
            using var server = CertifiedServer.Start(rows.First().Signing);
            await Task.WhenAll(rows.Select((row, i) => AssertAsync(server, i, row.What, row.Lines, row.Reason)));
        }
    }

    [SshdTheory]
    [InlineData("rsa")]
    [InlineData("ecdsa")]
    public async Task Certificates_for_every_type_of_key_are_understood_and_hold_while_keys_are_exchanged_again(string type)
    {
        using var server = CertifiedServer.Start(CertifiedServer.ForThisHost, type);
        File.WriteAllText(server.KnownHosts, $"@cert-authority * {CertifiedServer.PublicKey(server, "ca")}\n");
        await using var files = await SshRun.ConnectAsync(server, server.Folder, SshClientKind.Builtin);
        await using var file = await files.CreateFileAsync(RelativePath.Root.Child("large"), default);
        for (var at = 0; at < 3 << 20; at += 1 << 18)
        {
            await file.WriteAtAsync(at, new byte[1 << 18], default);
        }
        Assert.Equal(3 << 20, (await file.StatAsync(default)).Size);
    }

    private static async Task AssertAsync(SshdServer server, int number, string what, string[] lines, string? reason)
    {
        var (authority, other, own) = (CertifiedServer.PublicKey(server, "ca"), CertifiedServer.PublicKey(server, "client_key"), server.HostKey("ed25519"));
        var file = $"{server.KnownHosts}-{number}";
        await File.WriteAllLinesAsync(file, lines.Select(line => line[^1] switch { 'A' => line[..^1] + authority, 'O' => line[..^1] + other, _ => line[..^1] + own }).Select(line => line.Replace(":P", $":{server.Port}", StringComparison.Ordinal)));
        foreach (var client in (SshClientKind[])[SshClientKind.OpenSsh, SshClientKind.Builtin])
        {
            var run = SshRun.For(SshRun.Settings(server, client) with { KnownHosts = file });
            if (reason is null)
            {
                await using var files = await run.ConnectAsync(server, server.Folder);
                Assert.Equal(server.Folder, files.Place.CanonicalPath);
                continue;
            }
            var lost = await Assert.ThrowsAsync<WorkerLostException>(() => run.ConnectAsync(server, server.Folder));
            Assert.Equal((what, ErrorKind.HostKey), (what, lost.Kind));
            Assert.Contains(client == SshClientKind.Builtin ? reason : "", lost.Message, StringComparison.Ordinal);
        }
    }
}
