using DepSync.Config;
using DepSync.Model;
using DepSync.Workers;

namespace DepSync.Tests.Support;

/// <summary>Settings, addresses and a connector for a test's sshd.</summary>
internal sealed class SshRun : IRunObserver
{
    private readonly List<RunEvent> _events = [];

    public required RunConfig Config { get; init; }

    /// <summary>Answers questions about host keys; null: there is no terminal.</summary>
    public HostKeyPrompt? Prompt { get; init; }

    public IEnumerable<string> Notes => _events.OfType<Note>().Select(note => note.Message);

    public WorkerConnector Connector => new(Config, this, Prompt, TimeProvider.System);

    /// <summary>Strict, with the server's own known_hosts and key.</summary>
    public static SshSettings Settings(SshdServer server, SshClientKind client = SshClientKind.Builtin) =>
        new() { Client = client, Identity = server.ClientKey, KnownHosts = server.KnownHosts, HostKey = HostKeyMode.Strict };

    public static SshRun For(SshSettings settings, HostKeyPrompt? prompt = null, bool dryRun = false) =>
        new() { Config = new RunConfig { ManagerDir = "/nowhere", Workers = [], Ssh = settings, DryRun = dryRun }, Prompt = prompt };

    public static WorkerAddress Worker(SshdServer server, string path, string name = "w") =>
        new() { Name = name, Target = path, Host = "127.0.0.1", Port = server.Port, PortGiven = true, User = server.User, Path = path };

    public static Task<IWorkerFileSystem> ConnectAsync(SshdServer server, string directory, SshClientKind client) =>
        For(Settings(server, client)).Connector.ConnectAsync(Worker(server, directory), default);

    public Task<IWorkerFileSystem> ConnectAsync(SshdServer server, string directory = "/tmp/depsync-target", string name = "w") =>
        Connector.ConnectAsync(Worker(server, directory, name), default);

    public void On(RunEvent runEvent)
    {
        lock (_events)
        {
            _events.Add(runEvent);
        }
    }
}
