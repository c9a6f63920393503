using DepSync.Model;
using DepSync.Planning;
using DepSync.Tests.Support;

namespace DepSync.Tests.Planning;

public sealed class SafetyRulesTests
{
    private static readonly DeleteLimit NoLimit = new(100, IsPercent: true);

    [Fact]
    public void An_empty_source_is_refused_while_the_worker_has_a_file()
    {
        var refusal = Check("webapps/", "webapps/a.war = one");
        Assert.Equal("The manager directory holds no file, the worker holds 1.", refusal?.Message);
        Assert.Equal("If that is intended, run once with --allow-empty .", refusal?.Hint);
        Assert.Null(Check("webapps/", "webapps/a.war = one", allowEmpty: ["."]));
    }

    [Theory]
    [InlineData("webapps/", "webapps/")]
    [InlineData("webapps/", "axis2services/")]
    [InlineData("webapps/", "state.db = x  protected")]
    [InlineData("webapps/l -> x", "webapps/a.war = one")]
    [InlineData("webapps/a.war", "")]
    public void An_empty_tree_with_nothing_to_lose_is_no_empty_source(string source, string worker) => Assert.Null(Check(source, worker));

    [Fact]
    public void A_folder_that_held_two_files_and_holds_none_is_refused()
    {
        const string Before = "webapps/a.war = one\nwebapps/b/c = two\nlib/x.jar = x";
        var refusal = Check("webapps/b/\nlib/x.jar = x", Before, pushed: Before);
        Assert.Equal("The folder webapps held 2 files at the last push and holds none now.", refusal?.Message);
        Assert.Equal("If that is intended, run once with --allow-empty webapps", refusal?.Hint);
        Assert.Null(Check("webapps/b/\nlib/x.jar = x", Before, pushed: Before, allowEmpty: ["webapps"]));
        Assert.NotNull(Check("webapps/b/\nlib/x.jar = x", Before, pushed: Before, allowEmpty: ["lib", "."]));
    }

    [Theory]
    [InlineData("lib/x.jar = x")]
    [InlineData("lib/x.jar = x\nwebapps = a file now")]
    [InlineData("lib/x.jar = x\nwebapps -> elsewhere")]
    public void A_folder_that_is_gone_or_became_something_else_was_emptied(string source)
    {
        const string Before = "webapps/a.war = one\nwebapps/b.war = two\nlib/x.jar = x";
        Assert.Equal("If that is intended, run once with --allow-empty webapps", Check(source, Before, pushed: Before)?.Hint);
    }

    [Theory]
    [InlineData("webapps/only.war = one\nlib/x = x", "lib/x = x")]
    [InlineData("webapps/a = one\nwebapps/b = two\nlib/x = x", "webapps/a = one\nlib/x = x")]
    [InlineData("webapps/a = one\nwebapps/b = two\nlib/x = x", "webapps/now -> there\nlib/x = x")]
    [InlineData("a = one\nb = two\nlib/x = x", "lib/x = x")]
    public void An_ordinary_undeployment_empties_nothing(string before, string source) => Assert.Null(Check(source, before, pushed: before));

    [Fact]
    public void Without_a_manifest_no_folder_counts_as_emptied() => Assert.Null(Check("lib/x = x", "webapps/a = one\nwebapps/b = two\nlib/x = x"));

    [Fact]
    public void A_folder_that_loses_nothing_in_this_plan_is_not_refused() =>
        Assert.Null(Check("lib/x = x", "lib/x = x", pushed: "webapps/a = one\nwebapps/b = two\nlib/x = x"));

    [Fact]
    public void A_folder_whose_files_are_all_excluded_now_is_not_refused_for_what_somebody_added_there() =>
        Assert.Null(Check("lib/x = x", "webapps/added = y\nlib/x = x", pushed: "webapps/a = one\nwebapps/b = two\nlib/x = x"));

    [Fact]
    public void A_source_that_could_not_be_read_is_not_known_to_be_empty()
    {
        var (source, worker) = (SnapshotText.Parse("webapps/").With(problems: ["webapps"]), SnapshotText.Parse("webapps/a.war = one"));
        var plan = Planner.Plan(source, worker, manifest: null, new PlanRules());
        Assert.Null(SafetyRules.Check(new SafetyCase { Plan = plan, Source = source, Worker = worker, Limits = new(new(0, IsPercent: false), []) }));
    }

