using System.Text;
using DepSync.Config;
using DepSync.Model;
using DepSync.Tests.Support;

namespace DepSync.Tests.Workers;

/// <summary>What SSH.NET is relied upon for: that the authority named in a certificate has really signed all of it.</summary>
public sealed class HostCertificateConnectTests : IDisposable
{
    private readonly KeyFolder _keys = new();

    public void Dispose() => _keys.Dispose();

    [SshdTheory]
    [InlineData(null, null)]
    [InlineData("principal", "its signature is not that of the authority")]
    [InlineData("id", "its signature is not that of the authority")]
    [InlineData("signature", "its signature is not that of the authority")]
    [InlineData("authority", "no @cert-authority line")]
    public async Task A_certificate_that_was_altered_after_it_was_signed_is_refused(string? part, string? reason)
    {
        var (authority, other) = (_keys.Create("ca"), _keys.Create("other"));
        _keys.Create("host");
        Command.Run("ssh-keygen", "-q", "-s", _keys.File("ca"), "-I", "worker-1", "-h", "-n", "127.0.0.1,node-1", _keys.File("host.pub"));
        var certificate = Convert.FromBase64String(File.ReadAllText(_keys.File("host-cert.pub")).Split(' ')[1]);
        switch (part)
        {
            case "principal":
                Put(certificate, "node-1"u8, "node-2"u8);
                break;
            case "id":
                Put(certificate, "worker-1"u8, "worker-2"u8);
                break;
            case "signature":
                certificate[^1] ^= 1;
                break;
            case "authority":
                Put(certificate, authority.Blob, other.Blob);
                break;
        }
        using var server = new HandshakeServer(certificate, _keys.File("host"));
        File.WriteAllText(_keys.File("known_hosts"), $"@cert-authority * {authority}\n");
        var settings = new SshSettings { KnownHosts = _keys.File("known_hosts"), Identity = _keys.File("other"), HostKey = HostKeyMode.AcceptNew };
        var run = SshRun.For(settings);
        var worker = new WorkerAddress { Name = "w", Target = "/x", Host = "127.0.0.1", Port = server.Port, PortGiven = true, User = "u", Path = "/x" };
        var lost = await Assert.ThrowsAsync<WorkerLostException>(() => run.Connector.ConnectAsync(worker, default));
        // The server hangs up once its key is accepted: no more is asked of it.
        Assert.Equal(reason is null ? ErrorKind.Unreachable : ErrorKind.HostKey, lost.Kind);
        Assert.Contains(reason ?? "", lost.Message, StringComparison.Ordinal);
    }

    private static void Put(byte[] certificate, ReadOnlySpan<byte> old, ReadOnlySpan<byte> other)
    {
        var at = certificate.AsSpan().IndexOf(old);
        Assert.True(at > 0, Encoding.ASCII.GetString(old));
        other.CopyTo(certificate.AsSpan(at));
    }
}
