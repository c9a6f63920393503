using DepSync.Model;
using DepSync.Planning;
using DepSync.Tests.Support;

namespace DepSync.Tests.Planning;

/// <summary>What is compared, and what a difference becomes. Removals have their own tests.</summary>
public sealed class PlannerTests
{
    private static readonly PlanRules Rules = new();

    [Fact]
    public void Equal_trees_need_nothing()
    {
        var tree = SnapshotText.Parse("""
            webapps/a.war = one
            lib/current -> x
            """);
        Assert.True(Planner.Plan(tree, tree, manifest: null, Rules).IsEmpty);
    }

    [Theory]
    [InlineData("a = one", "", "Create <f+++++++++ a")]
    [InlineData("a/", "", "Create cd+++++++++ a/")]
    [InlineData("a -> t", "", "Create cL+++++++++ a -> t")]
    [InlineData("a = one", "a = three", "Update <f.s....... a")]
    [InlineData("a = one  @5", "a = three", "Update <f.st...... a")]
    [InlineData("a = one", "a = two", "Update <fc........ a")]
    [InlineData("a = one  m600", "a = two", "Update <fc..p..... a")]
    [InlineData("a = one", "a = two  @5", "Update <f..t...... a")]
    [InlineData("a = one", "a = one  @5", "Attributes <f..t...... a")]
    [InlineData("a = one", "a = one  @5 unread", "Update <f..t...... a")]
    [InlineData("a = one", "a = one  unread", null)]
    [InlineData("a", "a  @5 unread", "Attributes <f..t...... a")]
    [InlineData("a = one  m600", "a = one", "Attributes .f...p..... a")]
    [InlineData("a = one  m600 @5", "a = one", "Attributes <f..tp..... a")]
    [InlineData("a = one  m4644", "a = one", null)]
    [InlineData("a = one  @5.9", "a = one  @5", null)]
    [InlineData("a = one  @-5", "a = one  @0", null)]
    [InlineData("a = one  @5000000000", "a = one  @4294967295", null)]
    [InlineData("a -> t", "a -> u", "Update cLc........ a -> t")]
    [InlineData("a -> t", "a -> u  @5", "Update cLc.t...... a -> t")]
    [InlineData("a -> t", "a -> t  @5", "Attributes .L..t...... a -> t")]
    [InlineData("a -> t  m755", "a -> t", null)]
    [InlineData("a/  m700", "a/", "Attributes .d...p..... a/")]
    [InlineData("a/", "a/  m2755", null)]
    [InlineData("a/  @5", "a/", "Attributes .d..t...... a/")]
    [InlineData("./  @5", "./", "Attributes .d..t...... ./")]
    [InlineData("a = one", "a -> t", "Retype <f+++++++++ a")]
    [InlineData("a = one", "a/", "Retype <f+++++++++ a")]
    [InlineData("a -> t", "a = one", "Retype cL+++++++++ a -> t")]
    [InlineData("a -> t", "a/", "Retype cL+++++++++ a -> t")]
    [InlineData("a/", "a = one", "Retype cd+++++++++ a/")]
    [InlineData("a/", "a -> t", "Retype cd+++++++++ a/")]
    [InlineData("", "a = one", "Delete *deleting   a")]
    [InlineData("", "a/", "Delete *deleting   a/")]
    [InlineData("", "a -> t", "Delete *deleting   a")]
    public void Each_difference_has_its_change(string source, string worker, string? change) => Assert.Equal(change, Single(Plan(source, worker)));

    [Theory]
    [InlineData("a = one", "a = two  @5", "Update <fc.t...... a")]
    [InlineData("a = one", "a = one  @5", "Attributes .f..t...... a")]
    [InlineData("a = one", "a = three  @5", "Update <fcst...... a")]
    [InlineData("a = one", "a = two", "Update <fc........ a")]
    public void With_checksum_lines_are_those_of_rsync_with_checksum(string source, string worker, string change) =>
        Assert.Equal(change, Single(Plan(source, worker, new PlanRules { Checksum = true })));

