using System.Collections.Concurrent;
using System.Runtime.Versioning;
using DepSync.Cli;
using DepSync.Model;
using DepSync.Tests.Support;
using DepSync.Workers;

namespace DepSync.Tests.Release;

/// <summary>What a run does when its connection was lost before the commit, and it is tried once more.</summary>
internal enum SecondConnection
{
    Refused,
    Works,
}

/// <summary>
/// Pushes of one <see cref="PushCase"/>, again and again from the same beginning, to a real sftp-server, over a wire on which one packet goes wrong; and the promises that hold
/// then. Beside the worker lies a tree to which its login may write, and which nothing may change.
/// </summary>
[UnsupportedOSPlatform("windows")]
internal sealed class WireScenario : IDisposable
{
    public const string CopyData = "Extended copy-data";

    public const string WithoutExtensions = "posix-rename,hardlink,fsync";

    /// <summary>A run that takes longer hangs: one takes some 10 ms.</summary>
    private static readonly TimeSpan Hang = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan IdleTimeout = TimeSpan.FromSeconds(30);

    /// <summary>For a run in which a command is to run into its deadline while all else goes on.</summary>
    private static readonly TimeSpan AnyTime = TimeSpan.FromDays(1);

    private static readonly string[] LookedAt = ["Write", "Fsetstat", CopyData];

    private readonly TempTree _outside;
    private readonly string _untouched;
    private readonly string[] _options;
    private readonly PushCase _push;
    private readonly ConcurrentStack<(SftpServerProcess Server, LocalShell Shell)> _servers = new();
    private readonly ConcurrentStack<SftpWire> _wires = new();

    private ReleaseFixture? _other;

    private WireScenario(TempTree folder, string[] options, PushCase push)
    {
        (_options, _push) = (options, push);
        Folder = folder;
        _outside = new TempTree(folder, "outside").Write("file", "outside").Write("deep/er", "outside too").SetModified("file"u8, 1_500_000_000);
        SftpServerProcess.OwnAll(_outside);
        _untouched = Untouched();
        Run = new ReleaseFixture(folder)
        {
            Healthy = (address, cancellationToken) => ConnectAsync(address, cancellationToken),
            Target = new WorkerAddress { Name = "worker", Target = "host:worker", Host = "host", User = "user", Path = Path.Combine(folder.Path, "worker") },
        };
        Run.Connect = Run.Healthy;
        Run.Own();
    }

    public ReleaseFixture Run { get; }

    public TempTree Folder { get; }

    /// <summary>What is to go wrong with the commands of the next runs.</summary>
    public ShellScript? Shell { private get; set; }

    public FaultScenario Push { get; private set; } = null!;

    private bool IsAtomic => !_options.Any(option => option.Contains("posix-rename", StringComparison.Ordinal));

    /// <param name="hidden">Extensions that the server does not offer; empty for none.</param>
    public static async Task<WireScenario> PrepareAsync(PushCase push, string hidden = "")
    {
        var scenario = new WireScenario(TempTree.InMemory(), hidden.Length == 0 ? [] : ["-P", hidden], push);
        scenario.Push = await FaultScenario.PrepareAsync(push, scenario.Run);
        return scenario;
    }

    /// <summary>A push without a fault, to learn what goes over the wire.</summary>
    public async Task<WireScript> RecordAsync()
    {
        var script = new WireScript(WireFault.None, 0);
        var result = await PushAsync(script, SecondConnection.Works);
        Assert.True(result.Error is null, $"without a fault: {result.Error}");
        Assert.Equal(_push.Copies, script.Requests.Count(request => request.StartsWith(CopyData, StringComparison.Ordinal)));
        return script;
    }

    /// <summary>One push with a fault, to its end and to the server's.</summary>
    public Task<WorkerResult> PushAsync(WireScript script, SecondConnection second)
    {
        Push.Restore();
        return RunAsync(script, second);
    }

    /// <summary>As <see cref="PushAsync"/>, from what is there.</summary>
    public async Task<WorkerResult> RunAsync(WireScript script, SecondConnection second)
    {
        var connections = 0;
        Run.Connect = (address, cancellationToken) =>
            Interlocked.Increment(ref connections) == 1 ? ConnectAsync(address, script, cancellationToken)
            : second == SecondConnection.Works ? ConnectAsync(address, cancellationToken)
            : throw new WorkerLostException(ErrorKind.Unreachable, "nobody is there");
        var result = await Run.SyncAsync(Run.Config).WaitAsync(Hang);
        await EndAsync();
        return result;
    }

