using System.Runtime.Versioning;
using System.Text;
using DepSync.Config;
using DepSync.Model;
using DepSync.Tests.Support;
using DepSync.Tests.Workers;

namespace DepSync.Tests.Release;

/// <summary>A link in the place of something that a run works with: nothing at its other end is changed, and when it is gone the next run is whole.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class PlantedLinkTests(SharedSshd sshd) : IClassFixture<SharedSshd>, IDisposable
{
    private readonly TempTree _folder = new();

    public void Dispose() => _folder.Dispose();

    public static TheoryData<string, bool> Places
    {
        get
        {
            var places = new TheoryData<string, bool>();
            foreach (var place in (string[])[
                ".depsync", ".depsync/owner.json", ".depsync/manifest", ".depsync/generations", ".depsync/run-2", ".depsync/run-3", ".depsync/fenced-1", "conf", "conf/deep", "conf/a", "conf/deep/b"])
            {
                places.Add(place, false);
                places.Add(place, true);
            }
            return places;
        }
    }

    [SshdTheory, MemberData(nameof(Places))]
    public async Task A_link_in_a_target_or_in_our_folder_there_leads_nothing_outside(string place, bool overSsh)
    {
        using var run = new ReleaseFixture(new TempTree(_folder, "run"));
        var victim = new TempTree(_folder, "victim").Write("a", "safe").Write("deep/b", "safe").Write("deep/gone", "safe").Write("7/x", "safe").Write("8/x", "safe").Write("owner", "safe").Write("new/1", "safe").Write("old/1", "safe");
        run.Connect = overSsh ? (address, _) => SshRun.ConnectAsync(sshd.Server, address.Path, SshClientKind.Builtin) : null;
        run.Manager.Write("conf/a", "a").Write("conf/deep/b", "b").Write("conf/deep/gone", "c");
        Assert.Null((await run.SyncAsync()).Error);
        var path = Encoding.UTF8.GetBytes(place);
        var isFile = File.Exists(Path.Combine(run.Worker.Path, place));
        run.Worker.Delete(path).MakeSymlink(path, Encoding.UTF8.GetBytes(isFile ? victim.Path + "/a" : victim.Path));
        var before = TreeText.ReadUntouched(victim.Path);
        run.Manager.Write("conf/a", "new a").Write("conf/deep/b", "new b").Delete("conf/deep/gone"u8);
        var config = run.Config with { KeepGenerations = 1, AllowEmpty = [RelativePath.Root], FirstContact = ["worker"] };
        for (var i = 0; i < 3; i++)
        {
            await run.SyncAsync(config);
            TreeText.AssertSame(before, TreeText.ReadUntouched(victim.Path), $"after push {i}");
            run.Manager.Write("conf/a", $"newer a {i}");
        }
        if (new FileInfo(Path.Combine(run.Worker.Path, place)).LinkTarget is not null)
        {
            run.Worker.Delete(path);
        }
        Assert.Null((await run.SyncAsync(config)).Error);
        run.AssertEqualTrees();
        TreeText.AssertSame(before, TreeText.ReadUntouched(victim.Path));
    }
}