    [Fact]
    public void What_a_worker_cannot_hold_is_not_compared()
    {
        var rules = new PlanRules { UnixModes = false, LinkTimes = false };
        Assert.True(Plan("a = one  m600\nb -> t\nc/  m700", "a = one\nb -> t  @5\nc/", rules).IsEmpty);
        var noLinks = Plan("a -> t\nb = one", "", new PlanRules { Symlinks = false });
        Assert.Equal("Create <f+++++++++ b", Single(noLinks));
        Assert.Equal("a", Assert.Single(noLinks.Problems).Path.ToString());
    }

    [Fact]
    public void A_directory_that_holds_what_only_the_worker_has_is_not_compared_by_time()
    {
        var worker = SnapshotText.Parse("a/  @5 m700\nb/  @5");
        var plan = Planner.Plan(SnapshotText.Parse("a/\nb/"), worker.With(keepers: ["a"]), manifest: null, Rules);
        Assert.Equal([".d...p..... a/", ".d..t...... b/"], plan.Changes.Select(c => c.Itemize));
    }

    [Theory]
    [InlineData("a/", "a/  @7", null)]
    [InlineData("a/", "a/  @8", "Attributes .d..t...... a/")]
    [InlineData("a/  @5", "a/  @7", "Attributes .d..t...... a/")]
    [InlineData("a/", "a/  @7 m700", "Attributes .d...p..... a/")]
    [InlineData("a -> t", "a -> t  @7", "Attributes .L..t...... a -> t")]
    public void A_directory_whose_mtime_the_last_push_could_not_set_is_as_it_was_left(string source, string worker, string? change)
    {
        var pushed = SnapshotText.ManifestOf(SnapshotText.Parse("a/"));
        var manifest = pushed with { Entries = pushed.Entries.ToDictionary(e => e.Key, e => e.Value with { WorkerSeconds = 7 }) };
        Assert.Equal(change, Single(Planner.Plan(SnapshotText.Parse(source + "\n./  @7"), SnapshotText.Parse(worker + "\n./  @7"), manifest, Rules)));
    }

    [Fact]
    public void A_target_that_is_missing_is_created_with_everything()
    {
        var plan = Planner.Plan(SnapshotText.Parse("a/b = one"), new Snapshot(null, []), manifest: null, Rules);
        Assert.Equal(["cd+++++++++ ./", "cd+++++++++ a/", "<f+++++++++ a/b"], plan.Changes.Select(c => c.Itemize));
        var created = Planner.Plan(SnapshotText.Parse("a/b = one"), SnapshotText.Parse(""), manifest: null, new PlanRules { TargetCreated = true });
        Assert.Equal(plan.Changes.Select(c => c.Itemize), created.Changes.Select(c => c.Itemize));
    }

    [Theory]
    [InlineData("a = one", "a = one  unread", "a", "a")]
    [InlineData("a = one", "a = two  unread @5", "", "a")]
    [InlineData("a = one", "a = three  unread", "", "")]
    [InlineData("a = one", "a = two", "", "")]
    [InlineData("a = one  unread", "a = one  unread", "", "")]
    [InlineData("a", "a  unread", "", "")]
    [InlineData("a -> t", "a  unread", "", "")]
    public void Only_files_whose_content_is_open_are_read(string source, string worker, string read, string readWithChecksum)
    {
        Assert.Equal(read, Read(Rules));
        Assert.Equal(readWithChecksum, Read(new PlanRules { Checksum = true }));

        string Read(PlanRules rules) => string.Join(' ', Planner.FilesToRead(SnapshotText.Parse(source), SnapshotText.Parse(worker), rules).Select(e => e.Path));
    }

