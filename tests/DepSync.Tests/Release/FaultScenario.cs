using System.Runtime.Versioning;
using DepSync.Model;
using DepSync.Tests.Support;

namespace DepSync.Tests.Release;

/// <summary>
/// One push that does everything a commit can do, from the same beginning as often as asked. A generation is on the worker; the source has changed since.
/// Each changed file has a content of its own, so that what was kept can be told by it.
/// </summary>
[UnsupportedOSPlatform("windows")]
internal sealed class FaultScenario : IDisposable
{
    private readonly Snapshot _worker;
    private readonly Dictionary<string, byte[]> _workerBytes;
    private readonly Snapshot _state;
    private readonly Dictionary<string, byte[]> _stateBytes;

    private FaultScenario(ReleaseFixture run)
    {
        Run = run;
        (_worker, _workerBytes) = Save(run.Worker.Path);
        (_state, _stateBytes) = Save(run.StateDir);
        Before = Live();
    }

    public ReleaseFixture Run { get; }

    /// <summary>What each path of the worker's live tree holds before the push.</summary>
    public Dictionary<string, string> Before { get; }

    /// <summary>What it holds after it.</summary>
    public Dictionary<string, string> After => Facts(Run.Manager.Path);

    /// <summary>The same trees, but no manager has pushed yet, as far as worker and state tell.</summary>
    public static async Task<FaultScenario> PrepareFirstContactAsync()
    {
        var scenario = await PrepareAsync();
        scenario.Run.Worker.Delete(".depsync"u8).SetModified(""u8, 1_600_000_000);
        Directory.Delete(scenario.Run.StateDir, recursive: true);
        Directory.CreateDirectory(scenario.Run.StateDir);
        return new FaultScenario(scenario.Run);
    }

    public static Task<FaultScenario> PrepareAsync() => PrepareAsync(PushCase.Everything, new ReleaseFixture(TempTree.InMemory()));

    /// <summary>A generation with what a case begins with is on the worker of <paramref name="run"/>, which is disposed with the scenario.</summary>
    public static async Task<FaultScenario> PrepareAsync(PushCase push, ReleaseFixture run)
    {
        push.Before(run.Manager);
        Settle(run, 1_600_000_000);
        var first = await run.SyncAsync();
        Assert.True(first.Error is null, $"the first push: {first.Error}");
        push.After(run.Manager);
        Settle(run, 1_600_001_000);
        return new FaultScenario(run);
    }

    /// <summary><see cref="PushCase.Deltas"/> to a worker that copies and hashes.</summary>
    public static Task<FaultScenario> PrepareDeltaAsync() => PrepareAsync(PushCase.Deltas, new ReleaseFixture(TempTree.InMemory()) { Connect = new FaultScript { Copies = true }.Connect });

    /// <summary>The worker and the manager's state as they were before the push.</summary>
    public void Restore()
    {
        Put(Run.Worker.Path, _worker, _workerBytes);
        Put(Run.StateDir, _state, _stateBytes);
        Run.Own();
    }

    public Dictionary<string, string> Live() => Facts(Run.Worker.Path);

    /// <summary>Fails unless each live file has the mtime and the mode of the manager's.</summary>
    public void AssertFileAttributes() => Assert.Equal(FileAttributes(Run.Manager.Path), FileAttributes(Run.Worker.Path));

    /// <summary>
    /// Fails unless every live path holds what it held before or what it is to hold; only an entry that changes its kind may be missing, and so many others.
    /// </summary>
    public void AssertOldOrNew(int mayBeMissing)
    {
        var (live, after) = (Live(), After);
        foreach (var (path, fact) in live)
        {
            Assert.True(fact == Before.GetValueOrDefault(path) || fact == after.GetValueOrDefault(path), $"{path} holds '{fact}'");
        }
        var missing = Before.Where(pair => pair.Value[0] == after.GetValueOrDefault(pair.Key, "-")[0] && !live.ContainsKey(pair.Key)).ToList();
        Assert.True(missing.Count <= mayBeMissing, $"missing: {string.Join(", ", missing)}");
    }

    /// <summary>Fails unless all contents that the push replaced or removed lie in a generation.</summary>
    public void AssertNothingLost()
    {
        var generations = Path.Combine(Run.WorkerFolder, "generations");
        var kept = !Directory.Exists(generations) ? [] : Directory.EnumerateFiles(generations, "*", SearchOption.AllDirectories).Where(path => new FileInfo(path).LinkTarget is null).Select(File.ReadAllText).ToHashSet();
        foreach (var (path, fact) in Before.Where(pair => pair.Value.StartsWith("f old", StringComparison.Ordinal)))
        {
            Assert.True(kept.Contains(fact[2..]), $"'{path}' is not kept");
        }
    }

