using CsCheck;
using DepSync.Model;
using DepSync.Planning;
using DepSync.Tests.Support;

namespace DepSync.Tests.Planning;

public sealed class PlannerPropertyTests
{
    private static readonly PlanRules Rules = new() { Checksum = true };

    [Fact]
    public void A_plan_carried_out_makes_the_worker_equal() => Gen.Int[0, 100_000].Sample(seed =>
    {
        var (source, worker) = new RandomTrees(seed).Pair(trees: 2);
        var plan = Planner.Plan(source, worker, manifest: null, Rules);
        var after = SnapshotApply.Apply(plan, worker);
        Assert.Equal(Facts(source), Facts(after));
        Assert.True(Planner.Plan(source, after, manifest: null, Rules).IsEmpty);
        Assert.Equal((worker.Entries.Count, 0, 0), (plan.WorkerEntries, plan.Problems.Count, plan.HeldDeletes.Count));
        Assert.Equal(plan.Leaving, worker.Entries.Count(e => source.Find(e.Path) is null));
    }, iter: 300);

    /// <summary>Whatever may not be touched is still there afterwards, and the plan can be carried out all the same.</summary>
    [Fact]
    public void What_is_deferred_unreadable_protected_or_special_is_left_alone() => Gen.Int[0, 100_000].Sample(seed =>
    {
        var random = new Random(seed);
        var (source, worker) = new RandomTrees(seed).Pair(trees: 3);
        source = source.WithEntries(e => e.Kind == EntryKind.File && random.Next(20) == 0 ? e with { Deferral = Deferral.Unsettled } : e);
        worker = worker.WithEntries(e => random.Next(20) == 0 ? e with { Protected = true } : e);
        var keepers = worker.Entries.Where(e => e.Protected && !e.Path.IsRoot).Select(e => e.Path.Parent).ToHashSet();
        source = Marked(source, random, keepers: []);
        worker = Marked(worker, random, keepers);
        var plan = Planner.Plan(source, worker, manifest: null, Rules);
        var after = SnapshotApply.Apply(plan, worker);

        Assert.All(worker.Entries.Where(e => e.Protected), e => Assert.NotNull(after.Find(e.Path)));
        Assert.All(plan.Deferred, e => Assert.Same(worker.Find(e.Path), after.Find(e.Path)));
        foreach (var fixedPath in worker.Problems.Concat(source.Problems).Select(p => p.Path))
        {
            Assert.Equal(Below(worker, fixedPath), Below(after, fixedPath));
        }
        foreach (var special in source.SpecialFiles)
        {
            Assert.Same(worker.Find(special), after.Find(special));
        }
        if (source.Problems.Count > 0)
        {
            Assert.Equal(0, plan.Leaving);
        }
        var held = plan.Deferred.Select(e => e.Path.TopFolder).ToHashSet();
        Assert.DoesNotContain(plan.Changes, c => c.Action == ChangeAction.Delete && held.Contains(c.Path.TopFolder));
        Assert.Empty(plan.Changes.Select(c => c.Path).Intersect(plan.HeldDeletes.Select(c => c.Path)));
    }, iter: 300);

    private static IEnumerable<FileEntry> Below(Snapshot tree, RelativePath folder) => tree.Entries.Where(e => e.Path.IsBelow(folder));

    /// <summary>A tree whose scan could not read one place, now and then, and skipped a special file in another.</summary>
    private static Snapshot Marked(Snapshot tree, Random random, HashSet<RelativePath> keepers)
    {
        var unreadable = tree.Entries.Where(e => e.Kind == EntryKind.Directory && random.Next(40) == 0).Select(e => e.Path).Take(random.Next(2)).ToList();
        var special = tree.Entries.Where(_ => random.Next(30) == 0).Select(e => e.Path).Take(1).ToList();
        var entries = tree.Entries.Where(e => !unreadable.Exists(p => e.Path.IsBelow(p)) && !special.Exists(p => e.Path == p || e.Path.IsBelow(p)));
        return new Snapshot(tree.Root, entries)
        {
            Problems = [.. unreadable.Select(p => new Problem(p, "It cannot be read."))],
            SpecialFiles = special,
            Keepers = keepers,
        };
    }

    /// <summary>Everything of a tree that is mirrored.</summary>
    private static IEnumerable<string> Facts(Snapshot tree) => tree.Entries.Append(tree.Root!).Select(e =>
        $"{e.Path} {e.Kind} {e.WorkerSeconds} {(e.Kind == EntryKind.Symlink ? 0 : e.Mode & 0x1FF)} {e.Digest} {Convert.ToHexString(e.LinkTarget ?? [])}");
}
