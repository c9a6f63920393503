using DepSync.Model;
using DepSync.Planning;
using DepSync.Release;
using DepSync.Tests.Support;
using DepSync.Workers;

namespace DepSync.Tests.Release;

/// <summary>Two trees as text in, the steps of the commit as text out.</summary>
public sealed class CommitPlannerTests
{
    private static readonly RelativePath Run = WorkerLayout.Run(7);

    [Theory]
    [InlineData("a = new", "a = old1", "over a new/1 old/1")]
    [InlineData("a = x", "", "in a new/1")]
    [InlineData("", "a = x", "out a old/1")]
    [InlineData("a/b/c = x", "", "in a new/1")]
    [InlineData("a/keep = x | a/b/c = y", "a/keep = x", "in a/b new/1")]
    [InlineData("", "a/b/c = x | a/d = y", "out a old/1")]
    [InlineData("a/keep = x", "a/keep = x | a/b/c = y | a/b/d = z", "out a/b old/1")]
    [InlineData("a = x", "a/b = y", "out a old/1 | in a new/1")]
    [InlineData("a/b = y", "a = x", "out a old/1 | in a new/1")]
    [InlineData("a -> x", "a -> y", "over a new/1 old/1")]
    [InlineData("a -> x", "a = x", "out a old/1 | in a new/1")]
    public void Each_change_of_the_live_tree_is_one_rename(string source, string worker, string steps) =>
        Assert.Equal(steps, Steps(Build(source, worker)));

    [Fact]
    public void Arrivals_come_before_removals_and_in_the_order_of_the_servers()
    {
        const string Source = "carbonapps/new.car = 1 | webapps/new.war = 2 | lib/new.jar = 3 | webapps/stay = x | carbonapps/stay = x | lib/stay = x";
        const string Worker = "carbonapps/old.car = 4 | webapps/old.war = 5 | lib/old.jar = 6 | webapps/stay = x | carbonapps/stay = x | lib/stay = x";
        Assert.Equal(
            "in lib/new.jar new/2 | in webapps/new.war new/3 | in carbonapps/new.car new/1 | out carbonapps/old.car old/1 | out webapps/old.war old/2 | out lib/old.jar old/3",
            Steps(Build(Source, Worker)));
    }

    [Fact]
    public void Directory_of_another_owner_is_emptied_and_then_removed()
    {
        var worker = Parse("a/b/c = x | a/d = y | stay = z", uid: 1000);
        Assert.Equal("out a/d old/1 | out a/b/c old/2 | rmdir a/b | rmdir a", Steps(Build(Parse("stay = z"), worker, loginUid: 2000)));
        Assert.Equal("out a old/1", Steps(Build(Parse("stay = z"), worker, loginUid: 1000)));
        Assert.Equal("out a old/1", Steps(Build(Parse("stay = z"), worker, loginUid: 0)));
    }

    [Fact]
    public void Own_directory_without_write_permission_is_opened_and_gets_its_mode_back()
    {
        var commit = Build("a/  m555 | a/f = new", "a/  m555 | a/f = old1", uid: 1000);
        Assert.Equal([new UnlockedDirectory(RelativePath.Parse("a"), Convert.ToInt32("555", 8))], commit.Unlocked);
        Assert.Equal(Convert.ToInt32("555", 8), Assert.Single(commit.Attributes, step => step.Path == RelativePath.Parse("a")).Change.Mode);
        Assert.Empty(Build("a/  m555 | a/f = new", "a/  m555 | a/f = old1", uid: 0).Unlocked);
    }

    [Fact]
    public void Folders_whose_entries_change_get_their_times_back_deepest_first()
    {
        var commit = Build("a/  @100 | a/b/  @200 | a/b/f = new", "a/  @100 | a/b/  @200 | a/b/f = old1");
        Assert.Equal(["a/b 200"], commit.Attributes.Select(step => $"{step.Path} {step.Change.Seconds}"));
        Assert.Equal([RelativePath.Parse("a/b")], commit.Touched);
        commit = Build("a/  @100 | a/b/  @200 | a/b/f = x", "");
        Assert.Equal(["a/b", "a", ""], commit.Attributes.Select(step => step.Path.ToString()));
    }

    [Fact]
    public void What_is_not_staged_is_neither_moved_in_nor_makes_room()
    {
        var source = Parse("a = x | b/c = y");
        var worker = Parse("a/f = z");
        var plan = Planner.Plan(source, worker, null, new PlanRules());
        var commit = CommitPlanner.Build(new CommitCase(plan, source, worker, [], Run, null));
        Assert.Empty(commit.OutOfTheWay);
        Assert.Empty(commit.Arrivals);
    }

    private static CommitPlan Build(string source, string worker, int? uid = null) => Build(Parse(source), Parse(worker, uid), uid);

    private static CommitPlan Build(Snapshot source, Snapshot worker, int? loginUid)
    {
        var plan = Planner.Plan(source, worker, null, new PlanRules());
        var staged = StagingLayout.Build(plan, worker, Run);
        return CommitPlanner.Build(new CommitCase(plan, source, worker, staged, Run, loginUid));
    }

    private static Snapshot Parse(string text, int? uid = null)
    {
        var parsed = SnapshotText.Parse(text.Replace('|', '\n'));
        return new Snapshot(parsed.Root! with { Uid = uid, Gid = uid }, parsed.Entries.Select(entry => entry with { Uid = uid, Gid = uid }));
    }

    private static string Steps(CommitPlan commit) => string.Join(" | ", commit.OutOfTheWay.Concat(commit.Arrivals).Concat(commit.Removals).Select(Text));

    private static string Text(CommitStep step) => step switch
    {
        CommitStep.MoveOut move => $"out {move.Path} {Short(move.Kept)}",
        CommitStep.MoveIn move => $"in {move.Path} {Short(move.Staged)}",
        CommitStep.Replace replace => $"over {replace.Path} {Short(replace.Staged)} {Short(replace.Kept)}",
        CommitStep.RemoveEmptied removed => $"rmdir {removed.Path}",
        _ => throw new InvalidOperationException(),
    };

    private static string Short(RelativePath path) => path.ToString()[(Run.ToString().Length + 1)..];
}
