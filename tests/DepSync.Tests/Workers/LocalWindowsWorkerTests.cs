using System.Text;
using DepSync.Model;
using DepSync.Workers;

namespace DepSync.Tests.Workers;

/// <summary>The framework's file API is the same everywhere, so what Windows gets is tried on every system.</summary>
public sealed class LocalWindowsWorkerTests : IDisposable
{
    private static readonly CancellationToken None = CancellationToken.None;

    private readonly DirectoryInfo _temp = Directory.CreateTempSubdirectory("depsync-test-");

    public void Dispose() => _temp.Delete(recursive: true);

    [Fact]
    public async Task A_tree_is_created_listed_renamed_and_removed()
    {
        await using var worker = Open();
        Assert.Null(await worker.FindAsync(RelativePath.Root, None));
        Assert.True(await worker.CreateDirectoryAsync(RelativePath.Root, 0x1c0, None));
        Assert.False(await worker.CreateDirectoryAsync(RelativePath.Root, 0x1c0, None));
        Assert.True(await worker.CreateDirectoryAsync(At("folder"), 0x1c0, None));
        await WriteAsync(worker, "folder/new", "new");
        await WriteAsync(worker, "file", "old");
        Assert.True(await worker.RenameAsync(At("folder/new"), At("file"), None));
        Assert.True(await worker.SetAttributesAsync(At("file"), EntryKind.File, new AttributeChange(Mode: 0x180, Seconds: 1_600_000_000), None));

        var entries = (await worker.ListAsync(RelativePath.Root, None))!.ToDictionary(e => Encoding.UTF8.GetString(e.Name));
        Assert.Equal((EntryKind.File, 3L, 1_600_000_000L), (entries["file"].Kind, entries["file"].Size, entries["file"].Seconds));
        Assert.Equal(EntryKind.Directory, entries["folder"].Kind);
        Assert.Equal("new", File.ReadAllText(Path.Combine(Target, "file")));

        Assert.True(await worker.RenameAsync(At("folder"), At("moved"), None));
        Assert.True(await worker.RemoveDirectoryAsync(At("moved"), None));
        Assert.True(await worker.RemoveFileAsync(At("file"), None));
        Assert.Empty((await worker.ListAsync(RelativePath.Root, None))!);
        Assert.True(await worker.FreeSpaceAsync(RelativePath.Root, None) is null or { Bytes: > 0 });
    }

    [Theory]
    [InlineData("absent")]
    [InlineData("absent/below")]
    [InlineData("file/below")]
    public async Task Whatever_is_absent_is_an_answer(string path)
    {
        await using var worker = OpenCreated();
        await WriteAsync(worker, "file", "x");
        Assert.Null(await worker.FindAsync(At(path), None));
        Assert.Null(await worker.ListAsync(At(path), None));
        Assert.Null(await worker.OpenAsync(At(path), None));
        Assert.Null(await worker.ReadLinkAsync(At(path), None));
        Assert.False(await worker.RenameAsync(At(path), At("new"), None));
        Assert.False(await worker.RenameAsync(At("file"), At("absent/new"), None));
        Assert.False(await worker.RemoveFileAsync(At(path), None));
        Assert.False(await worker.RemoveDirectoryAsync(At(path), None));
        Assert.False(await worker.SetAttributesAsync(At(path), EntryKind.File, new AttributeChange(Seconds: 1), None));
        await worker.FlushDirectoryAsync(At(path), None);
    }

    [Fact]
    public async Task What_cannot_be_done_is_refused_and_the_worker_goes_on()
    {
        await using var worker = OpenCreated();
        await WriteAsync(worker, "file", "x");
        Assert.True(await worker.CreateDirectoryAsync(At("folder"), 0x1c0, None));
        await WriteAsync(worker, "folder/file", "x");
        await Refused(WorkerFileError.Failure, () => worker.CreateFileAsync(At("file"), None).AsTask());
        await Refused(WorkerFileError.Failure, () => worker.CreateFileAsync(At("absent/file"), None).AsTask());
        await Refused(WorkerFileError.Failure, () => worker.OpenAsync(At("folder"), None).AsTask());
        await Refused(WorkerFileError.Failure, () => worker.RemoveFileAsync(At("folder"), None).AsTask());
        await Refused(WorkerFileError.Failure, () => worker.RemoveDirectoryAsync(At("folder"), None).AsTask());
        await Refused(WorkerFileError.BadName, () => worker.CreateFileAsync(At("a:b"), None).AsTask());
        await Refused(WorkerFileError.BadName, () => worker.CreateDirectoryAsync(At("nul"), 0x1c0, None).AsTask());
        await Refused(WorkerFileError.Unsupported, () => worker.CreateSymlinkAsync(At("link"), "x"u8.ToArray(), None).AsTask());
        Assert.Equal(2, (await worker.ListAsync(RelativePath.Root, None))!.Count);
        await worker.DisposeAsync();
        await Assert.ThrowsAsync<WorkerLostException>(() => worker.ListAsync(RelativePath.Root, None).AsTask());
    }

