using DepSync.Config;
using DepSync.Model;
using DepSync.Platform;

namespace DepSync.Workers;

/// <summary>
/// <c>ssh.client: openssh</c>: an <c>ssh -s -- host sftp</c> process, for agents, <c>~/.ssh/config</c>, jump hosts, certificates and security keys. ssh says nothing when it is
/// connected, so the stream comes back at once and a failed connect shows in its first read: it throws the <see cref="WorkerLostException"/> that <see cref="IWorkerTransport"/>
/// promises. <c>connect_timeout</c> runs until the first byte of the server. One use. A command beside it is another process, and so another login.
/// </summary>
internal sealed class OpenSshTransport(WorkerAddress worker, SshSettings settings, HostKeyWriting writing) : IWorkerTransport
{
    /// <summary>What ssh needs to find the user, agents and its own helpers; not what would change what is loaded or asked (LD_*, SSH_ASKPASS).</summary>
    private static readonly string[] Environment =
    [
        "HOME", "USER", "LOGNAME", "PATH", "LANG", "LC_*", "TZ", "TMPDIR", "SSH_AUTH_SOCK", "KRB5*", "XDG_RUNTIME_DIR",
        "SystemRoot", "SystemDrive", "USERPROFILE", "USERNAME", "ProgramData", "TEMP", "TMP", "Path",
    ];

    private static string Program => OperatingSystem.IsWindows() ? "ssh.exe" : "ssh";

    public Task<TransportStream> OpenAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var owner = HostKeyOwner.Of(worker, KnownHostsStore.Open(settings.KnownHosts).UserFile);
        var process = Start(OpenSshArguments.For(worker, settings, writing));
        return Task.FromResult(new TransportStream(new OpenSshStream(process, owner, settings.ConnectTimeout), () => process.ErrorText) { StartCommand = StartAsync, EachCommandIsALogin = true });
    }

    private static RunningProcess Start(IReadOnlyList<string> arguments)
    {
        try
        {
            return ProcessRunner.Start(new ProcessRequest(Program, arguments) { Environment = Environment });
        }
        catch (DepSyncException e)
        {
            throw new WorkerLostException(ErrorKind.Unreachable, e.Message, "Install the OpenSSH client, or set `ssh.client: builtin`.", e);
        }
    }

    private Task<IShellCommand> StartAsync(string commandLine, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return Task.FromResult<IShellCommand>(new OpenSshCommand(Start(OpenSshArguments.ForCommand(worker, settings, writing, commandLine))));
    }
}
