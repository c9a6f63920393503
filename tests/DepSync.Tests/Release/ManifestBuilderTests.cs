using DepSync.Model;
using DepSync.Planning;
using DepSync.Release;
using DepSync.Tests.Support;

namespace DepSync.Tests.Release;

public sealed class ManifestBuilderTests
{
    private static readonly HashSet<RelativePath> None = [];
    private static readonly Dictionary<RelativePath, long> NoTimes = [];

    [Fact]
    public void Finished_push_records_exactly_the_source()
    {
        var source = SnapshotText.Parse("a/b = x\nl -> t");
        var entries = Build(source, SnapshotText.Parse(""), null, None);
        Assert.True(ManifestBuilder.TellsTheSame(SnapshotText.ManifestOf(source), entries));
        Assert.True(ManifestBuilder.Describes(SnapshotText.ManifestOf(source), source));
    }

    [Fact]
    public void Failed_and_deferred_files_keep_the_record_of_what_the_worker_still_shows()
    {
        var before = SnapshotText.Parse("a = old\nb = old\nc = old");
        var source = SnapshotText.Parse("a = newer\nb = newer  Unsettled\nc = newer");
        var previous = SnapshotText.ManifestOf(before);
        var entries = Build(source, before, previous, [RelativePath.Parse("a")]);
        Assert.Equal(previous.Entries[RelativePath.Parse("a")], entries[RelativePath.Parse("a")]);
        Assert.Equal(previous.Entries[RelativePath.Parse("b")], entries[RelativePath.Parse("b")]);
        Assert.NotEqual(previous.Entries[RelativePath.Parse("c")], entries[RelativePath.Parse("c")]);
    }

    [Fact]
    public void File_that_was_not_read_and_need_not_be_sent_keeps_its_hash()
    {
        var before = SnapshotText.Parse("a.car = half\nb = old");
        var previous = SnapshotText.ManifestOf(before);
        var source = SnapshotText.Parse("a.car = half  unread IncompleteArchive\nb = newer");
        Assert.Equal(previous.Entries[RelativePath.Parse("a.car")], Build(source, before, previous, None)[RelativePath.Parse("a.car")]);
        Assert.False(ManifestBuilder.Describes(previous, SnapshotText.Parse("a.car = half  unread IncompleteArchive\nb = old")));
    }

    [Theory]
    [InlineData("a = new\nf/b = b", true)]
    [InlineData("a = a\nf/b = b\nmore = new", true)]
    [InlineData("a = a\nf/b = b", false)]
    [InlineData("a = new  Unsettled\nf/b = b", false)]
    [InlineData("a = new  unread\nf/b = b", false)]
    [InlineData("a = new", false)]
    [InlineData("a = new\nf/b -> a", false)]
    public void Worker_is_outgrown_when_it_surely_gets_something_and_surely_loses_nothing(string source, bool isOutgrown) =>
        Assert.Equal(isOutgrown, ManifestBuilder.IsOutgrown(SnapshotText.ManifestOf(SnapshotText.Parse("a = a\nf/b = b")), SnapshotText.Parse(source)));

    [Fact]
    public void Failed_file_that_drifted_is_in_no_manifest()
    {
        var previous = SnapshotText.ManifestOf(SnapshotText.Parse("a = old"));
        var entries = Build(SnapshotText.Parse("a = newer"), SnapshotText.Parse("a = drifted"), previous, [RelativePath.Parse("a")]);
        Assert.DoesNotContain(RelativePath.Parse("a"), entries.Keys);
    }

    [Fact]
    public void Held_removals_stay_recorded()
    {
        var before = SnapshotText.Parse("f/gone = x\nf/late = old");
        var source = SnapshotText.Parse("f/late = newer  Changing");
        var entries = Build(source, before, SnapshotText.ManifestOf(before), None);
        Assert.Contains(RelativePath.Parse("f/gone"), entries.Keys);
    }

    [Fact]
    public void Folder_whose_attributes_failed_does_not_take_its_files_out()
    {
        var source = SnapshotText.Parse("f/a = x");
        var entries = Build(source, source, null, [RelativePath.Parse("f")]);
        Assert.Contains(RelativePath.Parse("f/a"), entries.Keys);
        Assert.DoesNotContain(RelativePath.Parse("f"), entries.Keys);
    }

    [Fact]
    public void Time_that_could_not_be_set_is_recorded_as_it_is_and_is_no_new_generation()
    {
        var source = SnapshotText.Parse("f/  @100");
        var plan = new SyncPlan { Changes = [] };
        var left = new Dictionary<RelativePath, long> { [RelativePath.Parse("f")] = 55 };
        var entries = ManifestBuilder.Build(new ManifestCase(source, source, plan, null, None, left));
        Assert.Equal(55, entries[RelativePath.Parse("f")].WorkerSeconds);
        Assert.True(ManifestBuilder.TellsTheSame(SnapshotText.ManifestOf(source), entries));
    }

    private static Dictionary<RelativePath, ManifestEntry> Build(Snapshot source, Snapshot worker, Manifest? previous, HashSet<RelativePath> failed) =>
        ManifestBuilder.Build(new ManifestCase(source, worker, Planner.Plan(source, worker, previous, new PlanRules()), previous, failed, NoTimes));
}
