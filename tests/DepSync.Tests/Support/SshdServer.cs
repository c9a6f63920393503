using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace DepSync.Tests.Support;

/// <summary>How a test's sshd differs from the usual one.</summary>
internal sealed record SshdOptions
{
    /// <summary>The command of the sftp subsystem; <c>internal-sftp</c>, or the path of an external server.</summary>
    public string Sftp { get; init; } = "internal-sftp";

    public string SubsystemName { get; init; } = "sftp";

    /// <summary>Types of the host keys, as <c>ssh-keygen -t</c> takes them.</summary>
    public IReadOnlyList<string> HostKeys { get; init; } = ["ed25519"];

    /// <summary>Lines that come first in the configuration: the first value of a keyword wins.</summary>
    public IReadOnlyList<string> Lines { get; init; } = [];

    /// <summary>Called with the folder once the keys are there and before anything listens; gives further lines.</summary>
    public Func<string, IReadOnlyList<string>> Prepare { get; init; } = static _ => [];

    public static string ExternalSftp { get; } =
        Array.Find(["/usr/lib/openssh/sftp-server", "/usr/libexec/openssh/sftp-server", "/usr/lib/ssh/sftp-server", "/usr/libexec/sftp-server"], File.Exists) ?? "sftp-server";
}

/// <summary>
/// A real sshd on 127.0.0.1 with its own keys in its own folder, for the user who runs the tests (root or not). It listens when <see cref="Start"/> returns; disposing
/// ends it and its sessions. Safe for concurrent use.
/// </summary>
internal sealed class SshdServer : IDisposable
{
    private static readonly string? Program = Array.Find(
        ["/usr/sbin/sshd", "/usr/local/sbin/sshd", "/opt/homebrew/sbin/sshd", "/usr/bin/sshd"], File.Exists);

    private readonly ConcurrentQueue<string> _log = new();
    private readonly Process _process;

    private SshdServer(SshdOptions options)
    {
        Folder = Directory.CreateTempSubdirectory("depsync-sshd-").FullName;
        ClientKey = CreateKey("client_key", "ed25519");
        File.Copy(ClientKey + ".pub", Path.Combine(Folder, "authorized_keys"));
        foreach (var type in options.HostKeys)
        {
            CreateKey($"host_{type}", type);
        }
        HostKeyTypes = options.HostKeys;
        (_process, Port) = StartListening(options with { Lines = [.. options.Lines, .. options.Prepare(Folder)] });
        KnownHosts = Path.Combine(Folder, "known_hosts");
        File.WriteAllLines(KnownHosts, options.HostKeys.Select(KnownHostsLine));
    }

    /// <summary>Why tests that need sshd are skipped here; null when they run (always with <c>CI=true</c>).</summary>
    public static string? SkipReason { get; } =
        Program is null && Environment.GetEnvironmentVariable("CI") != "true" ? "sshd is not installed (package openssh-server)" : null;

    public string Folder { get; }

    public int Port { get; }

    public string User { get; } = Environment.UserName;

    /// <summary>Path of the private key that may log in.</summary>
    public string ClientKey { get; }

    /// <summary>A known_hosts file with all host keys of this server.</summary>
    public string KnownHosts { get; }

    public IReadOnlyList<string> HostKeyTypes { get; }

    public int ProcessId => _process.Id;

    /// <summary>What sshd wrote so far, for messages of failing tests.</summary>
    public string Log => string.Join('\n', _log);

    public static SshdServer Start(SshdOptions? options = null) => new(options ?? new SshdOptions());

    /// <summary><c>type base64</c> of a host key.</summary>
    public string HostKey(string type) => string.Join(' ', File.ReadAllText(Path.Combine(Folder, $"host_{type}.pub")).Split(' ', 3)[..2]).Trim();

    public string KnownHostsLine(string type) => $"[127.0.0.1]:{Port} {HostKey(type)}";