    [Fact]
    public async Task A_file_comes_back_as_it_was_written()
    {
        await using var worker = OpenCreated();
        await using var file = await worker.CreateFileAsync(At("file"), None);
        await file.WriteAtAsync(2, "cd"u8.ToArray(), None);
        await file.WriteAtAsync(0, "ab"u8.ToArray(), None);
        await file.SetAttributesAsync(new AttributeChange(Seconds: 1_500_000_000), None);
        await file.FlushAsync(None);
        Assert.Equal((4L, 1_500_000_000L), ((await file.StatAsync(None)).Size, (await file.StatAsync(None)).Seconds));
        await file.CloseAsync(None);
        await file.CloseAsync(None);

        await using var read = await worker.OpenAsync(At("file"), None);
        var buffer = new byte[8];
        Assert.Equal(3, await read!.ReadAtAsync(1, buffer, None));
        Assert.Equal("bcd"u8.ToArray(), buffer[..3]);
        Assert.Equal(0, await read.ReadAtAsync(4, buffer, None));
    }

    [Fact]
    public async Task Nothing_behind_a_link_below_the_target_is_read_or_changed()
    {
        // Windows lets only some users make links; whoever may not cannot plant one either.
        if (OperatingSystem.IsWindows())
        {
            return;
        }
        await using var worker = OpenCreated();
        var victim = _temp.CreateSubdirectory("victim").FullName;
        File.WriteAllText(Path.Combine(victim, "file"), "safe");
        Directory.CreateSymbolicLink(Path.Combine(Target, "link"), victim);
        File.CreateSymbolicLink(Path.Combine(Target, "dangling"), "nowhere");

        Assert.Equal(EntryKind.Symlink, (await worker.FindAsync(At("link"), None))!.Value.Kind);
        Assert.Equal(EntryKind.Symlink, (await worker.FindAsync(At("dangling"), None))!.Value.Kind);
        Assert.Null(await worker.ListAsync(At("link"), None));
        Assert.Null(await worker.FindAsync(At("link/file"), None));
        Assert.False(await worker.RemoveFileAsync(At("link/file"), None));
        await Refused(WorkerFileError.Failure, () => worker.CreateFileAsync(At("link/new"), None).AsTask());
        Assert.True(await worker.RemoveFileAsync(At("link"), None));
        Assert.True(await worker.RemoveFileAsync(At("dangling"), None));
        Assert.Equal("safe", File.ReadAllText(Path.Combine(victim, "file")));
    }

    [Fact]
    public void A_target_needs_a_folder_above_it_and_is_a_directory()
    {
        File.WriteAllText(Path.Combine(_temp.FullName, "file"), "x");
        Assert.Equal(ErrorKind.Target, Assert.Throws<WorkerLostException>(() => LocalWindowsWorker.Open(Path.Combine(_temp.FullName, "file"))).Kind);
        Assert.Equal(ErrorKind.Target, Assert.Throws<WorkerLostException>(() => LocalWindowsWorker.Open(Path.Combine(_temp.FullName, "a/b"))).Kind);
    }

    private string Target => Path.Combine(_temp.FullName, "target");

    private static RelativePath At(string path) => RelativePath.Parse(path);

    private LocalWindowsWorker Open() => LocalWindowsWorker.Open(Target);

    private LocalWindowsWorker OpenCreated()
    {
        Directory.CreateDirectory(Target);
        return Open();
    }

    private static async Task WriteAsync(LocalWindowsWorker worker, string path, string text)
    {
        await using var file = await worker.CreateFileAsync(At(path), None);
        await file.WriteAtAsync(0, Encoding.UTF8.GetBytes(text), None);
        await file.CloseAsync(None);
    }

    private static async Task Refused(WorkerFileError error, Func<Task> act) => Assert.Equal(error, (await Assert.ThrowsAsync<WorkerFileException>(act)).Error);
}