    /// <summary>A push with a fault, what must hold right after it, and a run that heals it.</summary>
    /// <returns>Whether it came to the fault: requests that do not wait for each other are not always as many.</returns>
    /// <param name="request">Those that <paramref name="at"/> counts; a fault of replies hits the one to it.</param>
    public async Task<bool> AssertSurvivesAsync(WireFault fault, string request, int at, SecondConnection second)
    {
        var torn = new List<string>();
        var script = new WireScript(fault, at) { Of = request, Before = () => torn.AddRange(Torn()) };
        var result = await PushAsync(script, second);
        Assert.True(torn.Count == 0, string.Join(", ", torn));
        Push.AssertOldOrNew(IsAtomic || !MayStop(fault) ? 0 : 1);
        AssertTold(script, result, second);
        if (result.Error is null && !IsBelieved(script))
        {
            Assert.Equal(Push.After, Push.Live());
            Push.AssertFileAttributes();
        }
        if (!IsAtomic)
        {
            await AssertOthersAreRefusedAsync();
        }
        await AssertHealsAsync(isAllKept: IsAtomic && fault is not (WireFault.DenyDone or WireFault.ClaimDone or WireFault.PretendDone));
        return script.HasHit;
    }

    /// <summary>A push with one command that goes wrong: nobody sees half a file, the push is done all the same, and the next one finds nothing left to do.</summary>
    /// <returns>Whether it came to the fault, and what went over the wire.</returns>
    public async Task<(bool HasHit, WireScript Wire)> AssertSurvivesAsync(ShellFault fault, int at)
    {
        var torn = new List<string>();
        Shell = new ShellScript(fault, at) { Before = () => torn.AddRange(Torn()) };
        var (shell, wire) = (Shell, new WireScript(WireFault.None, 0));
        var result = await PushAsync(wire, SecondConnection.Refused);
        Shell = null;
        Assert.True(torn.Count == 0, string.Join(", ", torn));
        Assert.True(result is { Status: WorkerStatus.Synced, Error: null }, $"ended with {result}");
        Assert.Equal(Push.After, Push.Live());
        await AssertHealsAsync(isAllKept: true);
        return (shell.HasHit, wire);
    }

    /// <summary>Where large files are put together, only the requests that do it are called done and not carried out; the others are those of any push.</summary>
    public bool IsOfInterest(string request, WireFault fault, bool isThorough) =>
        isThorough || fault != WireFault.PretendDone || _push.Copies == 0 || request.StartsWith("Write", StringComparison.Ordinal) || request.StartsWith(CopyData, StringComparison.Ordinal);

    private async Task AssertHealsAsync(bool isAllKept)
    {
        await Push.AssertConvergesAsync();
        if (isAllKept)
        {
            Push.AssertNothingLost();
        }
        await EndAsync();
        Assert.Equal(_untouched, Untouched());
    }

    /// <summary>What a server calls done and has not done is believed, except where a file's bytes or its attributes hang on it.</summary>
    private static bool IsBelieved(WireScript script) =>
        script is { Fault: WireFault.PretendDone, HasHit: true } && !LookedAt.Any(request => script.Struck!.StartsWith(request, StringComparison.Ordinal));

    /// <summary>Whatever happened, the worker is not free for another manager to take.</summary>
    public async Task AssertOthersAreRefusedAsync()
    {
        _other ??= Run.OtherManager("second");
        var refused = await _other.SyncAsync(_other.Config with { DryRun = true }).WaitAsync(Hang);
        Assert.True(refused.Error?.Kind == ErrorKind.Fenced, $"another manager would go on: {refused}");
    }

    /// <summary>Once more: nothing differs and no request changes anything.</summary>
    public async Task AssertQuietAsync()
    {
        var script = new WireScript(WireFault.None, 0);
        Run.Connect = (address, cancellationToken) => ConnectAsync(address, script, cancellationToken);
        var quiet = await Run.SyncAsync().WaitAsync(Hang);
        await EndAsync();
        Assert.True(quiet is { Status: WorkerStatus.Unchanged, Error: null }, $"the run after the next one: {quiet}");
        Assert.DoesNotContain(script.Requests, IsChange);
    }

    public static bool IsChange(string request) => WireScript.IsAnsweredByStatus(request) && !request.StartsWith("Close", StringComparison.Ordinal);

    public Task<IWorkerFileSystem> ConnectAsync(WorkerAddress address, WireScript script, CancellationToken cancellationToken) =>
        ConnectAsync(address, NewWire(script), cancellationToken);

    public SftpWire NewWire(WireScript script)
    {
        var wire = new SftpWire(SftpServerProcess.Start(Folder.Path, _options), script, Shell ?? (_push.HasShell ? new ShellScript(ShellFault.None, 0) : null));
        _wires.Push(wire);
        return wire;
    }