    /// <summary>Creates a key pair in the folder and returns the path of the private key.</summary>
    public string CreateKey(string name, string type, string passphrase = "")
    {
        var path = Path.Combine(Folder, name);
        Command.Run("ssh-keygen", "-q", "-t", type, "-N", passphrase, "-C", "depsync-test", "-f", path);
        return path;
    }

    /// <summary>Lets another key log in.</summary>
    public void Authorize(string key) => File.AppendAllText(Path.Combine(Folder, "authorized_keys"), File.ReadAllText(key + ".pub"));

    /// <summary>The processes of the sessions that are open now (Linux).</summary>
    public IReadOnlyList<int> Sessions() => Command.Descendants(ProcessId);

    public void Dispose()
    {
        Stop();
        _process.Dispose();
        Directory.Delete(Folder, recursive: true);
    }

    /// <summary>Ends the server and its sessions; keys and files stay.</summary>
    public void Stop()
    {
        if (_process.HasExited)
        {
            return;
        }
        // Stopped first, so that it starts no session between the listing and its end; sessions are killed because frozen ones would hold its error stream open.
        Command.Signal(ProcessId, "STOP");
        var sessions = Sessions();
        _process.Kill();
        foreach (var session in sessions)
        {
            Command.Signal(session, "KILL");
        }
        _process.WaitForExit();
    }

    private (Process Process, int Port) StartListening(SshdOptions options)
    {
        if (Program is null)
        {
            throw new InvalidOperationException("sshd is not installed (package openssh-server).");
        }
        if (Environment.IsPrivilegedProcess)
        {
            // Where sshd separates privileges; the service unit makes it, and nobody else does.
            Directory.CreateDirectory("/run/sshd");
        }
        // A port that was free a moment ago may be taken: then with another one.
        for (var attempt = 1; ; attempt++)
        {
            var port = FreePort();
            var config = Path.Combine(Folder, "sshd_config");
            File.WriteAllLines(config, Configuration(options, port));
            var start = new ProcessStartInfo(Program) { RedirectStandardError = true, RedirectStandardInput = true, ArgumentList = { "-D", "-e", "-f", config } };
            var process = Process.Start(start)!;
            if (WaitUntilListening(process))
            {
                return (process, port);
            }
            process.WaitForExit();
            process.Dispose();
            if (attempt == 5)
            {
                throw new InvalidOperationException($"sshd did not start:\n{Log}");
            }
        }
    }

    private bool WaitUntilListening(Process process)
    {
        var listening = new TaskCompletionSource<bool>();
        process.ErrorDataReceived += (_, data) =>
        {
            _log.Enqueue(data.Data ?? "");
            if (data.Data is null || data.Data.StartsWith("Server listening on", StringComparison.Ordinal))
            {
                listening.TrySetResult(data.Data is not null);
            }
        };
        process.BeginErrorReadLine();
        return listening.Task.GetAwaiter().GetResult();
    }

    private IEnumerable<string> Configuration(SshdOptions options, int port) =>
    [
        .. options.Lines,
        $"ListenAddress 127.0.0.1:{port.ToString(CultureInfo.InvariantCulture)}",
        .. options.HostKeys.Select(type => $"HostKey {Path.Combine(Folder, $"host_{type}")}"),
        $"AuthorizedKeysFile {Path.Combine(Folder, "authorized_keys")}",
        "PidFile none",
        "UsePAM no",
        "StrictModes no",
        "PermitRootLogin yes",
        "PasswordAuthentication no",
        "KbdInteractiveAuthentication no",
        "PrintMotd no",
        // Of this keyword some versions take the last value and not the first.
        .. options.Lines.Any(line => line.StartsWith("MaxStartups ", StringComparison.Ordinal)) ? Array.Empty<string>() : ["MaxStartups 500"],
        "MaxSessions 50",
        "LogLevel VERBOSE",
        $"Subsystem {options.SubsystemName} {options.Sftp}",
    ];

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
