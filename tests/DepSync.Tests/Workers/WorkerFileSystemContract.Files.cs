using DepSync.Model;
using DepSync.Workers;

namespace DepSync.Tests.Workers;

/// <content>Open files, order, many calls at once, cancellation and the end.</content>
public abstract partial class WorkerFileSystemContract
{
    private static byte[] RandomBytes(int length)
    {
        var bytes = new byte[length];
        new Random(length).NextBytes(bytes);
        return bytes;
    }

    [Fact]
    public async Task A_created_file_is_private_writable_and_readable_on_one_handle()
    {
        await using var file = await Files.CreateFileAsync(At("file"), default);
        await file.WriteAtAsync(0, Utf8("hello"), default);
        var buffer = new byte[10];
        Assert.Equal(5, await file.ReadAtAsync(0, buffer, default));
        Assert.Equal(2, await file.ReadAtAsync(3, buffer, default));
        Assert.Equal(0, await file.ReadAtAsync(5, buffer, default));
        Assert.Equal(0, await file.ReadAtAsync(0, Memory<byte>.Empty, default));
        var entry = await file.StatAsync(default);
        Assert.Equal((EntryKind.File, 5L, Mode("600"), 0), (entry.Kind, entry.Size, entry.Mode, entry.Name.Length));
        await file.FlushAsync(default);
        await file.CloseAsync(default);
    }

    [Fact]
    public async Task Offsets_and_sizes_beyond_4_GiB_are_kept()
    {
        const long Beyond = (5L << 30) + 7;
        await using (var file = await Files.CreateFileAsync(At("large"), default))
        {
            await file.WriteAtAsync(0, Utf8("start"), default);
            await file.WriteAtAsync(Beyond, Utf8("end"), default);
            Assert.Equal(Beyond + 3, (await file.StatAsync(default)).Size);
            await file.CloseAsync(default);
        }
        Assert.Equal(Beyond + 3, (await Files.FindAsync(At("large"), default))!.Value.Size);
        Assert.Equal(Beyond + 3, Assert.Single((await Files.ListAsync(RelativePath.Root, default))!).Size);
        await using var read = await Files.OpenAsync(At("large"), default);
        var buffer = new byte[8];
        Assert.Equal(3, await read!.ReadAtAsync(Beyond, buffer, default));
        Assert.Equal("end", System.Text.Encoding.UTF8.GetString(buffer, 0, 3));
        Assert.Equal(8, await read.ReadAtAsync(Beyond - (1L << 32), buffer, default));
        Assert.Equal(new byte[8], buffer);
    }

    [Fact]
    public async Task A_created_file_must_be_new()
    {
        await WriteAsync("file", "old");
        await MakeDirectoryAsync("folder");
        await Files.CreateSymlinkAsync(At("link"), Utf8("victim"), default);
        foreach (var path in new[] { "file", "folder", "link", "absent/file", "file/below" })
        {
            await RefusedAsync(At(path), WorkerFileError.Failure, async () => await Files.CreateFileAsync(At(path), default));
        }
        Assert.Equal("old", await ReadTextAsync("file"));
        Assert.Equal(["file", "folder", "link"], await NamesAsync(""));
    }

    [Fact]
    public async Task Ranges_of_an_open_file_are_copied_in_order_with_writes_or_refused_as_unsupported()
    {
        var bytes = RandomBytes(300_000);
        await WriteAsync(At("old"), bytes);
        await using var old = await Files.OpenAsync(At("old"), default);
        await using var file = await Files.CreateFileAsync(At("new"), default);
        if (!Files.Capabilities.CopyRange)
        {
            await RefusedAsync(At("new"), WorkerFileError.Unsupported, async () => await file.CopyFromAsync(old!, new CopyRange(0, 1, 0), default));
            return;
        }
        Task[] steps =
        [
            file.CopyFromAsync(old!, new CopyRange(100_000, 200_000, 0), default).AsTask(), file.WriteAtAsync(200_000, Utf8("between"), default).AsTask(),
            file.CopyFromAsync(old!, new CopyRange(5, 70_000, 200_007), default).AsTask(), file.WriteAtAsync(270_007, Utf8("end"), default).AsTask(),
        ];
        await Task.WhenAll(steps);
        await file.CloseAsync(default);
        var copied = await ReadAsync(At("new"));
        Assert.Equal([.. bytes[100_000..], .. Utf8("between"), .. bytes[5..70_005], .. Utf8("end")], copied);
    }

