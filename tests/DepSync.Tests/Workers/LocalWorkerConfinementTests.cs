using System.Text;
using DepSync.Model;
using DepSync.Platform;
using DepSync.Tests.Support;
using DepSync.Workers;

namespace DepSync.Tests.Workers;

/// <summary>What only a worker on this machine promises: no link below the target is followed, the target itself may be one or be missing.</summary>
public sealed class LocalWorkerConfinementTests : IDisposable
{
    private static readonly CancellationToken None = CancellationToken.None;

    private readonly TempTree _temp = new();

    public void Dispose() => _temp.Dispose();

    public static TheoryData<string, string> PlantedLinks => new()
    {
        { "folder", "folder/file" },
        { "a/b", "a/b/file" },
        { ".depsync", ".depsync/file" },
        { ".depsync/run-7", ".depsync/run-7/new/1" },
    };

    [NeedsTheory, MemberData(nameof(PlantedLinks))]
    public async Task Nothing_is_read_or_changed_through_a_link_in_any_component(string link, string below)
    {
        _temp.Write("victim/file", "safe").Write("victim/new/1", "safe").Write("target/own", "own");
        _temp.MakeSymlink(Encoding.UTF8.GetBytes($"target/{link}"), Encoding.UTF8.GetBytes(Path.Combine(_temp.Path, "victim")));
        await using var worker = Open("target");
        var path = RelativePath.Parse(below);
        var folder = path.Parent;
        var own = RelativePath.Parse("own");

        Assert.Equal(EntryKind.Symlink, (await worker.FindAsync(RelativePath.Parse(link), None))!.Value.Kind);
        Assert.Null(await worker.ListAsync(RelativePath.Parse(link), None));
        Assert.Null(await worker.ListAsync(folder, None));
        Assert.Null(await worker.FindAsync(path, None));
        Assert.Null(await worker.OpenAsync(path, None));
        Assert.Null(await worker.ReadLinkAsync(path, None));
        Assert.Null(await worker.FreeSpaceAsync(path, None));
        Assert.False(await worker.RemoveFileAsync(path, None));
        Assert.False(await worker.RemoveDirectoryAsync(folder.Child("new"), None));
        Assert.False(await worker.RenameAsync(path, own, None));
        Assert.False(await worker.RenameAsync(own, path, None));
        Assert.False(await worker.LinkAsync(path, RelativePath.Parse("linked"), None));
        Assert.False(await worker.SetAttributesAsync(path, EntryKind.File, new AttributeChange(Mode: 0x1ff, Seconds: 1), None));
        Assert.False(await worker.SetAttributesAsync(RelativePath.Parse(link), EntryKind.Directory, new AttributeChange(Mode: 0x1ff), None));
        await worker.FlushDirectoryAsync(folder, None);
        await Refused(() => worker.CreateFileAsync(folder.Child("added"), None).AsTask());
        await Refused(() => worker.CreateDirectoryAsync(folder.Child("added"), 0x1c0, None).AsTask());
        await Refused(() => worker.CreateSymlinkAsync(folder.Child("added"), "x"u8.ToArray(), None).AsTask());
        await Refused(() => worker.LinkAsync(own, folder.Child("added"), None).AsTask());

        Assert.Equal(["file", "new"], Directory.GetFileSystemEntries(Path.Combine(_temp.Path, "victim")).Select(Path.GetFileName).Order());
        Assert.Equal("safe", _temp.Read("victim/file"));
        Assert.Equal("own", _temp.Read("target/own"));
    }

    [NeedsFact]
    public async Task A_link_as_last_component_is_itself()
    {
        _temp.Write("victim", "safe").MakeDirectory("target"u8).MakeSymlink("target/link"u8, "../victim"u8);
        await using var worker = Open("target");
        var link = RelativePath.Parse("link");
        await Refused(() => worker.OpenAsync(link, None).AsTask());
        Assert.Equal("../victim"u8.ToArray(), await worker.ReadLinkAsync(link, None));
        Assert.True(await worker.SetAttributesAsync(link, EntryKind.Symlink, new AttributeChange(Mode: 0, Seconds: 77, Uid: 4711, Gid: 4711), None));
        Assert.Equal(77, (await worker.FindAsync(link, None))!.Value.Seconds);
        Assert.True(await worker.RemoveFileAsync(link, None));
        Assert.Equal("safe", _temp.Read("victim"));
    }

    [NeedsFact]
    public async Task The_target_itself_may_be_reached_through_a_link()
    {
        _temp.Write("real/target/file", "x").MakeSymlink("way"u8, "real"u8).MakeSymlink("real/alias"u8, "target"u8);
        await using var worker = Open("way/alias");
        await using var direct = Open("real/target");
        Assert.NotNull(await worker.FindAsync(RelativePath.Parse("file"), None));
        Assert.Equal(direct.Place, worker.Place);
        Assert.EndsWith("/real/target", worker.Place.CanonicalPath, StringComparison.Ordinal);
        Assert.NotNull(worker.Place.Identity);
        Assert.Equal((await worker.FindAsync(RelativePath.Root, None))!.Value.Identity, worker.Place.Identity);
        Assert.NotNull(worker.Place.LoginDirectory);
    }

