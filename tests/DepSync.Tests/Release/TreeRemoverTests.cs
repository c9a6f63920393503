using System.Runtime.Versioning;
using DepSync.Model;
using DepSync.Release;
using DepSync.Tests.Support;

namespace DepSync.Tests.Release;

[UnsupportedOSPlatform("windows")]
public sealed class TreeRemoverTests : IDisposable
{
    private readonly TempTree _tree = new();

    public void Dispose() => _tree.Dispose();

    [NeedsFact("find")]
    public async Task Everything_below_goes_shut_folders_too_and_links_are_not_followed()
    {
        _tree.Write("live/file", "live").Write(".depsync/old/a/b/c/file", "x").Write(".depsync/old/a/file", "x").MakeSymlink(".depsync/old/link"u8, "../../live"u8)
            .Write(".depsync/old/shut/below/file", "x").SetMode(".depsync/old/shut/below"u8, 0).SetMode(".depsync/old/shut"u8, 0b101_101_101).Write(".depsync/other", "other");
        var script = new FaultScript { Login = 1000 };
        await using (var files = await script.Connect(ReleaseFixture.Address("w", _tree.Path), CancellationToken.None))
        {
            await TreeRemover.RemoveAsync(files, RelativePath.Parse(".depsync/old"));
            await TreeRemover.RemoveAsync(files, RelativePath.Parse(".depsync/absent"));
        }
        Assert.Equal(["", ".depsync", ".depsync/other", "live", "live/file"], TreeText.List(_tree.Path, withDepSync: true).Select(entry => TreeText.Escape(entry.Path)));
    }

    [NeedsTheory("find")]
    [InlineData(".depsync")]
    [InlineData("live/below")]
    [InlineData("")]
    public async Task Nothing_but_what_lies_in_the_own_folder_is_removed(string path)
    {
        _tree.Write("live/below", "x");
        await using var files = await new FaultScript().Connect(ReleaseFixture.Address("w", _tree.Path), CancellationToken.None);
        await Assert.ThrowsAsync<ArgumentException>(() => TreeRemover.RemoveAsync(files, path.Length == 0 ? RelativePath.Root : RelativePath.Parse(path)));
    }
}
