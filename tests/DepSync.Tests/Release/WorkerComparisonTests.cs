using DepSync.Model;
using DepSync.Planning;
using DepSync.Release;
using DepSync.Tests.Support;

namespace DepSync.Tests.Release;

public sealed class WorkerComparisonTests
{
    private static readonly Snapshot Source = SnapshotText.Parse("a/bad = new\na/fine = new");
    private static readonly Snapshot Worker = SnapshotText.Parse("a/bad = old1\na/gone = x\nb/gone = x");

    [Fact]
    public void After_a_file_that_could_not_be_read_again_nothing_is_removed_anywhere()
    {
        var bad = new Problem(RelativePath.Parse("a/bad"), "it cannot be read");
        var after = Comparison().After(Staged(unreadable: [bad]), Source, new PlanRules());
        Assert.Equal(["a/fine"], after.Plan.Changes.Where(change => change.Kind == EntryKind.File).Select(change => change.Path.ToString()));
        Assert.Equal(["a/gone", "b", "b/gone"], after.Plan.HeldDeletes.Select(change => change.Path.ToString()).Order(StringComparer.Ordinal));
        Assert.Equal([bad], after.Plan.Problems);
        Assert.DoesNotContain(bad.Path, ManifestBuilder.Build(after.ExpectedRecord(Source)).Keys);
    }

    [Fact]
    public void After_a_file_that_changed_nothing_is_removed_in_its_top_folder()
    {
        var changed = Source.Find(RelativePath.Parse("a/bad"))! with { Deferral = Deferral.Changing };
        var after = Comparison().After(Staged(deferred: [changed]), Source, new PlanRules());
        Assert.Equal(["a/gone"], after.Plan.HeldDeletes.Select(change => change.Path.ToString()));
        Assert.Equal([changed], after.Plan.Deferred);
    }

    [Fact]
    public void After_everything_arrived_the_plan_stands()
    {
        var comparison = Comparison();
        Assert.Same(comparison, comparison.After(Staged(), Source, new PlanRules()));
    }

    private static WorkerComparison Comparison() => new()
    {
        Worker = Worker,
        Manifest = null,
        Plan = Planner.Plan(Source, Worker, null, new PlanRules()),
        ReadBack = new Dictionary<RelativePath, Digest>(),
    };

    private static StagedRelease Staged(IReadOnlyList<FileEntry>? deferred = null, IReadOnlyList<Problem>? unreadable = null) =>
        new() { Ready = [], Deferred = deferred ?? [], Problems = [], Unreadable = unreadable ?? [], BytesSent = 0 };
}
