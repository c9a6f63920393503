using System.Globalization;
using DepSync.Config;
using DepSync.Model;

namespace DepSync.Workers;

/// <summary>
/// The arguments of <c>ssh</c> for one worker. Pure. The forced options stand first, because the first value wins in ssh: neither <c>~/.ssh/config</c> nor a command hidden in the
/// destination changes them. Port, user and identity are left to ssh's own configuration unless ours names them.
/// <para>Host keys: <c>ask</c> is strict, for there is nobody whom ssh could ask in batch mode (<c>depsync trust</c> records keys). <c>insecure</c>, and <c>accept-new</c> in
/// a dry run, read the files but have ssh write to the null device: it appends to the first of its list.</para>
/// </summary>
internal static class OpenSshArguments
{
    private static readonly string[] Forced =
    [
        "BatchMode=yes", "ControlMaster=no", "ControlPath=none", "ForwardAgent=no", "ForwardX11=no", "ClearAllForwardings=yes", "PermitLocalCommand=no", "RequestTTY=no",
        "UpdateHostKeys=no",
    ];

    /// <summary>For the <c>sftp</c> subsystem.</summary>
    public static IReadOnlyList<string> For(WorkerAddress worker, SshSettings settings, HostKeyWriting writing) => [.. Options(worker, settings, writing), "-s", "--", worker.Host!, "sftp"];

    /// <summary>For a command by the login shell, with the same options.</summary>
    public static IReadOnlyList<string> ForCommand(WorkerAddress worker, SshSettings settings, HostKeyWriting writing, string commandLine) =>
        [.. Options(worker, settings, writing), "--", worker.Host!, commandLine];

    private static List<string> Options(WorkerAddress worker, SshSettings settings, HostKeyWriting writing)
    {
        var options = new List<string>(Forced)
        {
            $"ConnectTimeout={Seconds(settings.ConnectTimeout)}",
            // Three unanswered questions within idle_timeout: ssh itself then notices a frozen peer no later than the requests above it do.
            $"ServerAliveInterval={Seconds(settings.IdleTimeout / 3)}",
            "ServerAliveCountMax=3",
            $"StrictHostKeyChecking={settings.HostKey switch { HostKeyMode.AcceptNew => "accept-new", HostKeyMode.Insecure => "no", _ => "yes" }}",
        };
        if (settings.Compress)
        {
            options.Add("Compression=yes");
        }
        if (writing == HostKeyWriting.Forbidden)
        {
            // Clients before 8.5 would note addresses of known hosts even in strict mode.
            options.Add("CheckHostIP=no");
        }
        if (settings.HostKey == HostKeyMode.Insecure || (writing == HostKeyWriting.Forbidden && settings.HostKey == HostKeyMode.AcceptNew))
        {
            options.Add($"UserKnownHostsFile=/dev/null {Quote(settings.KnownHosts ?? "~/.ssh/known_hosts")}");
        }
        else if (settings.KnownHosts is { } file)
        {
            options.Add($"UserKnownHostsFile={Quote(file)}");
        }
        if ((worker.Identity ?? settings.Identity) is { } identity)
        {
            options.Add("IdentitiesOnly=yes");
            options.Add($"IdentityFile={Quote(identity)}");
        }
        var arguments = new List<string>();
        foreach (var option in options)
        {
            arguments.AddRange(["-o", option]);
        }
        if (worker.PortGiven)
        {
            arguments.AddRange(["-p", worker.Port.ToString(CultureInfo.InvariantCulture)]);
        }
        if (worker.User is { } user)
        {
            arguments.AddRange(["-l", user]);
        }
        return arguments;
    }

    private static string Seconds(TimeSpan time) => Math.Max(1, (int)Math.Ceiling(time.TotalSeconds)).ToString(CultureInfo.InvariantCulture);

    /// <summary>As ssh_config reads an argument: in double quotes, and a percent sign is not the begin of a token.</summary>
    private static string Quote(string path) =>
        '"' + path.Replace("%", "%%", StringComparison.Ordinal).Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal) + '"';
}

/// <summary>Whether keys may be written to known_hosts; a dry run writes nothing anywhere.</summary>
internal enum HostKeyWriting
{
    Allowed,
    Forbidden,
}
