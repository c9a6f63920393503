using DepSync.Model;
using DepSync.Sftp;
using DepSync.Tests.Support;
using DepSync.Workers;

namespace DepSync.Tests.Workers;

/// <summary>What the contract cannot ask a well-behaved server: where the target is, and how failures are told.</summary>
public sealed class SftpWorkerTests : IDisposable
{
    private static readonly SftpWorkerOptions Options = new(TimeSpan.FromSeconds(30), TimeProvider.System);

    private readonly HostileSftpServer _server = new();

    public void Dispose() => _server.Dispose();

    private Task<SftpWorker> OpenAsync(string target = "x", string errorText = "")
    {
        _server.Start();
        return SftpWorker.OpenAsync(new TransportStream(_server.Stream, () => errorText), target, Options, default);
    }

    private static byte[] Path(ReceivedRequest request, string path) => SftpPacket.Of(104, request.Id, 1u, path, "l", 0u);

    /// <summary>A server that resolves below <c>/home/u</c>.</summary>
    private static byte[] Resolve(ReceivedRequest request)
    {
        if (request.Type is SftpPacketType.Stat or SftpPacketType.Lstat)
        {
            return SftpPacket.Attributes(request.Id, 0x41ed);
        }
        var path = System.Text.Encoding.UTF8.GetString(request.First);
        return Path(request, path == "." ? "/home/u" : path.StartsWith('/') ? path : $"/home/u/{path}");
    }

    [Theory]
    [InlineData("~", "/home/u")]
    [InlineData("~/", "/home/u")]
    [InlineData("~/a/b", "/home/u/a/b")]
    [InlineData("a/b/", "/home/u/a/b")]
    [InlineData("/srv/x", "/srv/x")]
    [InlineData("/srv/x//", "/srv/x")]
    [InlineData("/", "/")]
    [InlineData("~x", "/home/u/~x")]
    public async Task A_target_is_resolved_from_the_login_directory(string target, string canonical)
    {
        _server.Answer = Resolve;
        await using var worker = await OpenAsync(target);
        Assert.Equal(new WorkerPlace(canonical, "/home/u", null), worker.Place with { RoundTrip = null });
        Assert.Equal(32 * 1024, worker.Capabilities.MaxTransfer);
        Assert.False(worker.Capabilities.AtomicReplace || worker.Capabilities.HardLinks || worker.Capabilities.DurableFlush || worker.Capabilities.LinkTimes);
    }

    [Fact]
    public async Task A_server_that_resolves_only_what_exists_is_asked_for_the_folder_above()
    {
        _server.Answer = request => request.Type == SftpPacketType.Lstat || request.First.AsSpan().EndsWith("new"u8) ? SftpPacket.Status(request.Id, 2) : Resolve(request);
        await using var worker = await OpenAsync("~/a/new");
        Assert.Equal("/home/u/a/new", worker.Place.CanonicalPath);
    }

    [Fact]
    public async Task A_target_that_the_server_left_a_link_is_the_directory_it_leads_to()
    {
        _server.Answer = Resolve;
        await using var worker = await OpenAsync();
        _server.Answer = request => request.Type switch
        {
            SftpPacketType.Stat => SftpPacket.Attributes(request.Id, 0x41ed),
            SftpPacketType.Lstat => SftpPacket.Attributes(request.Id, 0xa1ff),
            SftpPacketType.OpenDirectory => SftpPacket.Handle(request.Id, "h"),
            _ => SftpPacket.Status(request.Id, 1),
        };
        Assert.Equal(EntryKind.Directory, (await worker.FindAsync(RelativePath.Root, default))!.Value.Kind);
        Assert.Empty((await worker.ListAsync(RelativePath.Root, default))!);
        Assert.Null(await worker.ListAsync(RelativePath.Parse("link"), default));
    }

    [Fact]
    public async Task A_target_whose_folder_is_missing_is_refused()
    {
        _server.Answer = request => request.First is [(byte)'.'] ? Resolve(request) : SftpPacket.Status(request.Id, 2);
        var lost = await Assert.ThrowsAsync<WorkerLostException>(() => OpenAsync("a/new"));
        Assert.Equal(ErrorKind.Target, lost.Kind);
        Assert.NotNull(lost.Hint);
        await _server.Ended.WaitAsync(TimeSpan.FromSeconds(30));
    }

