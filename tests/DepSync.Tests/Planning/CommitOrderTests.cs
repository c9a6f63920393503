using DepSync.Planning;
using DepSync.Tests.Support;

namespace DepSync.Tests.Planning;

public sealed class CommitOrderTests
{
    private const string Everything = """
        api/a
        axis2modules/m.mar
        axis2services/s/x
        carbonapps/c.car
        conf/x
        dataservices/d.dbs
        endpoints/e.xml
        lib/l.jar
        local-entries/l.xml
        proxy-services/p.xml
        sequences/s.xml
        synapse-configs/default/api/a.xml
        synapse-configs/default/sequences/s.xml
        webapps/w.war
        z.txt
        """;

    private static readonly string[] InOrder =
    [
        "axis2modules", "axis2modules/m.mar", "lib", "lib/l.jar",
        "endpoints", "endpoints/e.xml", "local-entries", "local-entries/l.xml", "sequences", "sequences/s.xml",
        "synapse-configs", "synapse-configs/default", "synapse-configs/default/sequences", "synapse-configs/default/sequences/s.xml",
        "conf", "conf/x", "synapse-configs/default/api", "synapse-configs/default/api/a.xml", "z.txt",
        "api", "api/a", "axis2services", "axis2services/s", "axis2services/s/x", "dataservices", "dataservices/d.dbs",
        "proxy-services", "proxy-services/p.xml", "webapps", "webapps/w.war",
        "carbonapps", "carbonapps/c.car",
    ];

    [Fact]
    public void What_others_need_is_committed_first() => Assert.Equal(InOrder, Paths(Everything, ""));

    [Fact]
    public void Removals_go_the_other_way_round_and_leave_the_type_folders() =>
        Assert.Equal(InOrder.Reverse().Where(p => p is not ("axis2modules" or "synapse-configs" or "axis2services" or "dataservices" or "webapps" or "carbonapps")), Paths("", Everything));

    [Fact]
    public void Kinds_in_the_way_come_first_and_attributes_last_with_directories_deepest_first()
    {
        const string Source = """
            ./  @5
            a/  @5
            a/b/  @5
            a/b/touched = x  @5
            carbonapps/touched.car = x  @5
            lib/new = x
            zzz = a file now
            yyy/new = x
            """;
        const string Worker = """
            a/b/touched = x
            carbonapps/touched.car = x
            lib/old = x
            zzz/below = x
            yyy = x
            """;
        Assert.Equal(
            ["yyy", "zzz/below", "zzz", "lib/new", "yyy/new", "lib/old", "a/b/touched", "carbonapps/touched.car", "a/b", "a", ""],
            Paths(Source, Worker));
    }

    private static IEnumerable<string> Paths(string source, string worker) =>
        Planner.Plan(SnapshotText.Parse(source), SnapshotText.Parse(worker), manifest: null, new PlanRules()).Changes.Select(c => c.Path.ToString());
}
