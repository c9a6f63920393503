using DepSync.Tests.Support;

namespace DepSync.Tests.EndToEnd;

/// <summary>What the hot-deploying servers on manager and workers do to a deployment folder, and how a push lives with it.</summary>
public sealed class ServerRulesTests
{
    [SshdFact]
    public async Task An_unpacked_webapp_is_left_alone_and_goes_with_its_war()
    {
        using var box = new Sandbox();
        TempTree[] targets = [box.AddLocalWorker("local"), box.AddSshWorker("ssh")];
        box.Manager.Write("webapps/shop.war", "war").Write("webapps/shop/index.jsp", "the manager's own").Write("webapps/plain/index.html", "an application without a war");
        box.Manager.Write("webapps/other.war", "other");
        (await box.SyncAsync()).Expect(0);
        Assert.All(targets, t => Assert.False(t.Exists("webapps/shop"u8)));
        Assert.All(targets, t => Assert.True(t.Exists("webapps/plain/index.html"u8)));
        foreach (var target in targets)
        {
            target.Write("webapps/shop/index.jsp", "unpacked on the worker").Write("webapps/shop/WEB-INF/web.xml", "x");
        }
        await DifferentialTests.AssertNothingIsLeftToDoAsync(box, targets);

        box.Manager.Delete("webapps/shop.war"u8).Delete("webapps/shop"u8);
        (await box.SyncAsync()).Expect(0);
        Assert.All(targets, t => Assert.False(t.Exists("webapps/shop"u8)));
        Assert.All(targets, t => Assert.False(t.Exists("webapps/shop.war"u8)));
        Assert.All(targets, t => TreeText.AssertMirrored(box.Manager.Path, t.Path));
        await DifferentialTests.AssertNothingIsLeftToDoAsync(box, targets);
    }

    [SshdFact]
    public async Task Unpacked_webapps_are_mirrored_when_the_settings_say_so()
    {
        using var box = new Sandbox();
        var target = box.AddSshWorker("ssh");
        box.Settings.Add("exploded_webapps: mirror");
        box.Manager.Write("webapps/shop.war", "war").Write("webapps/shop/index.jsp", "the manager's own");
        (await box.SyncAsync()).Expect(0);
        TreeText.AssertMirrored(box.Manager.Path, target.Path);
    }

    [SshdFact]
    public async Task A_type_folder_is_emptied_and_stays()
    {
        using var box = new Sandbox();
        TempTree[] targets = [box.AddLocalWorker("local"), box.AddSshWorker("ssh")];
        box.Manager.Write("carbonapps/a.car", "a").Write("conf/a", "a");
        (await box.SyncAsync()).Expect(0);
        box.Manager.Delete("carbonapps"u8);
        (await box.SyncAsync()).Expect(0);
        Assert.All(targets, t => Assert.True(t.Exists("carbonapps"u8)));
        Assert.All(targets, t => Assert.False(t.Exists("carbonapps/a.car"u8)));
        await DifferentialTests.AssertNothingIsLeftToDoAsync(box, targets);
    }

    [SshdFact]
    public async Task Excluded_and_protected_entries_stay_on_the_worker()
    {
        using var box = new Sandbox();
        TempTree[] targets = [box.AddLocalWorker("local"), box.AddSshWorker("ssh")];
        box.Settings.Add("exclude: [\"*.bak\", \".svn/\"]");
        box.Settings.Add("protect: [\"/conf/local.xml\"]");
        box.Manager.Write("conf/a.xml", "a").Write("conf/a.bak", "not sent").Write("app/x", "x");
        foreach (var target in targets)
        {
            target.Write("conf/own.bak", "b").Write("conf/local.xml", "l").Write("gone/.svn/entries", "s").Write("gone/x", "x").Write("servicemetafiles/m.xml", "m");
        }
        (await box.SyncAsync()).Expect(0);
        Assert.All(targets, t =>
        {
            Assert.False(t.Exists("conf/a.bak"u8));
            Assert.True(t.Exists("conf/own.bak"u8));
            Assert.True(t.Exists("conf/local.xml"u8));
            Assert.True(t.Exists("gone/.svn/entries"u8));
            Assert.False(t.Exists("gone/x"u8));
            Assert.True(t.Exists("servicemetafiles/m.xml"u8));
        });
        await DifferentialTests.AssertNothingIsLeftToDoAsync(box, targets);
    }
}
