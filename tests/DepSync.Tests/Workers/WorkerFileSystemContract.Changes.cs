using DepSync.Model;
using DepSync.Workers;

namespace DepSync.Tests.Workers;

/// <content>Entries that come, go, move and change their attributes.</content>
public abstract partial class WorkerFileSystemContract
{
    [Fact]
    public async Task A_link_holds_its_target_as_bytes()
    {
        await Files.CreateSymlinkAsync(At("link"), Utf8("../no where/"), default);
        Assert.Equal(Utf8("../no where/"), await Files.ReadLinkAsync(At("link"), default));
        await WriteAsync("file", "x");
        await MakeDirectoryAsync("folder");
        Assert.Null(await Files.ReadLinkAsync(At("file"), default));
        Assert.Null(await Files.ReadLinkAsync(At("folder"), default));
        await RefusedAsync(At("link"), WorkerFileError.Failure, async () => await Files.CreateSymlinkAsync(At("link"), Utf8("other"), default));
        await RefusedAsync(At("no/link"), WorkerFileError.Failure, async () => await Files.CreateSymlinkAsync(At("no/link"), Utf8("x"), default));
    }

    [Fact]
    public async Task A_directory_is_created_once_with_its_mode()
    {
        Assert.True(await Files.CreateDirectoryAsync(At("folder"), Mode("700"), default));
        Assert.Equal(Mode("700"), (await FindAsync("folder")).Mode);
        await WriteAsync("file", "x");
        await Files.CreateSymlinkAsync(At("link"), Utf8("nowhere"), default);
        Assert.False(await Files.CreateDirectoryAsync(At("folder"), Mode("755"), default));
        Assert.False(await Files.CreateDirectoryAsync(At("file"), Mode("755"), default));
        Assert.False(await Files.CreateDirectoryAsync(At("link"), Mode("755"), default));
        await RefusedAsync(At("no/folder"), WorkerFileError.Failure, async () => await Files.CreateDirectoryAsync(At("no/folder"), Mode("755"), default));
    }

    [Fact]
    public async Task A_rename_replaces_a_file_or_says_that_it_cannot()
    {
        await WriteAsync("new", "new");
        await WriteAsync("old", "old");
        if (Files.Capabilities.AtomicReplace)
        {
            Assert.True(await Files.RenameAsync(At("new"), At("old"), default));
            Assert.Equal("new", await ReadTextAsync("old"));
            Assert.Equal(["old"], await NamesAsync(""));
        }
        else
        {
            await RefusedAsync(At("new"), WorkerFileError.Failure, async () => await Files.RenameAsync(At("new"), At("old"), default));
            Assert.Equal("old", await ReadTextAsync("old"));
            Assert.True(await Files.RenameAsync(At("new"), At("other"), default));
        }
    }

    [Fact]
    public async Task A_rename_onto_a_link_replaces_the_link()
    {
        await WriteAsync("victim", "victim");
        await WriteAsync("new", "new");
        await Files.CreateSymlinkAsync(At("link"), Utf8("victim"), default);
        if (Files.Capabilities.AtomicReplace)
        {
            Assert.True(await Files.RenameAsync(At("new"), At("link"), default));
            Assert.Equal(EntryKind.File, (await FindAsync("link")).Kind);
        }
        else
        {
            await RefusedAsync(At("new"), null, async () => await Files.RenameAsync(At("new"), At("link"), default));
        }
        Assert.Equal("victim", await ReadTextAsync("victim"));
    }

    [Fact]
    public async Task A_renamed_link_stays_a_link()
    {
        await WriteAsync("file", "x");
        await Files.CreateSymlinkAsync(At("link"), Utf8("file"), default);
        Assert.True(await Files.RenameAsync(At("link"), At("moved"), default));
        Assert.Equal(Utf8("file"), await Files.ReadLinkAsync(At("moved"), default));
        Assert.Equal(["file", "moved"], await NamesAsync(""));
    }

    [Fact]
    public async Task A_directory_is_renamed_with_all_it_holds()
    {
        await MakeDirectoryAsync("a");
        await MakeDirectoryAsync("a/b");
        await WriteAsync("a/b/file", "x");
        await MakeDirectoryAsync("other");
        Assert.True(await Files.RenameAsync(At("a"), At("other/a"), default));
        Assert.Equal("x", await ReadTextAsync("other/a/b/file"));
        Assert.Null(await Files.FindAsync(At("a"), default));
    }

