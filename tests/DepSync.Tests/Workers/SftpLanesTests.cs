using DepSync.Model;
using DepSync.Tests.Support;
using DepSync.Workers;

namespace DepSync.Tests.Workers;

/// <summary>Several sessions of one worker, each OpenSSH's sftp-server on pipes.</summary>
public sealed class SftpLanesTests : IDisposable
{
    private const int Many = 60;

    private readonly TempTree _tree = TempTree.InMemory();
    private readonly SftpLanesServer _server = new();

    public SftpLanesTests() => SftpServerProcess.Own(_tree);

    public void Dispose()
    {
        _server.Dispose();
        _tree.Dispose();
    }

    [NeedsFact("setpriv")]
    public async Task Files_are_staged_and_directories_listed_on_all_sessions()
    {
        WireScript[] scripts = [new(WireFault.None, 0), new(WireFault.None, 0)];
        _server.Scripts.Enqueue(scripts[0]);
        _server.Scripts.Enqueue(scripts[1]);
        await using var worker = await _server.ConnectAsync(_tree.Path, SftpLanesServer.Always(3));
        await using var expecting = worker.Expect(new WorkLoad { Files = 1 });
        await SftpLanesServer.UsedAsync(worker, 3);
        for (var i = 0; i < Many; i++)
        {
            await worker.CreateDirectoryAsync(RelativePath.Parse($"d{i}"), 0b111_000_000, default);
        }
        await Task.WhenAll(Enumerable.Range(0, Many).Select(i => StageAsync(worker, $"d{i}/file", $"content {i}")));
        var listings = await Task.WhenAll(Enumerable.Range(0, Many).Select(i => worker.ListAsync(RelativePath.Parse($"d{i}"), 1, default).AsTask()));
        Assert.All(listings, listing => Assert.Equal("file"u8.ToArray(), Assert.Single(listing!).Name));
        Assert.All(Enumerable.Range(0, Many), i => Assert.Equal($"content {i}", _tree.Read($"d{i}/file")));
        foreach (var script in scripts)
        {
            var kinds = script.Requests.Select(request => request.Split(' ')[0]).ToHashSet();
            Assert.Superset(new HashSet<string> { "Open", "Write", "Close", "OpenDirectory", "ReadDirectory" }, kinds);
            Assert.Empty(kinds.Except(["Init", "Open", "Write", "Fstat", "Close", "Lstat", "OpenDirectory", "ReadDirectory"]));
        }
        Assert.Equal(1, _server.Asked);
    }

    [NeedsFact("setpriv")]
    public async Task Only_staged_files_and_listings_that_may_overtake_leave_the_main_session()
    {
        var script = new WireScript(WireFault.None, 0);
        _server.Scripts.Enqueue(script);
        await using var worker = await _server.ConnectAsync(_tree.Path, SftpLanesServer.Always(2));
        await using var expecting = worker.Expect(new WorkLoad { Files = 1 });
        await SftpLanesServer.UsedAsync(worker, 2);
        await using var busy = await worker.StageFileAsync(RelativePath.Parse("busy"), 1 << 30, default);
        await using var other = await worker.StageFileAsync(RelativePath.Parse("other"), 1 << 29, default);
        var before = script.Requests.Count;
        await using (var file = await worker.CreateFileAsync(RelativePath.Parse("a"), default))
        {
            await file.WriteAtAsync(0, "x"u8.ToArray(), default);
        }
        Assert.Equal(3, (await worker.ListAsync(RelativePath.Root, default))!.Count);
        await worker.RenameAsync(RelativePath.Parse("a"), RelativePath.Parse("b"), default);
        await worker.RemoveFileAsync(RelativePath.Parse("b"), default);
        await worker.CreateDirectoryAsync(RelativePath.Parse("d"), 0b111_000_000, default);
        await worker.SetAttributesAsync(RelativePath.Parse("d"), EntryKind.Directory, new AttributeChange(0b111_000_000, 1_600_000_000), default);
        await worker.RemoveDirectoryAsync(RelativePath.Parse("d"), default);
        Assert.Equal(before, script.Requests.Count);
        // Handles of one session mean nothing to another.
        var (one, two) = ((SftpWorkerFile)busy, (SftpWorkerFile)other);
        await Assert.ThrowsAsync<ArgumentException>(async () => await one.CopyFromAsync(two, new CopyRange(0, 1, 0), default));
    }

    [NeedsFact("setpriv")]
    public async Task Sessions_end_with_what_was_expected_and_the_worker_goes_on()
    {
        await using var worker = await _server.ConnectAsync(_tree.Path, SftpLanesServer.Always(3));
        var first = worker.Expect(new WorkLoad { Files = 1 });
        var second = worker.Expect(new WorkLoad { Files = 1 });
        await SftpLanesServer.UsedAsync(worker, 3);
        await first.DisposeAsync();
        await first.DisposeAsync();
        Assert.All(_server.Further, server => Assert.False(server.HasEnded));
        await second.DisposeAsync();
        await Until.TrueAsync(() => _server.Further.All(server => server.HasEnded), "the end of all further sessions");
        await StageAsync(worker, "file", "content");
        Assert.Equal("content", _tree.Read("file"));
        await using var again = worker.Expect(new WorkLoad { Files = 1 });
        await SftpLanesServer.UsedAsync(worker, 3);
        Assert.Equal((2, 4), (_server.Asked, _server.Further.Count));
    }

