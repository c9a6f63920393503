using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using DepSync.Config;
using DepSync.Model;
using DepSync.Platform;

namespace DepSync.Workers;

/// <summary>
/// What decides on this machine whether a login succeeds, as one short text: it differs when user, client, or a key file (path, inode, size, times, rights) has changed. Contents
/// are not read, and nothing of them is in the text. What an agent holds is not seen.
/// </summary>
internal static class LoginTraits
{
    private static readonly string[] DefaultFiles = [.. SshIdentity.DefaultNames, "config"];

    /// <summary>Which login it is: targets that have the same are logged in to with the same user and key at the same address, as far as their lines and the settings tell.</summary>
    public static string Key(WorkerAddress worker, SshSettings settings)
    {
        // Without a user the ssh program may take one from its own configuration.
        var user = worker.User ?? (settings.Client == SshClientKind.Builtin ? Environment.UserName : "");
        return string.Create(CultureInfo.InvariantCulture, $"{user}@{worker.Host!.ToUpperInvariant()}:{worker.Port} {worker.Identity ?? settings.Identity}");
    }

    public static string Of(WorkerAddress worker, SshSettings settings)
    {
        var identity = worker.Identity ?? settings.Identity;
        var passphrase = settings.PassphraseFile ?? Environment.GetEnvironmentVariable(SshIdentity.PassphraseVariable);
        string[] files = [.. DefaultFiles.Select(name => Path.Combine(KnownHostsStore.SshFolder, name)), identity ?? "", identity is null ? "" : identity + "-cert.pub", passphrase ?? ""];
        string[] parts = [worker.User ?? Environment.UserName, settings.Client.ToString(), Environment.GetEnvironmentVariable("SSH_AUTH_SOCK") ?? "", .. files.Select(FileTrait)];
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', parts))))[..16];
    }

    private static string FileTrait(string path)
    {
        if (path.Length == 0)
        {
            return "";
        }
        try
        {
            var info = new FileInfo(path);
            if (!info.Exists || OperatingSystem.IsWindows())
            {
                return info.Exists ? string.Create(CultureInfo.InvariantCulture, $"{path} {info.Length} {info.LastWriteTimeUtc.Ticks}") : $"{path} absent";
            }
            // Looked at and not opened: it may be a pipe, which is read once.
            var real = RealPath.Of(path)!;
            using var folder = UnixDirectory.Open(Path.GetDirectoryName(real) ?? "/");
            return folder?.Find(Encoding.UTF8.GetBytes(Path.GetFileName(real))) is not { } stat ? $"{path} absent" : string.Create(CultureInfo.InvariantCulture, $"{path} {stat.Inode} {stat.Size} {stat.ModifiedNs} {stat.ChangedNs} {stat.Mode}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return $"{path} unreadable";
        }
    }
}
