using System.Runtime.Versioning;
using DepSync.Model;
using DepSync.Tests.Support;
using DepSync.Workers;

namespace DepSync.Tests.Release;

/// <summary>What becomes of files that a server gives other attributes than it was told to, whatever it says.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class StagedAttributesTests : IDisposable
{
    private const long Odd = 1_600_000_001;
    private const int Open = 0b111_111_111;

    private static readonly RelativePath Staged = RelativePath.Parse(".depsync/run-1/new");

    private readonly ReleaseFixture _run = new(TempTree.InMemory());

    public StagedAttributesTests() => _run.Manager.Write("file", "content").SetModified("file"u8, Odd);

    public void Dispose() => _run.Dispose();

    [NeedsFact("find")]
    public async Task Attributes_that_a_server_left_otherwise_are_set_again_and_brought_to_disk()
    {
        var looks = 0;
        var calls = await SyncAsync((path, entry) => path.IsBelow(Staged) && !path.Name.StartsWith("manifest"u8) && Interlocked.Increment(ref looks) == 1 ? entry with { Seconds = Odd + 10, Mode = 0 } : entry);
        Assert.Equal(["create", "write", "fset", "stat", "flush", "close", "set", "find", "open", "flush", "close"], calls);
    }

    [NeedsFact("find")]
    public async Task Attributes_that_are_as_they_should_be_cost_nothing() =>
        Assert.Equal(["create", "write", "fset", "stat", "flush", "close"], await SyncAsync((_, entry) => entry));

    [NeedsTheory("find")]
    [InlineData(Odd + 100, 0b110_100_100, "Its mtime was set to 2020-09-13 12:26:41Z twice without an error, and the server left 2020-09-13 12:28:21Z")]
    [InlineData(0, 0b110_100_100, "Its mtime was set to 2020-09-13 12:26:41Z twice without an error, and the server left 1970-01-01 00:00:00Z")]
    [InlineData(Odd, 0b110_000_000, "Its mode was set to 644 twice without an error, and the server left 600")]
    public async Task Attributes_that_a_server_does_not_set_the_second_time_either_are_a_problem_and_the_file_does_not_go_live(long seconds, int mode, string told)
    {
        var result = await PushAsync((path, entry) => path.IsBelow(Staged) ? entry with { Seconds = seconds, Mode = mode } : entry);
        var problem = Assert.Single(result.Problems);
        Assert.Equal(("file", ErrorKind.Entries), (problem.Path.ToString(), result.Error?.Kind));
        Assert.Contains(told, problem.Message, StringComparison.Ordinal);
        Assert.False(_run.Worker.Exists("file"u8));
    }

    [NeedsFact("find")]
    public async Task Filesystem_of_a_coarser_clock_keeps_what_it_can()
    {
        var calls = await SyncAsync((_, entry) => entry with { Seconds = entry.Seconds - (entry.Seconds % 2) });
        Assert.Contains("set", calls);
    }

    [NeedsFact("find")]
    public async Task Worker_that_has_no_modes_is_not_asked_for_them_again() =>
        Assert.Equal(["create", "write", "fset", "stat", "flush", "close"], await SyncAsync((_, entry) => entry with { Mode = Open }));

    /// <summary>The calls for the staged file, until it is renamed.</summary>
    private async Task<string[]> SyncAsync(Func<RelativePath, WorkerEntry, WorkerEntry> shown)
    {
        var script = new FaultScript { Shown = shown };
        var result = await PushAsync(script);
        Assert.Null(result.Error);
        _run.AssertEqualTrees();
        return [.. script.Calls.Where(call => call.EndsWith($" {Staged}/1", StringComparison.Ordinal)).Select(call => call.Split(' ')[0])];
    }

    private Task<WorkerResult> PushAsync(Func<RelativePath, WorkerEntry, WorkerEntry> shown) => PushAsync(new FaultScript { Shown = shown });

    private Task<WorkerResult> PushAsync(FaultScript script)
    {
        _run.Connect = script.Connect;
        return _run.SyncAsync();
    }
}
