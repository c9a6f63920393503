using DepSync.Model;
using DepSync.Scanning;
using DepSync.Tests.Support;
using DepSync.Workers;

namespace DepSync.Tests.Scanning;

/// <summary>One tree, scanned as a manager's and as a worker's: the two must tell the same, or every run would see differences.</summary>
public sealed class BothScannersTests : IDisposable
{
    private readonly SourceScan _scan = new();

    public BothScannersTests()
    {
        var tree = _scan.Tree;
        for (var i = 0; i < 300; i++)
        {
            tree.Write($"d{i % 23}/e{i % 7}/f{i}.xml", new string('x', i * 37)).SetModified(System.Text.Encoding.UTF8.GetBytes($"d{i % 23}/e{i % 7}/f{i}.xml"), 1_500_000_000 + i, i);
        }
        byte[] odd = OperatingSystem.IsLinux() ? [(byte)'a', 0xff, (byte)'\n', 0xc3] : [(byte)'a', (byte)'\n'];
        tree.Write(odd, odd).Write([.. odd, (byte)'d', (byte)'/', .. odd], odd).MakeSymlink([.. odd, (byte)'l'], odd).MakeSymlink("loop"u8, "."u8);
        tree.Write("large"u8, new byte[3_000_000]).MakeDirectory("empty"u8).Write("before-1970", "x").SetModified("before-1970"u8, -5).SetMode("large"u8, 0x1CD);
        tree.Write(string.Join('/', Enumerable.Repeat(new string('d', 99), OperatingSystem.IsLinux() ? 30 : 6)) + "/f", "deep");
        Libc.MakeFifo(tree.Absolute("fifo"u8));
        tree.SetModified("d1"u8, 1_400_000_000, 999_999_999);
    }

    public void Dispose() => _scan.Dispose();

    [NeedsFact]
    public async Task Local_worker_is_told_as_the_source_is()
    {
        await using var worker = LocalWorker.Open(_scan.Tree.Path);
        await AssertSameAsync(worker);
    }

    [SshdFact]
    public async Task Worker_over_sftp_is_told_as_the_source_is()
    {
        // SFTP v3 cannot tell it.
        _scan.Tree.Delete("before-1970"u8);
        SftpServerProcess.Own(_scan.Tree);
        using var server = SftpServerProcess.Start(_scan.Tree.Path);
        await using var worker = await SftpWorker.OpenAsync(server.Transport, _scan.Tree.Path, new SftpWorkerOptions(TimeSpan.FromSeconds(30), TimeProvider.System), default);
        await AssertSameAsync(worker);
    }

    private async Task AssertSameAsync(IWorkerFileSystem worker)
    {
        var source = await _scan.RunAsync();
        var listed = await new WorkerScanner(worker, _scan.Rules.Filters).ScanAsync(new WorkerScanRequest(), CancellationToken.None);
        Assert.Empty(source.Problems);
        Assert.Empty(listed.Problems);
        Assert.Equal(source.SpecialFiles, listed.SpecialFiles);
        Assert.Equal(Lines(source), Lines(listed));
        Assert.Equal(Line(source.Root!), Line(listed.Root!));

        var files = source.Entries.Where(entry => entry.Kind == EntryKind.File).ToList();
        var digests = await new ContentReader(worker).HashAsync(files, CancellationToken.None);
        Assert.Equal(files.ConvertAll(file => file.Digest), files.ConvertAll(file => (Digest?)digests.GetValueOrDefault(file.Path)));
    }

    private static IEnumerable<string> Lines(Snapshot snapshot) => snapshot.Entries.Select(Line);

    private static string Line(FileEntry entry) =>
        $"{Convert.ToHexString(entry.Path.Bytes)} {entry.Kind} {entry.Size} {entry.WorkerSeconds} {entry.Mode:X} {Convert.ToHexString(entry.LinkTarget ?? [])}";
}
