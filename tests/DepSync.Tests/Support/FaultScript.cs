using DepSync.Model;
using DepSync.Workers;

namespace DepSync.Tests.Support;

/// <summary>What happens to which call of a run's connections, and what they were. One script serves all connections of a run. Safe for concurrent use.</summary>
internal sealed class FaultScript
{
    private readonly Lock _lock = new();
    private readonly List<string> _calls = [];
    private bool _cut;

    internal enum Fate
    {
        Made,
        Fail,
        Cut,
    }

    /// <summary>Counted from 1: this call and all later ones find the connection gone; with <see cref="CutOnce"/> only those of the same connection.</summary>
    public int? CutAt { get; init; }

    public bool CutOnce { get; init; }

    /// <summary>At which calls the connection that makes them is gone; other connections go on.</summary>
    public Func<string, bool> CutOnceWhen { get; init; } = _ => false;

    /// <summary>Exactly this call fails.</summary>
    public int? FailAt { get; init; }

    /// <summary>Which calls, told as in <see cref="Calls"/>, fail beside that one.</summary>
    public Func<string, bool> Fails { get; init; } = _ => false;

    public WorkerFileError Error { get; init; } = WorkerFileError.Failure;

    public Func<WorkerCapabilities, WorkerCapabilities> Able { get; init; } = able => able;

    /// <summary>The worker hashes its files itself and flushes its filesystem at once, as over SSH with <c>exec</c>.</summary>
    public bool Shell { get; init; }

    /// <summary>The worker copies between its files, and hashes them itself, as one over SSH does.</summary>
    public bool Copies { get; init; }

    /// <summary>With <see cref="Copies"/>: what arrives of the bytes that are copied. One that is cut short is found out by the size, as by the real worker.</summary>
    public Func<byte[], byte[]> Copied { get; init; } = bytes => bytes;

    /// <summary>The user that the connection acts as although it is root: what it makes is shown as its own, and missing rights are refused as by the kernel.</summary>
    public int? Login { get; init; }

    /// <summary>With a <see cref="Login"/>: what is shown as another user's.</summary>
    public Func<RelativePath, bool> IsForeign { get; init; } = _ => false;

    /// <summary>What the server says of an entry when it is looked at by its path or its handle, whatever it was told to make of it.</summary>
    public Func<RelativePath, WorkerEntry, WorkerEntry> Shown { get; init; } = (_, entry) => entry;

    /// <summary>Is called after each call's number was given and before it is made.</summary>
    public Action<string>? Before { get; init; }

    /// <summary>Each call is answered before it returns, so that one run makes no two calls at once, over SFTP too.</summary>
    public bool OneByOne { get; init; }

    /// <summary>As <c>verb path</c> or <c>verb from -> to</c>, in order.</summary>
    public IReadOnlyList<string> Calls
    {
        get
        {
            lock (_lock)
            {
                return [.. _calls];
            }
        }
    }

    public static WorkerCapabilities WithoutExtensions(WorkerCapabilities able) => able with { AtomicReplace = false, HardLinks = false, DurableFlush = false, LinkTimes = false };

    public ConnectWorker Connect => (address, _) => Task.FromResult<IWorkerFileSystem>(new FaultyWorker(LocalWorker.Open(address.Path), this));

    public WorkerEntry AsShown(RelativePath path, WorkerEntry found) => Shown(path, found) is var entry && Login is { } login ? entry with { Uid = IsForeign(path) ? login + 1 : login, Gid = 0 } : entry;

    public Fate Next(string call)
    {
        Before?.Invoke(call);
        lock (_lock)
        {
            _calls.Add(call);
            _cut |= _calls.Count == CutAt && !CutOnce;
            return _cut || _calls.Count == CutAt || CutOnceWhen(call) ? Fate.Cut
                : _calls.Count == FailAt || Fails(call) ? Fate.Fail
                : Fate.Made;
        }
    }
}