    public static async Task<IWorkerFileSystem> ConnectAsync(WorkerAddress address, SftpWire wire, CancellationToken cancellationToken) =>
        await SftpWorker.OpenAsync(wire.Transport, address.Path, new SftpWorkerOptions(wire.Waits ? AnyTime : IdleTimeout, wire.Clock), cancellationToken);

    public async Task<IWorkerFileSystem> ConnectAsync(WorkerAddress address, CancellationToken cancellationToken)
    {
        var server = SftpServerProcess.Start(Folder.Path, _options);
        var shell = new LocalShell(new ShellScript(ShellFault.None, 0), new FakeTimeProvider());
        _servers.Push((server, shell));
        var transport = server.Transport with { StartCommand = _push.HasShell ? shell.StartAsync : null };
        return await SftpWorker.OpenAsync(transport, address.Path, new SftpWorkerOptions(IdleTimeout, TimeProvider.System), cancellationToken);
    }

    /// <summary>Waits until no server has anything left to do.</summary>
    public async Task EndAsync()
    {
        while (_wires.TryPop(out var wire))
        {
            await wire.EndedAsync().WaitAsync(Hang);
        }
        while (_servers.TryPop(out var healthy))
        {
            await healthy.Shell.EndedAsync();
            healthy.Server.Dispose();
        }
    }

    public void Dispose()
    {
        foreach (var wire in _wires)
        {
            wire.Dispose();
        }
        foreach (var (server, shell) in _servers)
        {
            shell.End();
            server.Dispose();
        }
        _other?.Dispose();
        Run.Dispose();
    }

    /// <summary>A path between whose two renames the run may have ended, on a server that cannot replace in one.</summary>
    private static bool MayStop(WireFault fault) => fault is not (WireFault.None or WireFault.DelayReply or WireFault.ReverseReplies);

    /// <summary>The contract's code for each end, and never one without a word.</summary>
    private static void AssertTold(WireScript script, WorkerResult result, SecondConnection second)
    {
        ErrorKind?[] expected = (script.HasHit, script.Fault) switch
        {
            (false, _) or (_, WireFault.DelayReply or WireFault.ReverseReplies) => [null],
            (_, WireFault.StallAtRequest or WireFault.StallAtReply or WireFault.DropReply) => [ErrorKind.IdleTimeout],
            (_, WireFault.RepeatReply or WireFault.ForeignId) => [ErrorKind.Protocol],
            // What the worker says is believed: a refusal is one of that entry, of the target or of nothing that matters; what it calls done is looked at where a file's bytes hang on it.
            (_, WireFault.DenyDone) => [null, ErrorKind.Entries, ErrorKind.Target, ErrorKind.Fenced],
            (_, WireFault.SwapRequests) => [null, ErrorKind.Entries, ErrorKind.Target],
            (_, WireFault.PretendDone) => [null, ErrorKind.Entries, ErrorKind.Target, ErrorKind.Fenced],
            (_, WireFault.ClaimDone) => [null, ErrorKind.Entries, ErrorKind.Target, ErrorKind.Protocol],
            _ when second == SecondConnection.Refused => [ErrorKind.ConnectionLost, ErrorKind.Unreachable],
            _ => [null, ErrorKind.ConnectionLost],
        };
        // Once everything is recorded a lost connection costs a warning: what is left to put away is the next run's.
        var isAfterwards = result is { Status: WorkerStatus.Synced, Error: null };
        Assert.True(isAfterwards || expected.Contains(result.Error?.Kind), $"ended with {result.Error}");
        var code = ExitCodes.ForWorker(result);
        Assert.Equal(result.Error?.Kind switch { null => 0, ErrorKind.Fenced => 41, ErrorKind.Unreachable => 45, _ => 23 }, code);
        Assert.True(result.Error is null or { Message.Length: > 0 });
    }

    /// <summary>Each live file as a reader finds it just now: whole, old or new.</summary>
    private IEnumerable<string> Torn()
    {
        var after = Push.After;
        foreach (var path in Push.Before.Keys.Union(after.Keys))
        {
            // What is a link at one of both times is not read: a reader comes to the tree outside.
            var isLink = new[] { Push.Before, after }.Any(facts => facts.GetValueOrDefault(path, "").StartsWith("l ", StringComparison.Ordinal));
            if (!isLink && Fact(path) is { } found && found != Push.Before.GetValueOrDefault(path) && found != after.GetValueOrDefault(path))
            {
                yield return $"{path} holds '{found}'";
            }
        }
    }

    private string? Fact(string path)
    {
        try
        {
            return "f " + File.ReadAllText(Path.Combine(Run.Worker.Path, path));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Not there just now, or no file.
            return null;
        }
    }

    private string Untouched()
    {
        var tree = DiskTree.Read(_outside.Path);
        return string.Join('\n', tree.Entries.Prepend(tree.Root!).Select(entry => $"{entry}"));
    }
}