    [Theory]
    [InlineData(19, 20, "50%", null)]
    [InlineData(20, 40, "50%", null)]
    [InlineData(21, 40, "50%", "21 of the worker's 40 entries would be removed (52.5 %), the limit is 50%.")]
    [InlineData(120, 120, "100%", null)]
    [InlineData(120, 200, "50%", "120 of the worker's 200 entries would be removed (60 %), the limit is 50%.")]
    [InlineData(20, 1000, "0%", "20 of the worker's 1000 entries would be removed (2 %), the limit is 0%.")]
    [InlineData(19, 1000, "0%", null)]
    [InlineData(1, 1000, "0", "1 of the worker's 1000 entries would be removed (0.1 %), the limit is 0.")]
    [InlineData(0, 1000, "0", null)]
    [InlineData(5, 5, "5", null)]
    [InlineData(6, 1000, "5", "6 of the worker's 1000 entries would be removed (0.6 %), the limit is 5.")]
    public void Max_delete_counts_what_leaves(int leaving, int all, string limit, string? message)
    {
        var refusal = SafetyRules.Check(Case(Limit(limit)) with { Plan = new SyncPlan { Changes = [], Leaving = leaving, WorkerEntries = all } });
        Assert.Equal(message, refusal?.Message);
        Assert.Equal(message is null ? null : $"If that is intended, run once with --max-delete {leaving}", refusal?.Hint);
    }

    [Fact]
    public void A_mount_point_that_is_none_any_more_is_refused()
    {
        var data = RelativePath.Parse("webapps/big data");
        var gone = Case(NoLimit) with { PreviousMountPoints = [data] };
        Assert.Equal("The folder webapps/big data was a mount point at the last good run and is none now: is its filesystem not mounted?", SafetyRules.Check(gone)?.Message);
        Assert.Equal("If that is intended, run once with --allow-empty 'webapps/big data'", SafetyRules.Check(gone)?.Hint);
        Assert.Null(SafetyRules.Check(gone with { Limits = new(NoLimit, [data]) }));
        var source = new Snapshot(gone.Source.Root, gone.Source.Entries) { MountPoints = new HashSet<RelativePath> { data } };
        Assert.Null(SafetyRules.Check(gone with { Source = source }));
    }

    [Fact]
    public void A_marker_that_is_gone_is_refused()
    {
        var gone = Case(NoLimit) with { HadMarker = true };
        Assert.Equal(
            "The manager directory had its marker file .depsync-source at the last good run and has none now: is its filesystem not mounted?", SafetyRules.Check(gone)?.Message);
        Assert.Equal("If that is intended, run once with --allow-empty .", SafetyRules.Check(gone)?.Hint);
        Assert.Null(SafetyRules.Check(gone with { Limits = new(NoLimit, [RelativePath.Root]) }));
        Assert.Null(SafetyRules.Check(gone with { Source = new Snapshot(gone.Source.Root, gone.Source.Entries) { HasMarker = true } }));
    }

    [Fact]
    public void One_refusal_names_every_flag_that_is_needed()
    {
        var before = string.Join('\n', Enumerable.Range(0, 30).Select(i => $"webapps/{i}.war = x")) + "\nlib/x = x";
        var refusal = Check("lib/x = x", before, pushed: before, limit: new(50, IsPercent: true));
        Assert.Equal("If that is intended, run once with --allow-empty webapps --max-delete 30", refusal?.Hint);
    }

    [Fact]
    public void Names_in_a_refusal_cannot_mislead_a_terminal()
    {
        const string Before = "e\e[31m'il/a = one\ne\e[31m'il/b = two\nlib/x = x";
        Assert.Equal(@"If that is intended, run once with --allow-empty 'e\x1B[31m'\''il'", Check("lib/x = x", Before, pushed: Before)?.Hint);
    }

    private static Refusal? Check(string source, string worker, string? pushed = null, string[]? allowEmpty = null, DeleteLimit? limit = null)
    {
        var (from, to) = (SnapshotText.Parse(source), SnapshotText.Parse(worker));
        var manifest = pushed is null ? null : SnapshotText.ManifestOf(SnapshotText.Parse(pushed));
        return SafetyRules.Check(new SafetyCase
        {
            Plan = Planner.Plan(from, to, manifest, new PlanRules()),
            Source = from,
            Worker = to,
            Manifest = manifest,
            Limits = new(limit ?? NoLimit, SnapshotText.Paths([.. (allowEmpty ?? []).Select(p => p == "." ? "" : p)])),
        });
    }

    private static SafetyCase Case(DeleteLimit limit)
    {
        var tree = SnapshotText.Parse("lib/x = x");
        return new() { Plan = new SyncPlan { Changes = [] }, Source = tree, Worker = tree, Limits = new(limit, []) };
    }

    private static DeleteLimit Limit(string text) => text.EndsWith('%') ? new(long.Parse(text[..^1], null), IsPercent: true) : new(long.Parse(text, null), IsPercent: false);
}
