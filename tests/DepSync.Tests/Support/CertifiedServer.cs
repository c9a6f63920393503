namespace DepSync.Tests.Support;

/// <summary>An sshd whose host keys a new authority, the key <c>ca</c> in its folder, has signed.</summary>
internal static class CertifiedServer
{
    /// <summary>What makes it a host's certificate for 127.0.0.1, as <c>ssh-keygen</c> takes it.</summary>
    public static readonly string[] ForThisHost = ["-h", "-n", "127.0.0.1"];

    /// <param name="signing">Further arguments of <c>ssh-keygen -s</c>.</param>
    /// <param name="types">Of the host keys; ed25519 when none is given.</param>
    public static SshdServer Start(string[] signing, params string[] types) => SshdServer.Start(new SshdOptions
    {
        // The certificate is looked at again with each exchange of keys.
        Lines = ["RekeyLimit 512K"],
        HostKeys = types.Length > 0 ? types : ["ed25519"],
        Prepare = folder =>
        {
            var authority = Path.Combine(folder, "ca");
            Command.Run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", authority);
            var keys = Directory.GetFiles(folder, "host_*.pub");
            foreach (var key in keys)
            {
                Command.Run("ssh-keygen", ["-q", "-s", authority, "-I", "worker", .. signing, key]);
            }
            return [.. keys.Select(key => $"HostCertificate {Path.ChangeExtension(key, null)}-cert.pub")];
        },
    });

    /// <summary><c>type base64</c> of a key in the server's folder.</summary>
    public static string PublicKey(SshdServer server, string name) => string.Join(' ', File.ReadAllText(Path.Combine(server.Folder, name + ".pub")).Split(' ', 3)[..2]).Trim();
}