    [NeedsFact("setpriv")]
    public async Task One_session_that_is_lost_ends_all()
    {
        await using var worker = await _server.ConnectAsync(_tree.Path, SftpLanesServer.Always(3));
        await using var expecting = worker.Expect(new WorkLoad { Files = 1 });
        await SftpLanesServer.UsedAsync(worker, 3);
        Command.Signal(_server.Further[1].Id, "KILL");
        await Until.TrueAsync(() => _server.All.All(server => server.HasEnded), "the end of all");
        var lost = await Assert.ThrowsAsync<WorkerLostException>(async () => await worker.FindAsync(RelativePath.Root, default));
        Assert.Equal(ErrorKind.ConnectionLost, lost.Kind);
    }

    [NeedsTheory("setpriv")]
    [InlineData(0)]
    [InlineData(1)]
    public async Task What_the_server_refuses_is_done_without(int most)
    {
        _server.Most = most;
        await using var worker = await _server.ConnectAsync(_tree.Path, SftpLanesServer.Always(4));
        await using (worker.Expect(new WorkLoad { Files = 1 }))
        {
            await SftpLanesServer.UsedAsync(worker, 1 + most);
            await Task.WhenAll(Enumerable.Range(0, Many).Select(i => StageAsync(worker, $"file{i}", $"content {i}")));
        }
        Assert.All(Enumerable.Range(0, Many), i => Assert.Equal($"content {i}", _tree.Read($"file{i}")));
    }

    [NeedsFact("setpriv")]
    public async Task Session_that_is_not_greeted_is_done_without()
    {
        _server.Scripts.Enqueue(new WireScript(WireFault.CutBeforeRequest, 1));
        await using var worker = await _server.ConnectAsync(_tree.Path, SftpLanesServer.Always(3));
        await using var expecting = worker.Expect(new WorkLoad { Files = 1 });
        await SftpLanesServer.UsedAsync(worker, 2);
        await Task.WhenAll(Enumerable.Range(0, Many).Select(i => StageAsync(worker, $"file{i}", $"content {i}")));
        Assert.Equal(Many, Directory.GetFiles(_tree.Path).Length);
    }

    [NeedsFact("setpriv")]
    public async Task Sessions_that_are_not_opened_in_time_hold_up_nothing()
    {
        _server.Gate = new TaskCompletionSource();
        await using var worker = await _server.ConnectAsync(_tree.Path, SftpLanesServer.Always(3));
        await using (worker.Expect(new WorkLoad { Files = 1 }))
        {
            await Until.TrueAsync(() => _server.Asked == 1, "the opening");
            await StageAsync(worker, "file", "content");
        }
        await StageAsync(worker, "file2", "content");
        Assert.Empty(_server.Further);
    }

    [NeedsFact("setpriv")]
    public async Task Session_that_comes_too_late_is_closed()
    {
        _server.Gate = new TaskCompletionSource();
        await using var worker = await _server.ConnectAsync(_tree.Path, SftpLanesServer.Always(2));
        var greeted = new WireScript(WireFault.Freeze, 1);
        _server.Scripts.Enqueue(greeted);
        await using (worker.Expect(new WorkLoad { Files = 1 }))
        {
            _server.Gate.SetResult();
            await Until.TrueAsync(() => greeted.HasHit, "the greeting");
        }
        _server.Wires[0].LetGo();
        await _server.Wires[0].EndedAsync().WaitAsync(TimeSpan.FromMinutes(1));
        await StageAsync(worker, "file", "content");
        Assert.Equal(WorkerCapabilities.UsualBytesInFlight, worker.Capabilities.BytesInFlight);
    }

    [NeedsFact("setpriv")]
    public async Task What_was_given_up_has_happened_when_the_sessions_are_gone()
    {
        var held = new WireScript(WireFault.Freeze, 2);
        _server.Scripts.Enqueue(held);
        await using var worker = await _server.ConnectAsync(_tree.Path, SftpLanesServer.Always(2));
        var expecting = worker.Expect(new WorkLoad { Files = 1 });
        await SftpLanesServer.UsedAsync(worker, 2);
        await using var busy = await worker.StageFileAsync(RelativePath.Parse("busy"), 1 << 30, default);
        using var giveUp = new CancellationTokenSource();
        var staging = worker.StageFileAsync(RelativePath.Parse("late"), 1, giveUp.Token).AsTask();
        await Until.TrueAsync(() => held.HasHit, "the request");
        await giveUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => staging);
        var ending = expecting.DisposeAsync().AsTask();
        await worker.FindAsync(RelativePath.Root, default);
        Assert.False(ending.IsCompleted);
        _server.Wires[0].LetGo();
        await ending;
        Assert.True(await worker.RemoveFileAsync(RelativePath.Parse("late"), default));
    }

    [NeedsFact("setpriv")]
    public async Task Disposing_does_not_wait_for_a_session_that_is_silent()
    {
        var worker = await _server.ConnectAsync(_tree.Path, SftpLanesServer.Always(2));
        _ = worker.Expect(new WorkLoad { Files = 1 });
        await SftpLanesServer.UsedAsync(worker, 2);
        await using var busy = await worker.StageFileAsync(RelativePath.Parse("busy"), 1 << 30, default);
        Command.Signal(_server.Further[0].Id, "STOP");
        var staging = worker.StageFileAsync(RelativePath.Parse("late"), 1, default).AsTask();
        await worker.DisposeAsync();
        await Assert.ThrowsAsync<WorkerLostException>(() => staging);
    }

    private static async Task StageAsync(SftpWorker worker, string path, string content)
    {
        var bytes = System.Text.Encoding.UTF8.GetBytes(content);
        await using var file = await worker.StageFileAsync(RelativePath.Parse(path), bytes.Length, default);
        await file.WriteAtAsync(0, bytes, default);
        Assert.Equal(bytes.Length, (await file.StatAsync(default)).Size);
        await file.CloseAsync(default);
    }
}