    [Theory]
    [InlineData(0x41edu, false, true)]
    [InlineData(0x81a4u, false, false)]
    [InlineData(null, false, false)]
    [InlineData(0x41edu, true, false)]
    public async Task A_missing_target_needs_the_folder_above_although_the_server_resolves_any_path(uint? above, bool isLink, bool opens)
    {
        _server.Answer = request => (request.Type, System.Text.Encoding.UTF8.GetString(request.First)) switch
        {
            (SftpPacketType.Stat, "/home/u/a" or "a") when above is { } mode => SftpPacket.Attributes(request.Id, mode),
            (SftpPacketType.Lstat, _) when isLink => SftpPacket.Attributes(request.Id, 0xa1ff),
            (SftpPacketType.Stat or SftpPacketType.Lstat, _) => SftpPacket.Status(request.Id, 2),
            _ => Resolve(request),
        };
        if (opens)
        {
            await using var worker = await OpenAsync("~/a/new");
            return;
        }
        var lost = await Assert.ThrowsAsync<WorkerLostException>(() => OpenAsync("~/a/new"));
        Assert.Equal(ErrorKind.Target, lost.Kind);
        Assert.Contains(isLink ? "link" : "folder above", lost.Message);
    }

    [Fact]
    public async Task A_target_that_may_not_be_seen_is_refused()
    {
        _server.Answer = request => SftpPacket.Status(request.Id, 3, "Permission denied");
        var lost = await Assert.ThrowsAsync<WorkerLostException>(() => OpenAsync());
        Assert.Equal(ErrorKind.Target, lost.Kind);
        Assert.Contains("Permission denied", lost.Message);
    }

    [Fact]
    public async Task A_path_that_is_not_absolute_is_no_answer()
    {
        _server.Answer = request => Path(request, "x");
        Assert.Equal(ErrorKind.Protocol, (await Assert.ThrowsAsync<WorkerLostException>(() => OpenAsync())).Kind);
    }

    [Fact]
    public async Task Text_instead_of_SFTP_is_a_protocol_failure_with_a_hint_and_the_peers_own_words()
    {
        _server.Greeting = "Welcome to this machine!\n"u8.ToArray();
        var lost = await Assert.ThrowsAsync<WorkerLostException>(() => OpenAsync(errorText: "and more\n"));
        Assert.Equal(ErrorKind.Protocol, lost.Kind);
        Assert.Contains("Welcome to this machine!", lost.Message);
        Assert.Contains("and more", lost.Message);
        Assert.Contains(".bashrc", lost.Hint);
    }

    [Fact]
    public async Task A_connection_that_ends_is_told_with_the_peers_own_words()
    {
        _server.Answer = _ => null;
        var lost = await Assert.ThrowsAsync<WorkerLostException>(() => OpenAsync(errorText: "subsystem request failed"));
        Assert.Equal(ErrorKind.ConnectionLost, lost.Kind);
        Assert.Contains("subsystem request failed", lost.Message);
    }

    [Fact]
    public async Task Silence_is_an_idle_timeout()
    {
        var clock = new FakeTimeProvider();
        _server.Answer = Resolve;
        _server.Start();
        await using var worker = await SftpWorker.OpenAsync(
            new TransportStream(_server.Stream, () => ""), "x", new SftpWorkerOptions(TimeSpan.FromSeconds(5), clock), default);
        _server.Answer = _ => [];
        var call = worker.FindAsync(RelativePath.Root, default).AsTask();
        await _server.ReceivedAsync(6);
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!call.IsCompleted && !limit.IsCancellationRequested)
        {
            // More than once: time does not count while the read loop hands out replies, and it may still be at the last one.
            await Task.Yield();
            clock.Advance(TimeSpan.FromSeconds(3));
        }
        Assert.Equal(ErrorKind.IdleTimeout, (await Assert.ThrowsAsync<WorkerLostException>(() => call)).Kind);
    }

    [Theory]
    [InlineData(3u, nameof(WorkerFileError.PermissionDenied))]
    [InlineData(4u, nameof(WorkerFileError.Failure))]
    [InlineData(5u, nameof(WorkerFileError.BadName))]
    [InlineData(8u, nameof(WorkerFileError.Unsupported))]
    [InlineData(77u, nameof(WorkerFileError.Failure))]
    public async Task A_status_is_told_as_what_it_means(uint status, string error)
    {
        _server.Answer = Resolve;
        await using var worker = await OpenAsync();
        _server.Answer = request => SftpPacket.Status(request.Id, status, "so it is");
        var refusal = await Assert.ThrowsAsync<WorkerFileException>(async () => await worker.FindAsync(RelativePath.Parse("a"), default));
        Assert.Equal((Enum.Parse<WorkerFileError>(error), "so it is", RelativePath.Parse("a")), (refusal.Error, refusal.Message, refusal.Path));
    }

    [Fact]
    public async Task Space_is_unknown_when_the_server_cannot_tell()
    {
        _server.Greeting = SftpPacket.Version(3, "statvfs@openssh.com", "2");
        _server.Answer = Resolve;
        await using var worker = await OpenAsync();
        _server.Answer = request => SftpPacket.Status(request.Id, 4);
        Assert.Null(await worker.FreeSpaceAsync(RelativePath.Root, default));
    }
}