    [NeedsFact]
    public async Task A_missing_target_is_absent_until_it_is_created()
    {
        _temp.MakeDirectory("real"u8).MakeSymlink("way"u8, "real"u8);
        await using var worker = Open("way/target/");
        Assert.Equal(Path.Combine(await CanonicalTemp(), "real/target"), worker.Place.CanonicalPath);
        Assert.Null(worker.Place.Identity);
        Assert.Null(await worker.FindAsync(RelativePath.Root, None));
        Assert.Null(await worker.ListAsync(RelativePath.Root, None));
        Assert.Null(await worker.FindAsync(RelativePath.Parse("a/b"), None));
        Assert.False(await worker.RemoveFileAsync(RelativePath.Parse("a"), None));
        Assert.NotNull(await worker.FreeSpaceAsync(RelativePath.Root, None));
        await Refused(() => worker.CreateFileAsync(RelativePath.Parse("file"), None).AsTask());

        Assert.True(await worker.CreateDirectoryAsync(RelativePath.Root, 0x1ed, None));
        Assert.False(await worker.CreateDirectoryAsync(RelativePath.Root, 0x1ed, None));
        Assert.Empty((await worker.ListAsync(RelativePath.Root, None))!);
        Assert.NotNull(worker.Place.Identity);
        Assert.True(Directory.Exists(Path.Combine(_temp.Path, "real/target")));
    }

    [NeedsTheory]
    [InlineData("missing/target", "does not exist")]
    [InlineData("file", "is no directory")]
    [InlineData("file/target", "does not exist")]
    [InlineData("dangling", "does not exist")]
    [InlineData("pipe", "is no directory")]
    public void A_target_that_cannot_be_one_is_refused_with_the_reason(string target, string reason)
    {
        _temp.Write("file", "x").MakeSymlink("dangling"u8, "nowhere"u8);
        Libc.MakeFifo(_temp.Absolute("pipe"u8));
        var error = Assert.Throws<WorkerLostException>(() => Open(target));
        Assert.Equal(ErrorKind.Target, error.Kind);
        Assert.NotNull(error.Hint);
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
    }

    [NeedsTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_swap_of_a_folder_and_a_link_never_leads_a_write_outside(bool componentwise)
    {
        _temp.MakeDirectory("victim"u8).MakeDirectory("target/flip"u8).MakeSymlink("target/link"u8, "../victim"u8);
        await using var worker = LocalWorker.OpenUnix(Path.Combine(_temp.Path, "target"), root => componentwise ? UnixTree.Componentwise(root) : new UnixTree(root));
        using var stop = new CancellationTokenSource();
        var flipper = Task.Run(() =>
        {
            byte[] flip = _temp.Absolute("target/flip"u8), link = _temp.Absolute("target/link"u8), spare = _temp.Absolute("target/spare"u8);
            while (!stop.IsCancellationRequested)
            {
                Libc.Rename(flip, spare);
                Libc.Rename(link, flip);
                Libc.Rename(flip, link);
                Libc.Rename(spare, flip);
            }
        });
        var written = 0;
        for (var i = 0; i < 10_000; i++)
        {
            try
            {
                await (await worker.CreateFileAsync(RelativePath.Parse($"flip/{i}"), None)).DisposeAsync();
                written++;
            }
            catch (WorkerFileException)
            {
            }
        }
        await stop.CancelAsync();
        await flipper;
        Assert.Empty(Directory.GetFileSystemEntries(Path.Combine(_temp.Path, "victim")));
        Assert.True(written > 0);
    }

    [NeedsFact]
    public async Task Paths_longer_than_the_system_takes_are_mirrored_and_removed()
    {
        _temp.MakeDirectory("target"u8);
        await using var worker = Open("target");
        var path = RelativePath.Root;
        for (var depth = 0; depth < 60; depth++)
        {
            path = path.Child(new string('n', 100));
            Assert.True(await worker.CreateDirectoryAsync(path, 0x1c0, None));
        }
        var file = path.Child("file");
        await (await worker.CreateFileAsync(file, None)).DisposeAsync();
        Assert.True(await worker.RenameAsync(file, path.Child("renamed"), None));
        Assert.True(await worker.RemoveFileAsync(path.Child("renamed"), None));
        for (; !path.IsRoot; path = path.Parent)
        {
            Assert.True(await worker.RemoveDirectoryAsync(path, None));
        }
        Assert.Empty((await worker.ListAsync(RelativePath.Root, None))!);
    }

    [NeedsFact]
    public async Task A_call_after_the_dispose_says_that_the_worker_is_gone()
    {
        _temp.MakeDirectory("target"u8);
        var worker = Open("target");
        var file = await worker.CreateFileAsync(RelativePath.Parse("file"), None);
        await worker.DisposeAsync();
        await worker.DisposeAsync();
        await Assert.ThrowsAsync<WorkerLostException>(() => worker.ListAsync(RelativePath.Root, None).AsTask());
        await Assert.ThrowsAsync<WorkerLostException>(() => file.FlushAsync(None).AsTask());
        await file.DisposeAsync();
    }

    [NeedsFact]
    public async Task A_failed_call_does_not_throw_before_it_is_awaited()
    {
        _temp.MakeDirectory("target"u8);
        await using var worker = Open("target");
        var failing = worker.CreateFileAsync(RelativePath.Parse("missing/file"), None);
        Assert.True(await worker.CreateDirectoryAsync(RelativePath.Parse("next"), 0x1c0, None));
        await Assert.ThrowsAsync<WorkerFileException>(() => failing.AsTask());
    }

    private IWorkerFileSystem Open(string name) => LocalWorker.Open(Path.Combine(_temp.Path, name));

    private async Task<string> CanonicalTemp()
    {
        await using var worker = LocalWorker.Open(_temp.Path);
        return worker.Place.CanonicalPath;
    }

    private static async Task Refused(Func<Task> act) => Assert.Equal(WorkerFileError.Failure, (await Assert.ThrowsAsync<WorkerFileException>(act)).Error);
}
