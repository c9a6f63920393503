using DepSync.Model;
using DepSync.Planning;
using DepSync.Tests.Support;

namespace DepSync.Tests.Planning;

/// <summary>What goes, what stays, and what waits: the ways in which a mirror loses data.</summary>
public sealed class PlannerRemovalTests
{
    private static readonly PlanRules Rules = new();

    [Theory]
    [InlineData("", "old/a/b\nold/c -> t", "old/c old/a/b old/a old")]
    [InlineData("", "webapps/\ncarbonapps/", "")]
    [InlineData("", "webapps/a.war\nwebapps/b/c", "webapps/b/c webapps/b webapps/a.war")]
    [InlineData("lib/webapps/", "lib/webapps/\nlib/axis2services/", "lib/axis2services")]
    [InlineData("", "keep  protected", "")]
    [InlineData("", "old/keep  protected\nold/a", "old/a")]
    [InlineData("", "old/deep/meta/  protected\nold/deep/meta/a/b\nold/c", "old/c")]
    [InlineData("", "old/pipe  special\nold/a", "old/a")]
    public void What_only_the_worker_has_goes_but_for_what_must_stay(string source, string worker, string removed)
    {
        var plan = Plan(source, SnapshotText.Parse(worker));
        Assert.Equal(removed, Deleted(plan));
        Assert.Empty(plan.Problems);
        Assert.Equal(plan.Changes.Count, plan.Leaving);
    }

    [Fact]
    public void A_directory_that_holds_excluded_entries_stays_and_those_above_it()
    {
        var plan = Plan("", SnapshotText.Parse("old/deep/a\nold/b\nother/c").With(keepers: ["old/deep"]));
        Assert.Equal("other/c other old/deep/a old/b", Deleted(plan));
    }

    [Fact]
    public void A_file_in_the_place_of_a_directory_takes_everything_below_it_away()
    {
        var plan = Plan("a = one", SnapshotText.Parse("a/b/c\na/d\na-b"));
        Assert.Equal(["Delete a/d", "Delete a/b/c", "Delete a/b", "Retype a", "Delete a-b"], plan.Changes.Select(c => $"{c.Action} {c.Path}"));
        Assert.Equal((4, 5), (plan.Leaving, plan.WorkerEntries));
    }

    [Theory]
    [InlineData("a/keep  protected\na/b")]
    [InlineData("a/pipe  special\na/b")]
    [InlineData("a/  protected\na/b")]
    public void A_directory_that_holds_what_must_stay_is_not_replaced(string worker)
    {
        var plan = Plan("a = one", SnapshotText.Parse(worker));
        Assert.True(plan.IsEmpty);
        Assert.Equal("a", Assert.Single(plan.Problems).Path.ToString());
        Assert.Single(Plan("a = one", SnapshotText.Parse("a/b").With(keepers: ["a"])).Problems);
        Assert.Single(Plan("a = one", SnapshotText.Parse("a/b/c").With(keepers: ["a/b"])).Problems);
    }

    [Fact]
    public void A_protected_file_is_sent_and_may_be_replaced() =>
        Assert.Equal(["Retype b", "Update a"], Plan("a = one\nb/", SnapshotText.Parse("a = two  protected\nb = x  protected")).Changes.Select(c => $"{c.Action} {c.Path}"));

    [Theory]
    [InlineData("webapps/a.war = one  Unsettled\nlib/x", "webapps/old lib/old", "lib/old", "webapps/old")]
    [InlineData("webapps/a.war = one  Unsettled\nlib/x", "webapps/x/y lib/old", "lib/old", "webapps/x/y webapps/x")]
    [InlineData("a.war = one  Unsettled\nlib/x", "webapps/old lib/old", "", "webapps/old lib/old")]
    [InlineData("webapps/x = one  Unsettled", "webapps/x/y lib", "lib", "")]
    [InlineData("webapps/a.war = one  Unsettled\nwebapps/b = file now", "webapps/b/c lib", "lib", "webapps/b/c")]
    [InlineData("webapps/a.war = one  Unsettled\nwebapps/b/c", "webapps/b lib", "lib", "")]
    public void A_run_that_defers_a_file_removes_nothing_in_its_top_folder(string source, string worker, string removed, string held)
    {
        var plan = Plan(source, SnapshotText.Parse(worker.Replace(' ', '\n')));
        Assert.Equal(removed, Deleted(plan));
        Assert.Equal(held, string.Join(' ', plan.HeldDeletes.OrderByDescending(c => c.Path).Select(c => c.Path)));
        Assert.Single(plan.Deferred);
        Assert.DoesNotContain(plan.Changes, c => c.Action == ChangeAction.Retype && c.Worker!.Kind == EntryKind.Directory);
    }

    [Fact]
    public void A_file_that_waits_but_need_not_be_sent_holds_nothing()
    {
        var plan = Plan("webapps/a.war = one  Unsettled", SnapshotText.Parse("webapps/a.war = one\nwebapps/old"));
        Assert.Equal("webapps/old", Deleted(plan));
    }

