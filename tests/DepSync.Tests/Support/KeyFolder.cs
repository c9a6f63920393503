using DepSync.Workers;

namespace DepSync.Tests.Support;

/// <summary>A temporary folder with keys made by <c>ssh-keygen</c>.</summary>
internal sealed class KeyFolder : IDisposable
{
    private readonly string _path = Directory.CreateTempSubdirectory("depsync-keys-").FullName;

    public string File(string name) => Path.Combine(_path, name);

    /// <summary>Makes a key pair called <paramref name="name"/>; its public key.</summary>
    public HostKey Create(string name, string type = "ed25519", string passphrase = "")
    {
        Command.Run("ssh-keygen", "-q", "-t", type, "-N", passphrase, "-C", "depsync-test", "-f", File(name));
        var fields = System.IO.File.ReadAllText(File(name) + ".pub").Split(' ');
        return HostKey.Parse(fields[0], fields[1].Trim())!;
    }

    public void Dispose() => Directory.Delete(_path, recursive: true);
}