    [Fact]
    public async Task A_rename_into_an_absent_folder_is_false()
    {
        await WriteAsync("file", "x");
        Assert.False(await Files.RenameAsync(At("file"), At("absent/file"), default));
        Assert.Equal("x", await ReadTextAsync("file"));
    }

    [Fact]
    public async Task A_rename_onto_a_directory_with_entries_is_refused()
    {
        await MakeDirectoryAsync("full");
        await WriteAsync("full/file", "x");
        await MakeDirectoryAsync("folder");
        await WriteAsync("file", "y");
        await RefusedAsync(At("folder"), WorkerFileError.Failure, async () => await Files.RenameAsync(At("folder"), At("full"), default));
        await RefusedAsync(At("file"), WorkerFileError.Failure, async () => await Files.RenameAsync(At("file"), At("full"), default));
        Assert.Equal("x", await ReadTextAsync("full/file"));
    }

    [Fact]
    public async Task A_second_name_is_the_same_file()
    {
        await WriteAsync("file", "old");
        if (!Files.Capabilities.HardLinks)
        {
            await RefusedAsync(At("file"), WorkerFileError.Unsupported, async () => await Files.LinkAsync(At("file"), At("second"), default));
            return;
        }
        Assert.True(await Files.LinkAsync(At("file"), At("second"), default));
        await RefusedAsync(At("file"), WorkerFileError.Failure, async () => await Files.LinkAsync(At("file"), At("second"), default));
        await WriteAsync("new", "new");
        Assert.True(await Files.RenameAsync(At("new"), At("third"), default));
        Assert.True(await Files.SetAttributesAsync(At("file"), EntryKind.File, new AttributeChange(Mode("604")), default));
        Assert.Equal(Mode("604"), (await FindAsync("second")).Mode);
        Assert.True(await Files.RemoveFileAsync(At("file"), default));
        Assert.Equal("old", await ReadTextAsync("second"));
    }

    [Fact]
    public async Task A_second_name_of_a_link_is_a_link()
    {
        if (!Files.Capabilities.HardLinks)
        {
            return;
        }
        await WriteAsync("file", "x");
        await Files.CreateSymlinkAsync(At("link"), Utf8("file"), default);
        Assert.True(await Files.LinkAsync(At("link"), At("second"), default));
        Assert.Equal(Utf8("file"), await Files.ReadLinkAsync(At("second"), default));
    }

    [Fact]
    public async Task Files_and_links_are_removed_and_directories_are_not()
    {
        await WriteAsync("file", "x");
        await WriteAsync("victim", "x");
        await MakeDirectoryAsync("folder");
        await Files.CreateSymlinkAsync(At("link"), Utf8("victim"), default);
        await Files.CreateSymlinkAsync(At("dangling"), Utf8("nowhere"), default);
        Assert.True(await Files.RemoveFileAsync(At("file"), default));
        Assert.True(await Files.RemoveFileAsync(At("link"), default));
        Assert.True(await Files.RemoveFileAsync(At("dangling"), default));
        await RefusedAsync(At("folder"), null, async () => await Files.RemoveFileAsync(At("folder"), default));
        Assert.Equal(["folder", "victim"], await NamesAsync(""));
    }

