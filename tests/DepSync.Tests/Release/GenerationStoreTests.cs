using System.Runtime.Versioning;
using DepSync.Tests.Support;

namespace DepSync.Tests.Release;

/// <summary>What was taken out of a worker stays for rollback, whatever came between.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class GenerationStoreTests : IDisposable
{
    private readonly ReleaseFixture _run = new();

    public void Dispose() => _run.Dispose();

    [NeedsFact("find")]
    public async Task What_a_push_replaced_is_kept_although_it_was_cut_off_and_the_next_run_repairs_drift()
    {
        _run.Manager.Write("cars/shop-1.car", "one").Write("cars/other.xml", "other");
        Assert.Null((await _run.SyncAsync()).Error);
        _run.Manager.Delete("cars/shop-1.car"u8).Write("cars/shop-2.car", "two");
        _run.Connect = new FaultScript { Fails = call => call.Contains(".depsync/generations", StringComparison.Ordinal) && call.StartsWith("mkdir", StringComparison.Ordinal) }.Connect;
        await _run.SyncAsync();
        _run.Connect = new FaultScript().Connect;
        Assert.Contains("one", Kept("run-2"));
        _run.Worker.Write("cars/other.xml", "drifted");
        Assert.Null((await _run.SyncAsync()).Error);
        Assert.Contains("one", Kept("generations/2"));
        Assert.Contains("drifted", Kept("generations/2/drift-3"));
        Assert.Equal("other", _run.Worker.Read("cars/other.xml"));
    }

    private List<string> Kept(string folder) =>
        [.. Directory.EnumerateFiles(Path.Combine(_run.WorkerFolder, folder), "*", SearchOption.AllDirectories).Select(File.ReadAllText)];
}
