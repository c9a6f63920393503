using DepSync.Planning;
using DepSync.Tests.Support;

namespace DepSync.Tests.Planning;

public sealed class PlannerTests
{
    [Fact]
    public void Equal_trees_need_nothing()
    {
        var tree = SnapshotText.Parse("""
            webapps/a.war = one
            lib/current -> x
            """);
        Assert.True(Planner.Plan(tree, tree, manifest: null, new PlanRules()).IsEmpty);
    }
}
