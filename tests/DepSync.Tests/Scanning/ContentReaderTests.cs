using System.Security.Cryptography;
using DepSync.Model;
using DepSync.Scanning;

namespace DepSync.Tests.Scanning;

public sealed class ContentReaderTests
{
    private readonly ListedWorker _worker = new ListedWorker().Add("", EntryKind.Directory);

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(32 * 1024)]
    [InlineData((32 * 1024) + 1)]
    [InlineData(5_000_000)]
    [InlineData(9_000_000)]
    public async Task File_of_any_size_is_hashed(int size)
    {
        var bytes = new byte[size];
        new Random(size).NextBytes(bytes);
        _worker.Add("x", EntryKind.File, bytes);
        Assert.Equal(Digest.FromBytes(SHA256.HashData(bytes)), (await HashAllAsync())[RelativePath.Parse("x")]);
    }

    [Fact]
    public async Task Many_files_are_hashed_each_with_its_own_bytes()
    {
        for (var i = 0; i < 500; i++)
        {
            _worker.Add($"f{i}", EntryKind.File, new string('x', i * 300));
        }
        var digests = await HashAllAsync();
        Assert.Equal(500, digests.Count);
        Assert.All(Enumerable.Range(0, 500), i => Assert.Equal(Digest.FromBytes(SHA256.HashData(Enumerable.Repeat((byte)'x', i * 300).ToArray())), digests[RelativePath.Parse($"f{i}")]));
    }

    [Fact]
    public async Task File_that_cannot_be_read_or_has_another_size_is_missing()
    {
        _worker.Add("denied", EntryKind.File, "abc").Add("shrunk", EntryKind.File, "abc").Add("grown", EntryKind.File, "abc").Add("good", EntryKind.File, "abc");
        _worker.Fail("denied").SetListedSize("shrunk", 1_000_000).SetListedSize("grown", 2);
        var digests = await HashAllAsync(Entry("gone", 3));
        Assert.Equal(["good"], digests.Keys.Select(path => path.ToString()));
        Assert.Equal(Digest.FromBytes(SHA256.HashData("abc"u8)), digests.Values.Single());
    }

    [Fact]
    public async Task Contents_are_hashed_where_they_lie_and_nothing_is_read()
    {
        AddMany(500);
        var before = 0;
        _worker.Hash = asked =>
        {
            before = _worker.Calls;
            return [.. asked.Select(file => (Digest?)Told(file.Path))];
        };
        var digests = await HashAllAsync();
        Assert.Equal(before, _worker.Calls);
        Assert.Equal(500, digests.Count);
        Assert.All(digests, pair => Assert.Equal(Told(pair.Key), pair.Value));
    }

    [Fact]
    public async Task What_the_worker_could_not_hash_is_read_back()
    {
        AddMany(500);
        _worker.Hash = asked => [.. asked.Select(file => file.Path.ToString() == "f7" ? (Digest?)null : Told(file.Path))];
        var digests = await HashAllAsync();
        Assert.Equal(Digest.FromBytes(SHA256.HashData("7"u8)), digests[RelativePath.Parse("f7")]);
        Assert.Equal(Told(RelativePath.Parse("f8")), digests[RelativePath.Parse("f8")]);
    }

    [Fact]
    public async Task A_worker_that_does_not_hash_is_read_back()
    {
        AddMany(500);
        var digests = await HashAllAsync();
        Assert.Equal(Digest.FromBytes(SHA256.HashData("499"u8)), digests[RelativePath.Parse("f499")]);
    }

    [Fact]
    public async Task A_few_small_files_are_read_back_without_asking()
    {
        AddMany(20);
        _worker.Hash = _ => throw new InvalidOperationException("It is not to be asked.");
        Assert.Equal(20, (await HashAllAsync()).Count);
        _worker.Add("large", EntryKind.File, new byte[100_000]);
        await Assert.ThrowsAsync<InvalidOperationException>(() => HashAllAsync());
    }

    private static Digest Told(RelativePath path) => Digest.FromBytes(SHA256.HashData([.. "told "u8, .. path.Bytes]));

    private void AddMany(int count)
    {
        for (var i = 0; i < count; i++)
        {
            _worker.Add($"f{i}", EntryKind.File, $"{i}");
        }
    }

    private static FileEntry Entry(string path, long size) => new() { Path = RelativePath.Parse(path), Kind = EntryKind.File, Size = size };

    private async Task<IReadOnlyDictionary<RelativePath, Digest>> HashAllAsync(params FileEntry[] more)
    {
        var snapshot = await new WorkerScanner(_worker, new FilterSet([], [])).ScanAsync(new WorkerScanRequest(), CancellationToken.None);
        return await new ContentReader(_worker).HashAsync([.. snapshot.Entries, .. more], CancellationToken.None);
    }
}
