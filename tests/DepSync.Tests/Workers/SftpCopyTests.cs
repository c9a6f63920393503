using DepSync.Model;
using DepSync.Tests.Support;
using DepSync.Workers;

namespace DepSync.Tests.Workers;

/// <summary>OpenSSH's server answers OK to copies that it did not do; the worker's file does not.</summary>
public sealed class SftpCopyTests : IDisposable
{
    private readonly TempTree _tree = new();

    public void Dispose() => _tree.Dispose();

    [Fact]
    public async Task A_copy_beyond_the_end_of_its_source_is_refused() => await AssertRefusedAsync(SftpServerProcess.Start(_tree.Path), new CopyRange(50_000, 150_000, 0));

    [Fact]
    public async Task A_copy_that_the_disk_has_no_room_for_is_refused() => await AssertRefusedAsync(SftpServerProcess.StartOnFullDisk(_tree.Path, blocks: 100), new CopyRange(0, 100_000, 0));

    [Fact]
    public async Task A_copy_that_ends_where_the_disk_is_full_is_refused() => await AssertRefusedAsync(SftpServerProcess.StartOnFullDisk(_tree.Path, blocks: 100), new CopyRange(0, 60_000, 0));

    private async Task AssertRefusedAsync(SftpServerProcess server, CopyRange range)
    {
        using (server)
        {
            _tree.Write("old"u8, new byte[100_000]);
            SftpServerProcess.Own(_tree);
            await using var files = await SftpWorker.OpenAsync(server.Transport, _tree.Path, new SftpWorkerOptions(TimeSpan.FromSeconds(30), TimeProvider.System), default);
            await using var old = await files.OpenAsync(RelativePath.Parse("old"), default);
            await using var file = await files.CreateFileAsync(RelativePath.Parse("new"), default);
            var refusal = await Assert.ThrowsAsync<WorkerFileException>(async () => await file.CopyFromAsync(old!, range, default));
            Assert.Equal(WorkerFileError.Failure, refusal.Error);
        }
    }
}