    [Fact]
    public async Task Only_a_regular_file_is_opened()
    {
        await WriteAsync("file", "x");
        await MakeDirectoryAsync("folder");
        await Files.CreateSymlinkAsync(At("link"), Utf8("file"), default);
        await RefusedAsync(At("folder"), WorkerFileError.Failure, async () => await Files.OpenAsync(At("folder"), default));
        await RefusedAsync(At("link"), WorkerFileError.Failure, async () => await Files.OpenAsync(At("link"), default));
        await using var file = await Files.OpenAsync(At("file"), default);
        Assert.Equal(1, (await file!.StatAsync(default)).Size);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(16 * 1024 + 1)]
    [InlineData(3_000_001)]
    public async Task A_file_comes_back_as_it_was_written(int length)
    {
        var content = RandomBytes(length);
        await WriteAsync(At("file"), content);
        Assert.Equal(content, await ReadAsync(At("file")));
        Assert.Equal(length, (await FindAsync("file")).Size);
    }

    [Fact]
    public async Task Writes_that_are_not_awaited_fill_a_file()
    {
        const int Piece = 50_000;
        var content = RandomBytes(100 * Piece);
        await using var file = await Files.CreateFileAsync(At("file"), default);
        var writes = Enumerable.Range(0, 100).Reverse()
            .Select(i => file.WriteAtAsync(i * Piece, content.AsMemory(i * Piece, Piece), default).AsTask()).ToArray();
        var read = new byte[100];
        Assert.Equal(100, await file.ReadAtAsync(10, read, default));
        Assert.Equal(content[10..110], read);
        await Task.WhenAll(writes);
        await file.CloseAsync(default);
        Assert.Equal(content, await ReadAsync(At("file")));
    }

    [Fact]
    public async Task Attributes_are_set_on_an_open_file()
    {
        await using var file = await Files.CreateFileAsync(At("file"), default);
        var write = file.WriteAtAsync(0, Utf8("x"), default);
        await file.SetAttributesAsync(new AttributeChange(Mode("644"), 1_234_567_890), default);
        await write;
        var entry = await file.StatAsync(default);
        Assert.Equal((Mode("644"), 1_234_567_890L), (entry.Mode, entry.Seconds));
        await file.CloseAsync(default);
        entry = await FindAsync("file");
        Assert.Equal((Mode("644"), 1_234_567_890L), (entry.Mode, entry.Seconds));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    [InlineData(1_000_000)]
    public async Task A_file_is_ended_in_one_go(int length)
    {
        var content = RandomBytes(length);
        await using var file = await Files.CreateFileAsync(At("file"), default);
        await file.WriteAtAsync(0, Utf8("begun"), default);
        var attributes = new AttributeChange(Mode("644"), 1_234_567_890);
        // Nobody may give it to this owner, who is then left out.
        var owner = PermissionsHold ? new AttributeChange(Uid: 12_345, Gid: 12_345) : default(AttributeChange?);
        var left = await file.FinishAsync(new FileFinish(5, content) { Owner = owner, Attributes = attributes, Flush = FileFlush.ToDisk });
        Assert.Equal((5L + length, Mode("644"), 1_234_567_890L), (left.Size, left.Mode, left.Seconds));
        await file.CloseAsync(default);
        Assert.Equal("begun"u8.ToArray().Concat(content).ToArray(), await ReadAsync(At("file")));
        var entry = await FindAsync("file");
        Assert.Equal((5L + length, Mode("644"), 1_234_567_890L), (entry.Size, entry.Mode, entry.Seconds));
    }

    [Fact]
    public async Task An_open_file_follows_its_renames()
    {
        await using var file = await Files.CreateFileAsync(At("file"), default);
        Assert.True(await Files.RenameAsync(At("file"), At("moved"), default));
        await file.WriteAtAsync(0, Utf8("late"), default);
        await file.CloseAsync(default);
        Assert.Equal("late", await ReadTextAsync("moved"));
    }

    [Fact]
    public async Task Closing_twice_and_disposing_after_it_are_fine()
    {
        var file = await Files.CreateFileAsync(At("file"), default);
        await file.CloseAsync(default);
        await file.CloseAsync(default);
        await file.DisposeAsync();
        await file.DisposeAsync();
    }

    [Fact]
    public async Task Handles_that_are_only_disposed_are_closed()
    {
        await WriteAsync("file", "x");
        for (var i = 0; i < 3000; i++)
        {
            var file = await Files.OpenAsync(At("file"), default);
            await file!.DisposeAsync();
        }
    }

    [Fact]
    public async Task Calls_take_effect_in_the_order_in_which_they_were_made()
    {
        await WriteAsync("step-0", "x");
        var calls = Enumerable.Range(0, 300)
            .SelectMany(i => new[]
            {
                Files.CreateDirectoryAsync(At($"folder-{i}"), Mode("755"), default).AsTask(),
                Files.RenameAsync(At($"step-{i}"), At($"folder-{i}/file"), default).AsTask(),
                Files.RenameAsync(At($"folder-{i}/file"), At($"step-{i + 1}"), default).AsTask(),
                Files.RemoveDirectoryAsync(At($"folder-{i}"), default).AsTask(),
            })
            .ToArray();
        Assert.All(await Task.WhenAll(calls), Assert.True);
        Assert.Equal(["step-300"], await NamesAsync(""));
    }

    [Fact]
    public async Task A_later_call_is_carried_out_although_an_earlier_one_failed()
    {
        await WriteAsync("file", "x");
        var failing = Files.CreateSymlinkAsync(At("file"), Utf8("x"), default).AsTask();
        var absent = Files.RemoveFileAsync(At("absent"), default).AsTask();
        var following = Files.RenameAsync(At("file"), At("moved"), default).AsTask();
        await Assert.ThrowsAsync<WorkerFileException>(() => failing);
        Assert.False(await absent);
        Assert.True(await following);
    }

    [Fact]
    public async Task A_thousand_files_are_written_at_once()
    {
        await Task.WhenAll(Enumerable.Range(0, 10).Select(i => MakeDirectoryAsync($"{i}")));
        await Task.WhenAll(Enumerable.Range(0, 1000).Select(async i =>
        {
            await using var file = await Files.CreateFileAsync(At($"{i % 10}/new-{i}"), default);
            await file.WriteAtAsync(0, RandomBytes(i * 7), default);
            await file.SetAttributesAsync(new AttributeChange(Mode("644"), i), default);
            await file.CloseAsync(default);
            Assert.True(await Files.RenameAsync(At($"{i % 10}/new-{i}"), At($"{i % 10}/{i}"), default));
        }));
        await Task.WhenAll(Enumerable.Range(0, 1000).Select(async i => Assert.Equal(RandomBytes(i * 7), await ReadAsync(At($"{i % 10}/{i}")))));
        Assert.Equal(100, (await NamesAsync("3")).Length);
    }

    [Fact]
    public async Task Threads_may_call_at_the_same_time()
    {
        await Task.WhenAll(Enumerable.Range(0, 4).Select(thread => Task.Run(async () =>
        {
            for (var i = 0; i < 200; i++)
            {
                await WriteAsync($"{thread}-{i}", $"{i}");
                Assert.Equal($"{i}", await ReadTextAsync($"{thread}-{i}"));
            }
        })));
        Assert.Equal(800, (await NamesAsync("")).Length);
    }

    [Fact]
    public async Task A_cancelled_call_ends_and_the_worker_goes_on()
    {
        await WriteAsync("file", "x");
        using var source = new CancellationTokenSource();
        var calls = Enumerable.Range(0, 2000).Select(_ => Files.OpenAsync(At("file"), source.Token).AsTask()).ToArray();
        await source.CancelAsync();
        foreach (var call in calls)
        {
            try
            {
                await (await call)!.DisposeAsync();
            }
            catch (OperationCanceledException)
            {
                // What most of them meet.
            }
        }
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await Files.FindAsync(At("file"), source.Token));
        Assert.Equal("x", await ReadTextAsync("file"));
    }

