using DepSync.Tests.Support;
using DepSync.Workers;

namespace DepSync.Tests.Workers;

/// <summary>The contract over a server that offers no extension at all, as old and foreign ones do.</summary>
public sealed class SftpPipeFallbackTests : WorkerFileSystemContract
{
    private readonly List<SftpServerProcess> _servers = [];

    private protected override bool PermissionsHold => true;

    public override async Task DisposeAsync()
    {
        _servers.ForEach(server => server.Dispose());
        await base.DisposeAsync();
    }

    [Fact]
    public void Nothing_beyond_version_3_is_offered()
    {
        var can = Files.Capabilities;
        Assert.False(can.AtomicReplace || can.HardLinks || can.DurableFlush || can.LinkTimes);
        Assert.Equal(32 * 1024, can.MaxTransfer);
    }

    private protected override void Prepare() => SftpServerProcess.Own(Tree);

    private protected override async Task<IWorkerFileSystem> OpenAsync(string directory)
    {
        var server = SftpServerProcess.Start(Tree.Path, "-P", "posix-rename,hardlink,fsync,lsetstat,limits,statvfs,copy-data,expand-path");
        _servers.Add(server);
        return await SftpWorker.OpenAsync(server.Transport, directory, new SftpWorkerOptions(TimeSpan.FromSeconds(30), TimeProvider.System), default);
    }
}