    /// <summary>Runs once more without faults: equal trees, nothing left behind.</summary>
    public async Task AssertConvergesAsync()
    {
        Run.Connect = Run.Healthy;
        var result = await Run.SyncAsync(Run.Config with { Durable = false });
        Assert.True(result.Error is null, $"the next run: {result.Error}");
        TreeText.AssertSame(Text(Run.Manager.Path), Text(Run.Worker.Path));
        Assert.Equal(["manifest", "owner.json"], Run.OwnNames().Where(name => name != "generations"));
    }

    /// <summary>And then there is nothing more to do.</summary>
    public async Task AssertQuietAsync()
    {
        var script = new FaultScript();
        Run.Connect = script.Connect;
        var quiet = await Run.SyncAsync();
        Assert.True(quiet is { Status: WorkerStatus.Unchanged, Error: null }, $"the run after the next one: {quiet}");
        Assert.DoesNotContain(script.Calls, call => call.Split(' ')[0] is not ("list" or "find" or "readlink" or "open" or "read" or "stat" or "close"));
    }

    public void Dispose() => Run.Dispose();

    /// <summary>Whole seconds everywhere, so that both sides can be compared as they are.</summary>
    private static void Settle(ReleaseFixture run, long seconds)
    {
        foreach (var entry in TreeText.List(run.Manager.Path, withDepSync: false).Reverse())
        {
            run.Manager.SetModified(entry.Path, seconds + (entry.Path.Length == 0 ? 0 : entry.Path[0]));
        }
    }

    private static Snapshot WithoutOwn(Snapshot tree) => new(tree.Root, tree.Entries.Where(entry => !entry.Path.TopFolder.Equals(RelativePath.Parse(".depsync"))));

    private static string Text(string root)
    {
        var tree = WithoutOwn(DiskTree.Read(root));
        return string.Join('\n', tree.Entries.Prepend(tree.Root!).Select(entry =>
            $"{entry.Kind} {Convert.ToString(entry.Mode, 8)} {entry.ModifiedNs} {entry.Size} {entry.Digest} {entry.Path} {Convert.ToHexString(entry.LinkTarget ?? [])}"));
    }

    private static Dictionary<string, string> Facts(string root) => WithoutOwn(DiskTree.Read(root)).Entries.ToDictionary(entry => entry.Path.ToString(), entry => entry.Kind switch
    {
        EntryKind.File => "f " + File.ReadAllText(Path.Combine(root, entry.Path.ToString())),
        EntryKind.Symlink => "l " + System.Text.Encoding.UTF8.GetString(entry.LinkTarget!),
        _ => "d",
    });

    private static Dictionary<string, (long, int)> FileAttributes(string root) =>
        WithoutOwn(DiskTree.Read(root)).Entries.Where(entry => entry.Kind == EntryKind.File).ToDictionary(entry => entry.Path.ToString(), entry => (entry.ModifiedNs, entry.Mode));

    private static (Snapshot, Dictionary<string, byte[]>) Save(string root)
    {
        var tree = DiskTree.Read(root);
        return (tree, tree.Entries.Where(entry => entry.Kind == EntryKind.File).ToDictionary(entry => entry.Path.ToString(), entry => File.ReadAllBytes(Path.Combine(root, entry.Path.ToString()))));
    }

    private static void Put(string root, Snapshot tree, Dictionary<string, byte[]> bytes)
    {
        foreach (var directory in new DirectoryInfo(root).EnumerateDirectories("*", new EnumerationOptions { AttributesToSkip = 0, RecurseSubdirectories = false }).Where(found => found.LinkTarget is null))
        {
            Open(directory);
            directory.Delete(recursive: true);
        }
        foreach (var file in Directory.EnumerateFileSystemEntries(root))
        {
            File.Delete(file);
        }
        DiskTree.Write(root, tree, entry => bytes[entry.Path.ToString()]);
    }

    private static void Open(DirectoryInfo directory)
    {
        directory.UnixFileMode |= (UnixFileMode)0b111_000_000;
        foreach (var below in directory.EnumerateDirectories("*", new EnumerationOptions { AttributesToSkip = 0 }).Where(found => found.LinkTarget is null))
        {
            Open(below);
        }
    }
}
