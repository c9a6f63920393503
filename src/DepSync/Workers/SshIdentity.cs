using System.Security.Cryptography;
using DepSync.Model;
using DepSync.Platform;
using Renci.SshNet;
using Renci.SshNet.Common;

namespace DepSync.Workers;

/// <summary>
/// The private keys that the builtin client logs in with: the configured one, else those of <c>~/.ssh/id_ed25519</c>, <c>id_ecdsa</c> and <c>id_rsa</c> that are there.
/// A key that others can read is refused, as OpenSSH does; a configured key must be usable, a default one that is encrypted is passed over when no passphrase is given.
/// </summary>
internal sealed class SshIdentity(string folder, string? passphraseFile)
{
    /// <summary>Names the file that holds the passphrase of encrypted keys. Never an option or a value in a file: both are seen by others.</summary>
    public const string PassphraseVariable = "DEPSYNC_PASSPHRASE_FILE";

    /// <summary>OpenSSH's own bound on a key file.</summary>
    private const int MaxBytes = 1 << 20;

    private const int OthersBits = 0b000_111_111;

    private const int OthersWriteBits = 0b000_010_010;

    /// <summary>In the user's folder, when no key is configured.</summary>
    public static readonly string[] DefaultNames = ["id_ed25519", "id_ecdsa", "id_rsa"];

    /// <summary>Of the user and the environment of this process.</summary>
    public static SshIdentity OfThisUser() => new(KnownHostsStore.SshFolder, Environment.GetEnvironmentVariable(PassphraseVariable));

    /// <exception cref="WorkerLostException">No key can be used (Login): the message names the file, the hint the command that mends it.</exception>
    public IReadOnlyList<IPrivateKeySource> Load(string? configured)
    {
        var passphrase = string.IsNullOrEmpty(passphraseFile) ? null : ReadPassphrase(passphraseFile);
        if (configured is not null)
        {
            if (configured.EndsWith(".pub", StringComparison.Ordinal))
            {
                throw Refused($"{configured} is a public key.", $"Name the private one, {configured[..^".pub".Length]}");
            }
            return [LoadKey(configured, passphrase) ?? throw Encrypted(configured)];
        }
        var present = DefaultNames.Select(name => Path.Combine(folder, name)).Where(File.Exists).ToArray();
        var usable = present.Select(path => LoadKey(path, passphrase)).OfType<IPrivateKeySource>().ToArray();
        return usable.Length > 0
            ? usable
            : throw (present.Length > 0
                ? Encrypted(present[0])
                : Refused($"There is no key to log in with: none of {string.Join(", ", DefaultNames)} is in {folder}.", "Name one with --identity, or create one with ssh-keygen -t ed25519."));
    }

    /// <summary>The key; null when it is encrypted and there is no passphrase.</summary>
    private static PrivateKeyFile? LoadKey(string path, string? passphrase)
    {
        try
        {
            using var content = new MemoryStream(ReadPrivate(path));
            return new PrivateKeyFile(content, passphrase);
        }
        catch (SshPassPhraseNullOrEmptyException)
        {
            return null;
        }
        catch (Exception e) when (e is SshException or CryptographicException or FormatException or NotSupportedException or ArgumentException or InvalidOperationException)
        {
            throw Refused(
                $"The key {path} cannot be used: {e.Message}",
                passphrase is null ? "It must be a private key in OpenSSH, PEM, PKCS#8 or PuTTY format." : $"Is the passphrase in the file that {PassphraseVariable} names the right one?", e);
        }
    }

    private static string ReadPassphrase(string path)
    {
        using var reader = new StreamReader(new MemoryStream(ReadPrivate(path)));
        return reader.ReadLine() ?? "";
    }

    /// <summary>Reads a secret and checks, on the open file, that it is one.</summary>
    private static byte[] ReadPrivate(string path)
    {
        try
        {
            using var file = File.OpenHandle(path, options: FileOptions.SequentialScan);
            if (!OperatingSystem.IsWindows() && Exposed(path, UnixStat.Of(file), (int)CLibrary.GetEUid()) is { } exposed)
            {
                throw exposed;
            }
            var content = new byte[Math.Min(RandomAccess.GetLength(file), MaxBytes)];
            return content[..RandomAccess.Read(file, content, 0)];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Refused($"{path} cannot be read by user {Environment.UserName}: {e.Message}", null, e);
        }
    }

    /// <summary>
    /// OpenSSH's rule: a key of the user who runs must be closed to group and others. Beyond it, a key of neither that user nor root is refused unless root runs, who may
    /// use a user's own key; it is held to the same mode. Root's key may be lent to a group or, as mounted secrets are, to all for reading; never for writing.
    /// </summary>
    public static WorkerLostException? Exposed(string path, UnixStat stat, int user)
    {
        if (stat.Uid != user && stat.Uid != 0 && user != 0)
        {
            return Refused($"{path} belongs to another user (uid {stat.Uid}), who can read and change it.", $"chown {Environment.UserName} {path}");
        }
        var mode = Convert.ToString(stat.Mode & 0x1ff, 8).PadLeft(4, '0');
        return (stat.Mode & OthersBits) != 0 && (stat.Uid == user || user == 0) ? Refused($"{path} has mode {mode}: others can read it.", $"chmod 600 {path}")
            : (stat.Mode & OthersWriteBits) != 0 ? Refused($"{path} has mode {mode}: others can change it.", $"chmod go-w {path}")
            : null;
    }

    private static WorkerLostException Encrypted(string path) => Refused(
        $"The key {path} is encrypted, and there is nobody to ask for its passphrase.",
        $"Write the passphrase to a file of mode 0600 and name that file in {PassphraseVariable}, or set `ssh.client: openssh` and use an agent.");

    private static WorkerLostException Refused(string message, string? hint, Exception? inner = null) => new(ErrorKind.Login, message, hint, inner);
}
