using DepSync.Config;
using DepSync.Tests.Support;
using DepSync.Workers;

namespace DepSync.Tests.Workers;

/// <summary>One sshd for all facts of a class.</summary>
public sealed class SharedSshd : IDisposable
{
    internal SshdServer Server { get; } = SshdServer.Start();

    public void Dispose() => Server.Dispose();
}

/// <summary>The contract over the builtin client and a real sshd.</summary>
public sealed class SshNetWorkerTests(SharedSshd sshd) : WorkerFileSystemContract, IClassFixture<SharedSshd>
{
    private protected override Task<IWorkerFileSystem> OpenAsync(string directory) => SshRun.ConnectAsync(sshd.Server, directory, SshClientKind.Builtin);
}

/// <summary>The contract over the <c>ssh</c> program and a real sshd.</summary>
public sealed class OpenSshWorkerTests(SharedSshd sshd) : WorkerFileSystemContract, IClassFixture<SharedSshd>
{
    private protected override Task<IWorkerFileSystem> OpenAsync(string directory) => SshRun.ConnectAsync(sshd.Server, directory, SshClientKind.OpenSsh);
}
