using System.Runtime.Versioning;
using DepSync.Model;
using DepSync.Planning;
using DepSync.Release;
using DepSync.Tests.Support;
using DepSync.Workers;

namespace DepSync.Tests.Release;

/// <summary>A manifest that is written and staged before the push is through stands for it only when the push did all; else another one is written behind it.</summary>
public sealed class ManifestAheadTests
{
    private static readonly Snapshot Before = SnapshotText.Parse("a = old\nf/gone = x\nl -> t");
    private static readonly Snapshot Source = SnapshotText.Parse("a = newer  @1600000000\nf/new = y\nl -> other");
    private static readonly Manifest Previous = SnapshotText.ManifestOf(Before);

    [Fact]
    public void It_is_byte_for_byte_what_is_written_behind_a_push_that_did_all()
    {
        var ahead = ManifestAhead.Of(Source, Previous, 7)!;
        var ended = Case(Source, Before);
        Assert.True(ahead.Holds(7, ended));
        Assert.Equal(7, ahead.Generation);
        Assert.Equal(ManifestFormat.Write(new Manifest { Number = 7, Generation = 7, Entries = ManifestBuilder.Build(ended) }).ToArray(), ahead.Bytes.ToArray());
        Assert.Equal(Digest.Of(ahead.Bytes.Span), ahead.Digest);
    }

    [Fact]
    public void It_stays_in_the_generation_of_a_manifest_that_tells_the_same()
    {
        var ended = Case(Before, SnapshotText.Parse("a = drift"));
        var ahead = ManifestAhead.Of(Before, Previous with { Generation = 4 }, 7)!;
        Assert.Equal(4, ahead.Generation);
        Assert.False(ahead.Holds(7, ended));
    }

    [Fact]
    public void A_source_that_was_not_read_whole_has_none()
    {
        Assert.Null(ManifestAhead.Of(SnapshotText.Parse("a = x  unread IncompleteArchive"), Previous, 7));
        Assert.Null(ManifestAhead.Of(Source.With(problems: ["f"]), Previous, 7));
    }

    [Fact]
    public void It_does_not_hold_for_another_run_manifest_or_source()
    {
        var ahead = ManifestAhead.Of(Source, Previous, 7)!;
        Assert.False(ahead.Holds(8, Case(Source, Before)));
        Assert.False(ahead.Holds(7, Case(Source, Before) with { Previous = SnapshotText.ManifestOf(Before) }));
        Assert.False(ahead.Holds(7, Case(Source, Before) with { Previous = null }));
        Assert.False(ahead.Holds(7, Case(Source, Before) with { Source = SnapshotText.Parse("a = newer  @1600000000\nf/new = y\nl -> other") }));
    }

    public static TheoryData<string> Ends => ["failed", "left seconds", "deferred", "held", "problem"];

    [Theory, MemberData(nameof(Ends))]
    public void It_does_not_hold_when_anything_ended_otherwise(string end)
    {
        var path = RelativePath.Parse("f");
        var ended = Case(Source, Before);
        var plan = ended.Plan;
        ended = end switch
        {
            "failed" => ended with { Failed = new HashSet<RelativePath> { path } },
            "left seconds" => ended with { LeftSeconds = new Dictionary<RelativePath, long> { [path] = 5 } },
            "deferred" => ended with { Plan = plan with { Deferred = [Source.Entries[0]] } },
            "held" => ended with { Plan = plan with { HeldDeletes = [plan.Changes.First(change => change.Action == ChangeAction.Delete)] } },
            _ => ended with { Plan = plan with { Problems = [new Problem(path, "refused")] } },
        };
        Assert.False(ManifestAhead.Of(Source, Previous, 7)!.Holds(7, ended));
    }

    /// <summary>What goes wrong, how many problems that makes, and which manifest is published then.</summary>
    public static TheoryData<string, int, string> Refusals => new()
    {
        { "none", 0, "manifest" },
        { "rename .depsync/run-2/new/1 -> a", 1, "manifest-2" },
        { "fset .depsync/run-2/new/1", 1, "manifest-2" },
        { "set d", 1, "manifest-2" },
        { "create .depsync/run-2/new/manifest", 0, "manifest-2" },
        { "close .depsync/run-2/new/manifest", 0, "manifest-2" },
        { "create .depsync/run-2/new/owner-1.json", 0, "manifest-2" },
    };

    [NeedsTheory("find"), MemberData(nameof(Refusals))]
    [UnsupportedOSPlatform("windows")]
    public async Task Published_is_what_tells_how_the_push_ended_and_nothing_else_stays(string refused, int problems, string published)
    {
        using var run = new ReleaseFixture(TempTree.InMemory());
        run.Manager.Write("a", "one").Write("b", "one").Write("d/x", "x");
        Assert.Null((await run.SyncAsync()).Error);
        run.Manager.Write("a", "two!").Write("b", "two!").SetMode("d"u8, 0b111_000_000);
        var script = new FaultScript { Fails = call => call == refused, Error = WorkerFileError.PermissionDenied };
        run.Connect = script.Connect;
        var result = await run.SyncAsync();
        Assert.Equal(problems, result.Problems.Count);
        var manifest = await ReadManifestAsync(run);
        Assert.Equal(2, manifest.Number);
        Assert.Equal(Record(run, "b"), manifest.Entries[RelativePath.Parse("b")].Digest);
        // No hash of what did not arrive.
        Assert.Equal(run.Worker.Read("a") == "two!", manifest.Entries.GetValueOrDefault(RelativePath.Parse("a"))?.Digest == Record(run, "a"));
        Assert.Contains($"rename .depsync/run-2/new/{published} -> .depsync/manifest", script.Calls);
        Assert.Single(script.Calls, call => call.EndsWith("-> .depsync/manifest", StringComparison.Ordinal));
        Assert.Equal(["generations", "manifest", "owner.json"], run.OwnNames());
        var look = await WorkerLook.ReadAsync(LocalWorker.Open(run.Worker.Path), LookDepth.Everything, CancellationToken.None);
        Assert.NotNull(look.Read);
        run.Connect = null;
        Assert.Null((await run.SyncAsync()).Error);
        run.AssertEqualTrees();
    }

    private static ManifestCase Case(Snapshot source, Snapshot worker) =>
        new(source, worker, Planner.Plan(source, worker, Previous, new PlanRules()), Previous, new HashSet<RelativePath>(), new Dictionary<RelativePath, long>());

    private static async Task<Manifest> ReadManifestAsync(ReleaseFixture run) =>
        ManifestFormat.TryParse(await File.ReadAllBytesAsync(Path.Combine(run.WorkerFolder, "manifest")), out var manifest) ? manifest : throw new InvalidOperationException("no manifest");

    private static Digest Record(ReleaseFixture run, string path) => Digest.Of(File.ReadAllBytes(Path.Combine(run.Manager.Path, path)));
}
