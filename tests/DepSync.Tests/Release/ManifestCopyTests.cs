using System.Text.Json.Nodes;
using DepSync.Config;
using DepSync.Model;
using DepSync.Tests.Support;

namespace DepSync.Tests.Release;

/// <summary>The manager's copy of a worker's manifest spares its reading, and nothing else is different with it.</summary>
public sealed class ManifestCopyTests : IDisposable
{
    private readonly ReleaseFixture _run = new();

    public void Dispose() => _run.Dispose();

    private string Manifest => Path.Combine(_run.WorkerFolder, "manifest");

    private string Owner => Path.Combine(_run.WorkerFolder, "owner.json");

    private string Copy => Assert.Single(Directory.GetFiles(_run.StateDir, "*.manifest", SearchOption.AllDirectories));

    private async Task PushAsync()
    {
        _run.Manager.Write("conf/a", "a").Write("conf/b", "b").MakeSymlink("l"u8, "conf"u8);
        await _run.SyncAsync();
    }

    private async Task<(WorkerResult Result, bool ManifestWasRead)> WatchAsync(RunConfig? config = null, FaultScript? script = null)
    {
        script ??= new FaultScript();
        _run.Connect = script.Connect;
        var result = await _run.SyncAsync(config);
        _run.Connect = null;
        return (result, script.Calls.Contains("open .depsync/manifest"));
    }

    [NeedsFact]
    public async Task Manifest_is_not_read_while_the_copy_stands_for_it()
    {
        await PushAsync();
        Assert.Equal((WorkerStatus.Unchanged, false), await WatchAsync() is var (same, read) ? (same.Status, read) : default);
        _run.Worker.Write("conf/a", "drifted");
        var (repaired, readForDrift) = await WatchAsync();
        Assert.Equal((WorkerStatus.Synced, 1L, false), (repaired.Status, repaired.Generation, readForDrift));
        _run.AssertEqualTrees();
        Assert.False((await WatchAsync()).ManifestWasRead);
        Assert.Equal(Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(Manifest))), (string?)JsonNode.Parse(File.ReadAllText(Owner))!["manifest_sha256"]);
    }

    public static TheoryData<string> Doubts => ["no copy", "damaged copy", "folder for a copy", "owner without the digest", "owner with another digest", "manifest of another time", "longer manifest", "cut-off run"];

    [NeedsTheory, MemberData(nameof(Doubts))]
    public async Task Manifest_is_read_when_anything_speaks_against_the_copy(string doubt)
    {
        await PushAsync();
        Doubt(doubt);
        var (result, read) = await WatchAsync();
        Assert.Null(result.Error);
        Assert.True(read);
        _run.AssertEqualTrees();
        _run.Manager.Write("conf/a", "changed");
        Assert.Null((await _run.SyncAsync()).Error);
        _run.AssertEqualTrees();
        if (doubt != "folder for a copy")
        {
            Assert.False((await WatchAsync()).ManifestWasRead);
        }
    }

    private void Doubt(string doubt)
    {
        switch (doubt)
        {
            case "no copy":
                File.Delete(Copy);
                break;
            case "damaged copy":
                var bytes = File.ReadAllBytes(Copy);
                bytes[^5] ^= 1;
                File.WriteAllBytes(Copy, bytes);
                break;
            case "folder for a copy":
                var path = Copy;
                File.Delete(path);
                Directory.CreateDirectory(path);
                break;
            case "owner without the digest":
                EditOwner(owner => owner.Remove("manifest_sha256"));
                break;
            case "owner with another digest":
                EditOwner(owner => owner["manifest_sha256"] = new string('0', 64));
                break;
            case "manifest of another time":
                _run.Worker.SetModified(".depsync/manifest"u8, 1_500_000_000);
                break;
            case "longer manifest":
                var time = File.GetLastWriteTimeUtc(Manifest);
                File.AppendAllText(Manifest, "#\n");
                File.SetLastWriteTimeUtc(Manifest, time);
                break;
            default:
                _run.Worker.Write(".depsync/run-90/owner", "{}");
                break;
        }
    }

    private void EditOwner(Action<JsonObject> edit)
    {
        var owner = JsonNode.Parse(File.ReadAllText(Owner))!.AsObject();
        edit(owner);
        File.WriteAllText(Owner, owner.ToJsonString());
    }

    [NeedsFact]
    public async Task Run_that_read_the_manifest_keeps_a_copy_and_a_dry_run_keeps_none()
    {
        await PushAsync();
        File.Delete(Copy);
        Assert.True((await WatchAsync(_run.Config with { DryRun = true })).ManifestWasRead);
        Assert.Empty(Directory.GetFiles(_run.StateDir, "*.manifest", SearchOption.AllDirectories));
        Assert.True((await WatchAsync()).ManifestWasRead);
        Assert.False((await WatchAsync()).ManifestWasRead);
        Assert.False((await WatchAsync(_run.Config with { DryRun = true })).ManifestWasRead);
    }

    [NeedsFact]
    public async Task Commit_cut_between_manifest_and_owner_is_rolled_forward_from_the_new_manifest()
    {
        await PushAsync();
        _run.Manager.Write("conf/a", "z");
        var cut = new FaultScript { Fails = call => call.EndsWith("-> .depsync/owner.json", StringComparison.Ordinal) };
        Assert.NotNull((await WatchAsync(script: cut)).Result.Error);
        var (result, read) = await WatchAsync();
        Assert.Null(result.Error);
        Assert.True(read);
        _run.AssertEqualTrees();
        Assert.Equal((WorkerStatus.Unchanged, false), await WatchAsync() is var (same, again) ? (same.Status, again) : default);
    }

    [NeedsFact]
    public async Task Restored_worker_is_synced_from_what_it_holds()
    {
        await PushAsync();
        var (manifest, owner) = (File.ReadAllBytes(Manifest), File.ReadAllBytes(Owner));
        _run.Manager.Write("conf/a", "newer").Write("conf/c", "c");
        await _run.SyncAsync();
        File.WriteAllBytes(Manifest, manifest);
        File.WriteAllBytes(Owner, owner);
        _run.Worker.Write("conf/a", "a").Delete("conf/c"u8);
        var (result, read) = await WatchAsync();
        Assert.Null(result.Error);
        Assert.True(read);
        _run.AssertEqualTrees();
        Assert.Contains(_run.Events.OfType<Note>(), note => note.Message.Contains("rebuilt or restored", StringComparison.Ordinal));
    }

    [NeedsFact]
    public async Task Copy_of_another_target_counts_for_nothing()
    {
        await PushAsync();
        var copy = Copy;
        using var other = new ReleaseFixture();
        other.Manager.Write("conf/x", "x");
        await other.SyncAsync();
        File.Copy(Assert.Single(Directory.GetFiles(other.StateDir, "*.manifest", SearchOption.AllDirectories)), copy, overwrite: true);
        Assert.Equal((WorkerStatus.Unchanged, true), await WatchAsync() is var (same, read) ? (same.Status, read) : default);
    }
}
