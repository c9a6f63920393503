using DepSync.Model;
using DepSync.Sftp;
using DepSync.Tests.Support;
using DepSync.Workers;

namespace DepSync.Tests.Workers;

public sealed class ReadOnlyWorkerTests : IDisposable
{
    private readonly HostileSftpServer _server = new();

    public void Dispose() => _server.Dispose();

    [Fact]
    public async Task Every_write_is_a_bug_and_never_reaches_the_worker()
    {
        _server.Answer = request => request.Type switch
        {
            SftpPacketType.RealPath => SftpPacket.Of(104, request.Id, 1u, "/x", "l", 0u),
            SftpPacketType.Open => SftpPacket.Handle(request.Id, "h"),
            SftpPacketType.Lstat or SftpPacketType.Stat => SftpPacket.Attributes(request.Id, 0x81a4),
            _ => SftpPacket.Status(request.Id, 4),
        };
        _server.Start();
        await using var worker = new ReadOnlyWorker(await SftpWorker.OpenAsync(
            new TransportStream(_server.Stream, () => ""), "/x", new SftpWorkerOptions(TimeSpan.FromSeconds(30), TimeProvider.System), default));
        Assert.Equal("/x", worker.Place.CanonicalPath);
        Assert.NotNull(await worker.FindAsync(RelativePath.Root, default));
        var path = RelativePath.Parse("a");
        await using var file = (await worker.OpenAsync(path, default))!;
        var requests = _server.Received.Count;
        Func<Task>[] writes =
        [
            async () => await worker.CreateFileAsync(path, default),
            async () => await worker.CreateDirectoryAsync(path, 0, default),
            async () => await worker.CreateSymlinkAsync(path, default, default),
            async () => await worker.RenameAsync(path, path, default),
            async () => await worker.LinkAsync(path, path, default),
            async () => await worker.RemoveFileAsync(path, default),
            async () => await worker.RemoveDirectoryAsync(path, default),
            async () => await worker.SetAttributesAsync(path, EntryKind.File, default, default),
            async () => await worker.FlushDirectoryAsync(path, default),
            async () => await file.WriteAtAsync(0, new byte[1], default),
            async () => await file.SetAttributesAsync(default, default),
            async () => await file.FlushAsync(default),
        ];
        foreach (var write in writes)
        {
            await Assert.ThrowsAsync<InvalidOperationException>(write);
        }
        Assert.Equal(requests, _server.Received.Count);
    }
}
