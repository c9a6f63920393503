using System.Text.Json;

namespace DepSync.Tests.Support;

/// <summary>
/// A manager, its workers and its settings in one temporary folder, and the program run on them as a user would. Nothing of the machine's own state, logs, keys or known_hosts
/// is touched. <c>settle</c> is off unless a test sets it: test files are young. Disposing ends the sshd and removes everything.
/// </summary>
internal sealed class Sandbox : IDisposable
{
    private readonly TempTree _root = new();
    private readonly List<string> _workers = [];
    private readonly Dictionary<string, string> _environment = [];
    private SshdServer? _sshd;

    public Sandbox() => Manager = new TempTree(_root, "manager");

    public TempTree Manager { get; }

    public string Folder => _root.Path;

    public string StateFolder => Path.Combine(Folder, "state");

    public string LogFolder => Path.Combine(Folder, "logs");

    public string KnownHosts => Path.Combine(Folder, "known_hosts");

    /// <summary>The sshd of this sandbox, started when it is first asked for.</summary>
    public SshdServer Sshd
    {
        get
        {
            if (_sshd is null)
            {
                _sshd = StartSshd();
                File.Copy(_sshd.KnownHosts, KnownHosts);
            }
            return _sshd;
        }
    }

    /// <summary>How it is started; set before it is asked for.</summary>
    public Func<SshdServer> StartSshd { get; init; } = () => SshdServer.Start();

    /// <summary>Lines of depsync.yaml beside the folders, the keys and <c>settle: 0</c>.</summary>
    public List<string> Settings { get; } = ["settle: 0"];

    /// <summary>The keys below <c>ssh</c>.</summary>
    public string Ssh { get; set; } = "known_hosts: known_hosts";

    /// <summary>Variables of the program's environment beside PATH and HOME.</summary>
    public Dictionary<string, string> Environment => _environment;

    public string LogText => string.Concat(Directory.EnumerateFiles(LogFolder).Order(StringComparer.Ordinal).Select(File.ReadAllText));

    /// <summary>Another tree in the sandbox, not a worker.</summary>
    public TempTree AddTree(string name) => new(_root, name);

    /// <summary>A worker that is a folder of this machine; the folder exists and is empty.</summary>
    public TempTree AddLocalWorker(string name)
    {
        AddLine($"./{name}   name={name}");
        return AddTree(name);
    }

    /// <summary>A worker behind a real sshd; the folder exists and is empty.</summary>
    public TempTree AddSshWorker(string name)
    {
        AddLine($"{Sshd.User}@127.0.0.1:{Folder}/{name}   name={name} port={Sshd.Port} identity={Sshd.ClientKey}");
        return AddTree(name);
    }

    /// <summary>Adds a line to workers-list.txt as it stands.</summary>
    public void AddLine(string line) => _workers.Add(line);

    /// <summary>Runs <c>depsync sync</c> to its end.</summary>
    public Task<ProcessOutcome> SyncAsync(params string[] options) => RunAsync(["sync", .. options]);

    /// <summary>Runs a verb to its end.</summary>
    public Task<ProcessOutcome> RunAsync(params string[] arguments) => Start(arguments).WaitAsync();

    public DepSyncProcess Start(params string[] arguments) => DepSyncProcess.Start(Folder, _environment, Arguments(arguments));

    /// <summary>The program with its arguments, once settings and list are written: for a shell that starts it.</summary>
    public string[] Command(params string[] arguments) => DepSyncProcess.CommandLine(Arguments(arguments));

    private string[] Arguments(string[] arguments)
    {
        var config = Path.Combine(Folder, "depsync.yaml");
        File.WriteAllLines(config, ["manager_dir: manager", "state_dir: state", "log: { dir: logs }", $"ssh: {{ {Ssh} }}", .. Settings]);
        File.WriteAllLines(Path.Combine(Folder, "workers-list.txt"), _workers);
        return [arguments[0], "--config", config, .. arguments[1..]];
    }

    /// <summary>The objects of a <c>--json</c> run, in order.</summary>
    public static IReadOnlyList<JsonElement> Json(ProcessOutcome outcome) =>
        [.. outcome.OutputLines.Select(line => JsonDocument.Parse(System.Text.Encoding.Latin1.GetBytes(line)).RootElement)];

    /// <summary>The <c>worker_done</c> objects by worker.</summary>
    public static Dictionary<string, JsonElement> Results(ProcessOutcome outcome) =>
        Json(outcome).Where(e => e.GetProperty("type").GetString() == "worker_done").ToDictionary(e => e.GetProperty("worker").GetString()!);

    public void Dispose()
    {
        _sshd?.Dispose();
        _root.Dispose();
    }
}