    [Fact]
    public void A_source_that_could_not_be_read_whole_removes_nothing_anywhere()
    {
        var source = SnapshotText.Parse("webapps/broken/\nlib/new = x\nlib/file = now").With(problems: ["webapps/broken", "gone"]);
        var plan = Planner.Plan(source, SnapshotText.Parse("webapps/broken/a\nwebapps/old\ngone/x\nlib/file/y\nlib/old"), manifest: null, Rules);
        Assert.Equal(["Create lib/new"], plan.Changes.Select(c => $"{c.Action} {c.Path}"));
        Assert.Equal(["lib/file/y", "lib/old", "webapps/old"], plan.HeldDeletes.Select(c => c.Path.ToString()).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void An_empty_directory_is_replaced_although_removals_are_held()
    {
        var plan = Planner.Plan(SnapshotText.Parse("lib/file = now").With(problems: ["gone"]), SnapshotText.Parse("lib/file/"), manifest: null, Rules);
        Assert.Equal(["Retype lib/file"], plan.Changes.Select(c => $"{c.Action} {c.Path}"));
    }

    [Fact]
    public void A_source_file_that_cannot_be_read_leaves_the_workers_alone()
    {
        var source = SnapshotText.Parse("a = one  unread\nb = two  unread").With(problems: ["a", "b"]);
        Assert.True(Planner.Plan(source, SnapshotText.Parse("a = other"), manifest: null, Rules).IsEmpty);
    }

    [Fact]
    public void Below_a_directory_that_cannot_be_read_on_the_worker_nothing_is_touched()
    {
        var source = SnapshotText.Parse("locked/a = one\nlocked/b/c = two\nlib/x = x\nreplaced = file");
        var worker = SnapshotText.Parse("locked/  m000\nold/locked/\nold/x\nreplaced/locked/").With(problems: ["locked", "old/locked", "replaced/locked"]);
        var plan = Planner.Plan(source, worker, manifest: null, Rules);
        Assert.Equal(["cd+++++++++ lib/", "<f+++++++++ lib/x", "*deleting   old/x", ".d...p..... locked/"], plan.Changes.Select(c => c.Itemize));
        Assert.Equal(["locked", "old/locked", "replaced", "replaced/locked"], plan.Problems.Select(p => p.Path.ToString()).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_special_file_of_the_source_leaves_what_the_worker_has_there()
    {
        var source = SnapshotText.Parse("lib/x").With(special: ["lib/pipe", "lib/folder"]);
        Assert.True(Planner.Plan(source, SnapshotText.Parse("lib/x\nlib/pipe\nlib/folder/a/b"), manifest: null, Rules).IsEmpty);
    }

    [Fact]
    public void A_special_file_of_the_worker_is_never_replaced()
    {
        var plan = Plan("a = one\nb/c = two\nd", SnapshotText.Parse("a  special\nb  special\nd").With(special: ["a", "b"]));
        Assert.True(plan.IsEmpty);
        Assert.Equal(["a", "b"], plan.Problems.Select(p => p.Path.ToString()));
    }

    [Fact]
    public void The_servers_exploded_webapps_are_theirs_until_the_archive_goes()
    {
        var worker = SnapshotText.Parse("webapps/a.war = one\nwebapps/a/WEB-INF/web.xml\nwebapps/b/x");
        var source = SnapshotText.Parse("webapps/a.war = one").With(exploded: ["webapps/a"]);
        var plan = Planner.Plan(source, worker, manifest: null, Rules);
        Assert.Equal("webapps/b/x webapps/b", Deleted(plan));
        Assert.Equal(4, plan.WorkerEntries);
        Assert.Equal("webapps/b/x webapps/b webapps/a/WEB-INF/web.xml webapps/a/WEB-INF webapps/a.war webapps/a", Deleted(Plan("lib/", worker)));
    }

    [Fact]
    public void Beside_an_archive_only_a_directory_is_the_servers()
    {
        var source = SnapshotText.Parse("webapps/a.war = one\nwebapps/a -> elsewhere").With(exploded: ["webapps/a"]);
        Assert.Equal(["Create webapps/a"], Changes("webapps/a.war = one"));
        Assert.Equal(["Update webapps/a"], Changes("webapps/a.war = one\nwebapps/a -> x"));
        Assert.Empty(Changes("webapps/a.war = one\nwebapps/a/x/y"));
        Assert.Single(Planner.Plan(source, SnapshotText.Parse("webapps/a.war = one\nwebapps/a/x/y"), manifest: null, Rules).Problems);

        IEnumerable<string> Changes(string worker) => Planner.Plan(source, SnapshotText.Parse(worker), manifest: null, Rules).Changes.Select(c => $"{c.Action} {c.Path}");
    }

    [Fact]
    public void A_file_where_the_worker_has_a_directory_that_is_not_ours_is_a_problem_and_no_change()
    {
        var worker = new Snapshot(SnapshotText.Parse("").Root, []) { Keepers = SnapshotText.Paths("").ToHashSet(), LeftOut = SnapshotText.Paths("out").ToHashSet() };
        var plan = Plan("out = a file", worker);
        Assert.True(plan.IsEmpty);
        Assert.Equal("out", Assert.Single(plan.Problems).Path.ToString());
    }

    [Fact]
    public void What_is_protected_or_not_ours_is_no_entry_of_the_worker()
    {
        var plan = Plan("", SnapshotText.Parse("a/b\nmeta/  protected\nmeta/x\npipe  special\nc -> t"));
        Assert.Equal((3, 3), (plan.WorkerEntries, plan.Leaving));
    }

    private static SyncPlan Plan(string source, Snapshot worker) => Planner.Plan(SnapshotText.Parse(source), worker, manifest: null, Rules);

    private static string Deleted(SyncPlan plan) => string.Join(' ', plan.Changes.Where(c => c.Action == ChangeAction.Delete).Select(c => c.Path));
}