    [Theory]
    [InlineData("a = two", "a = one", "a = one", "Source")]
    [InlineData("a = one", "a = two", "a = one", "Drift")]
    [InlineData("a = one", "", "a = one", "Drift")]
    [InlineData("a = one", "", "", "Source")]
    [InlineData("a = one  @5.5", "a = one  @4", "a = one  @5.25", "Source")]
    [InlineData("a = one  m600", "a = one", "a = one", "Source")]
    [InlineData("a = one", "a = one  m600", "a = one", "Drift")]
    [InlineData("a -> t", "a -> u", "a -> t", "Drift")]
    [InlineData("a -> v", "a -> t", "a -> t", "Source")]
    [InlineData("a/", "a = one", "a/", "Drift")]
    [InlineData("a/", "a = one", "a = one", "Source")]
    [InlineData("", "a = one", "a = one", "Source")]
    [InlineData("", "a = one", "", "Drift")]
    [InlineData("./  @5", "./", "./", "Source")]
    [InlineData("./", "./  @5", "./", "Drift")]
    [InlineData("lib/x = x", "lib/x = x\nwebapps/a/b = x", "webapps/a.war = one\nlib/x = x", "Source")]
    [InlineData("webapps/a.war = one", "webapps/a.war = one\nwebapps/a/", "webapps/a.war = one", "Drift")]
    public void The_reason_tells_who_made_the_difference(string source, string worker, string pushed, string reason)
    {
        var manifest = SnapshotText.ManifestOf(SnapshotText.Parse(pushed));
        var plan = Planner.Plan(SnapshotText.Parse(source), SnapshotText.Parse(worker), manifest, Rules);
        Assert.All(plan.Changes, change => Assert.Equal(reason, change.Reason.ToString()));
        Assert.NotEmpty(plan.Changes);
    }

    [Fact]
    public void Without_a_manifest_everything_is_the_sources() =>
        Assert.All(Plan("a = one\nb/", "b = x\nc = y").Changes, change => Assert.Equal(ChangeReason.Source, change.Reason));

    [Theory]
    [InlineData("a = one  Unsettled", "", true)]
    [InlineData("a = one  Vanished unread", "a = two", true)]
    [InlineData("a = one  Changing unread", "a = one", true)]
    [InlineData("a = one  Unsettled", "a = two  @5", true)]
    [InlineData("a  Vanished unread", "a", true)]
    [InlineData("a  Vanished", "a", true)]
    [InlineData("a  Vanished unread", "a/b/c", true)]
    [InlineData("a = one  IncompleteArchive", "a = one", false)]
    [InlineData("a = one  IncompleteArchive", "a/", true)]
    [InlineData("a = one  IncompleteArchive", "a -> t", true)]
    public void A_file_that_would_have_to_be_sent_waits(string source, string worker, bool deferred)
    {
        var plan = Plan(source, worker);
        Assert.Equal(deferred, plan.Deferred.Count == 1);
        Assert.True(plan.IsEmpty);
    }

    [Theory]
    [InlineData("a = one  Unsettled unread", "a = one  unread", true)]
    [InlineData("a = one  Unsettled unread @5", "a = one  unread", false)]
    [InlineData("a = one  Unsettled unread", "a = one  unread @5", false)]
    [InlineData("a = three  Unsettled unread", "a = one  unread", false)]
    public void A_file_that_waits_is_no_difference_when_nobody_moved_since_the_last_push(string source, string worker, bool equal)
    {
        var plan = Planner.Plan(SnapshotText.Parse(source), SnapshotText.Parse(worker), SnapshotText.ManifestOf(SnapshotText.Parse("a = one")), Rules);
        Assert.Equal(equal ? 0 : 1, plan.Deferred.Count);
        Assert.True(plan.IsEmpty);
    }

    [Theory]
    [InlineData("x = one", "x = one", true)]
    [InlineData("x = one\nb = two", "x = one\nb = two", true)]
    [InlineData("x = one", "x = two", false)]
    [InlineData("x = one", "x = one\nb = two", false)]
    [InlineData("x = one", "", false)]
    public void A_plan_that_is_made_again_holds_the_changes_of_the_first_where_nothing_has_happened(string before, string now, bool same)
    {
        var first = Plan("a = one\nx = 1", before);
        var second = Plan("a = one\nx = 1", now);
        var behind = second.Behind(first);
        Assert.Equal(same, ReferenceEquals(first.Changes, behind.Changes));
        Assert.Equal(second.Changes, behind.Changes);
        Assert.Same(second, second.Behind(null));
    }

    private static SyncPlan Plan(string source, string worker, PlanRules? rules = null) =>
        Planner.Plan(SnapshotText.Parse(source), SnapshotText.Parse(worker), manifest: null, rules ?? Rules);

    private static string? Single(SyncPlan plan) => plan.Changes.SingleOrDefault() is { } change ? $"{change.Action} {change.Itemize}" : null;
}