    [Fact]
    public async Task Disposing_ends_what_is_pending()
    {
        var calls = Enumerable.Range(0, 300).Select(i => Files.CreateDirectoryAsync(At($"{i}"), Mode("755"), default).AsTask()).ToArray();
        await Files.DisposeAsync();
        foreach (var call in calls)
        {
            try
            {
                await call.WaitAsync(TimeSpan.FromSeconds(30));
            }
            catch (WorkerLostException)
            {
                // Those that were not carried out in time.
            }
        }
    }

    [Fact]
    public async Task After_disposing_every_call_says_that_the_worker_is_gone()
    {
        await WriteAsync("file", "x");
        var file = await Files.OpenAsync(At("file"), default);
        await Files.DisposeAsync();
        await Files.DisposeAsync();
        await Assert.ThrowsAsync<WorkerLostException>(async () => await Files.ListAsync(RelativePath.Root, default));
        await Assert.ThrowsAsync<WorkerLostException>(async () => await Files.FindAsync(At("file"), default));
        await Assert.ThrowsAsync<WorkerLostException>(async () => await Files.OpenAsync(At("file"), default));
        await Assert.ThrowsAsync<WorkerLostException>(async () => await Files.CreateFileAsync(At("new"), default));
        await Assert.ThrowsAsync<WorkerLostException>(async () => await Files.RenameAsync(At("file"), At("new"), default));
        await Assert.ThrowsAsync<WorkerLostException>(async () => await file!.ReadAtAsync(0, new byte[1], default));
        await file!.DisposeAsync();
        Assert.True(Tree.Exists("target/file"u8));
    }
}
