using System.Runtime.Versioning;
using System.Text;
using DepSync.Model;
using DepSync.Release;
using DepSync.Tests.Support;

namespace DepSync.Tests.Release;

/// <summary>
/// Two managers of one id with different trees, and a worker that holds a third one: files that both change, one that only one of them changes, one that only one of them removes.
/// </summary>
[UnsupportedOSPlatform("windows")]
internal sealed class InterleavedPair : IDisposable
{
    private static readonly string[] Paths = ["d1/f1", "d1/f2", "d2/f3", "gone", "kept"];

    private InterleavedPair()
    {
        // A frozen run holds its thread; with as few as there are processors the others would wait for the pool to grow.
        ThreadPool.SetMinThreads(16, 16);
        Base = new ReleaseFixture(TempTree.InMemory());
        Old = Base.OtherManager("old");
        New = Base.OtherManager("new");
    }

    /// <summary>Who pushed what the worker holds at the beginning.</summary>
    public ReleaseFixture Base { get; }

    public ReleaseFixture Old { get; }

    public ReleaseFixture New { get; }

    public TempTree Worker => Base.Worker;

    public OwnerRecord Owner => OwnerRecord.TryParse(Encoding.UTF8.GetBytes(Worker.Read(".depsync/owner.json")))!;

    public string[] Names => Base.OwnNames();

    public static async Task<InterleavedPair> CreateAsync()
    {
        var pair = new InterleavedPair();
        Fill(pair.Base, "bbb", "bbb", "bbb", "bbb");
        Fill(pair.Old, "ooo", "bbb", "ooo", "bbb");
        Fill(pair.New, "nnn", "nnn", "bbb", null);
        Assert.Null((await pair.Base.SyncAsync(pair.Base.Config with { Durable = false })).Error);
        pair.Base.ShareIdentity(pair.Old);
        pair.Base.ShareIdentity(pair.New);
        return pair;
    }

    /// <summary>A run on a thread of its own.</summary>
    public static Task<WorkerResult> StartAsync(ReleaseFixture manager, FreezePoint? freeze = null, bool takeover = false, FreezePoint? then = null)
    {
        var script = new FaultScript
        {
            Before = call =>
            {
                freeze?.Pass(call);
                then?.Pass(call);
            },
        };
        manager.Connect = script.Connect;
        var config = manager.Config with { Durable = false, Takeover = takeover };
        return Task.Run(() => manager.SyncAsync(config));
    }

    /// <summary>Fails unless the worker holds that manager's tree and nothing else.</summary>
    public void AssertTreeOf(ReleaseFixture manager, string at) => Assert.True(Tree(manager.Manager) == Tree(Worker), $"{at}: {Tree(Worker)} is not {Tree(manager.Manager)}; {string.Join(' ', Names)}");

    /// <summary>Fails unless each file is one that some manager has there.</summary>
    public void AssertNothingForeign(string at)
    {
        var (live, known) = (Versions(Worker), new[] { Base, Old, New }.Select(manager => Versions(manager.Manager)).ToList());
        Assert.True(live.Select((version, i) => known.Any(tree => tree[i] == version)).All(known => known), $"{at}: {Tree(Worker)}");
    }

    /// <summary>One more run by each, so that nothing is left of any of them.</summary>
    public async Task AssertConvergesAsync(string at)
    {
        foreach (var manager in new[] { New, Old })
        {
            var result = await StartAsync(manager, takeover: true);
            Assert.True(result.Error is null, $"{at}: {result.Error}");
            AssertTreeOf(manager, at);
        }
        Assert.True(Names.All(name => name is "generations" or "manifest" or "owner.json"), $"{at}: {string.Join(' ', Names)}");
    }

    public void Dispose() => Base.Dispose();

    private static void Fill(ReleaseFixture manager, params string?[] versions)
    {
        foreach (var (path, content) in Paths.Zip(versions.Append("kkk")).Where(file => file.Second is not null))
        {
            manager.Manager.Write(path, content!).SetModified(Encoding.UTF8.GetBytes(path), 1_600_000_000);
        }
    }

    private static string Tree(TempTree tree) => string.Join(' ', Versions(tree));

    private static List<string> Versions(TempTree tree) => [.. Paths.Select(path => File.Exists(Path.Combine(tree.Path, path)) ? tree.Read(path) : "-")];
}