    [Fact]
    public async Task Only_an_empty_directory_is_removed()
    {
        await MakeDirectoryAsync("folder");
        await WriteAsync("folder/file", "x");
        await RefusedAsync(At("folder"), WorkerFileError.Failure, async () => await Files.RemoveDirectoryAsync(At("folder"), default));
        Assert.True(await Files.RemoveFileAsync(At("folder/file"), default));
        Assert.True(await Files.RemoveDirectoryAsync(At("folder"), default));
        Assert.Null(await Files.FindAsync(At("folder"), default));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1_600_000_000)]
    [InlineData(4_000_000_000)]
    public async Task Mode_and_time_are_set_alone_or_together(long seconds)
    {
        await WriteAsync("file", "x");
        await MakeDirectoryAsync("folder", "700");
        foreach (var (path, kind) in new[] { ("file", EntryKind.File), ("folder", EntryKind.Directory) })
        {
            Assert.True(await Files.SetAttributesAsync(At(path), kind, new AttributeChange(Mode("751"), seconds), default));
            var both = await FindAsync(path);
            Assert.Equal((Mode("751"), seconds), (both.Mode, both.Seconds));
            Assert.True(await Files.SetAttributesAsync(At(path), kind, new AttributeChange(Mode("710")), default));
            var mode = await FindAsync(path);
            Assert.Equal((Mode("710"), seconds), (mode.Mode, mode.Seconds));
            Assert.True(await Files.SetAttributesAsync(At(path), kind, new AttributeChange(Seconds: seconds + 1), default));
            var time = await FindAsync(path);
            Assert.Equal((Mode("710"), seconds + 1), (time.Mode, time.Seconds));
        }
        Assert.True(await Files.SetAttributesAsync(RelativePath.Root, EntryKind.Directory, new AttributeChange(Seconds: seconds), default));
        Assert.Equal(seconds, (await Files.FindAsync(RelativePath.Root, default))!.Value.Seconds);
    }

    [Fact]
    public async Task Nothing_to_set_changes_nothing()
    {
        await WriteAsync("file", "x");
        var before = await FindAsync("file");
        Assert.True(await Files.SetAttributesAsync(At("file"), EntryKind.File, default, default));
        var after = await FindAsync("file");
        Assert.Equal((before.Mode, before.Seconds, before.Size), (after.Mode, after.Seconds, after.Size));
        Assert.False(await Files.SetAttributesAsync(At("absent"), EntryKind.File, default, default));
    }

    [Fact]
    public async Task The_time_of_a_link_is_set_on_the_link()
    {
        await WriteAsync("file", "x");
        Assert.True(await Files.SetAttributesAsync(At("file"), EntryKind.File, new AttributeChange(Seconds: 1_500_000_000), default));
        await Files.CreateSymlinkAsync(At("link"), Utf8("file"), default);
        if (!Files.Capabilities.LinkTimes)
        {
            return;
        }
        Assert.True(await Files.SetAttributesAsync(At("link"), EntryKind.Symlink, new AttributeChange(Mode("600"), 1_600_000_000), default));
        Assert.Equal(1_600_000_000, (await FindAsync("link")).Seconds);
        Assert.Equal(1_500_000_000, (await FindAsync("file")).Seconds);
    }

    [Fact]
    public async Task An_owner_that_is_refused_does_not_keep_the_rest_from_being_set()
    {
        await WriteAsync("file", "x");
        var change = new AttributeChange(Mode("640"), 1_600_000_000, Uid: 12345, Gid: 12345);
        if (PermissionsHold)
        {
            await RefusedAsync(At("file"), WorkerFileError.PermissionDenied, async () => await Files.SetAttributesAsync(At("file"), EntryKind.File, change, default));
        }
        else
        {
            Assert.True(await Files.SetAttributesAsync(At("file"), EntryKind.File, change, default));
            Assert.Equal((12345, 12345), ((await FindAsync("file")).Uid, (await FindAsync("file")).Gid));
        }
        var entry = await FindAsync("file");
        Assert.Equal((Mode("640"), 1_600_000_000L), (entry.Mode, entry.Seconds));
    }

    [Fact]
    public async Task A_directory_without_write_permission_refuses_its_changes_alone()
    {
        await MakeDirectoryAsync("closed");
        await WriteAsync("closed/file", "x");
        Assert.True(await Files.SetAttributesAsync(At("closed"), EntryKind.Directory, new AttributeChange(Mode("555")), default));
        if (PermissionsHold)
        {
            await RefusedAsync(At("closed/file"), WorkerFileError.PermissionDenied, async () => await Files.RemoveFileAsync(At("closed/file"), default));
            await RefusedAsync(At("closed/new"), WorkerFileError.PermissionDenied, async () => await Files.CreateFileAsync(At("closed/new"), default));
            await RefusedAsync(At("closed/new"), WorkerFileError.PermissionDenied, async () => await Files.CreateDirectoryAsync(At("closed/new"), Mode("755"), default));
        }
        Assert.Equal(["file"], await NamesAsync("closed"));
    }

    [Fact]
    public async Task A_directory_can_be_flushed()
    {
        await MakeDirectoryAsync("folder");
        await WriteAsync("folder/file", "x");
        await Files.FlushDirectoryAsync(At("folder"), default);
        await Files.FlushDirectoryAsync(RelativePath.Root, default);
    }
}
