using DepSync.Tests.Support;
using DepSync.Workers;

namespace DepSync.Tests.Workers;

/// <summary>The contract over OpenSSH's sftp-server on pipes.</summary>
public sealed class SftpPipeWorkerTests : WorkerFileSystemContract
{
    private readonly List<SftpServerProcess> _servers = [];

    private protected override bool PermissionsHold => true;

    public override async Task DisposeAsync()
    {
        _servers.ForEach(server => server.Dispose());
        await base.DisposeAsync();
    }

    private protected override void Prepare() => SftpServerProcess.Own(Tree);

    private protected override async Task<IWorkerFileSystem> OpenAsync(string directory)
    {
        var server = SftpServerProcess.Start(Tree.Path);
        _servers.Add(server);
        return await SftpWorker.OpenAsync(server.Transport, directory, new SftpWorkerOptions(TimeSpan.FromSeconds(30), TimeProvider.System), default);
    }
}
