using DepSync.Delta;
using DepSync.Model;
using DepSync.State;
using DepSync.Tests.Support;

namespace DepSync.Tests.State;

public sealed class SignatureStoreTests : IDisposable
{
    private readonly TempTree _tree = new();

    private string Folder => Path.Combine(_tree.Path, "state", "signatures");

    public void Dispose() => _tree.Dispose();

    [Fact]
    public void What_was_saved_is_there_in_the_next_run_and_nothing_else()
    {
        Assert.False(new SignatureStore(Folder, TimeProvider.System).Has(Version(1)));
        Assert.Null(new SignatureStore(Folder, TimeProvider.System).Load(Version(1)));
        Assert.False(Directory.Exists(Folder));
        new SignatureStore(Folder, TimeProvider.System).Save(Version(1), Signature(5));
        var store = new SignatureStore(Folder, TimeProvider.System);
        Assert.True(store.Has(Version(1)));
        Assert.False(store.Has(Version(2)));
        Assert.Equal(5, store.Load(Version(1))!.Count);
        store.Forget(Version(1));
        Assert.Empty(Directory.GetFileSystemEntries(Folder));
    }

    [Fact]
    public void Damaged_signature_is_absent_and_removed()
    {
        var store = new SignatureStore(Folder, TimeProvider.System);
        store.Save(Version(1), Signature(5));
        var path = Assert.Single(Directory.GetFiles(Folder));
        var bytes = File.ReadAllBytes(path);
        bytes[40] ^= 1;
        File.WriteAllBytes(path, bytes);
        Assert.Null(store.Load(Version(1)));
        Assert.Empty(Directory.GetFiles(Folder));
    }

    [Fact]
    public void Least_recently_used_signatures_go_when_there_are_too_many_and_what_a_killed_run_left()
    {
        var store = new SignatureStore(Folder, TimeProvider.System);
        for (var i = 1; i <= 4; i++)
        {
            store.Save(Version(i), Signature(5));
            File.SetLastWriteTimeUtc(Path.Combine(Folder, Version(i).ToString()), new DateTime(2024, 1, i, 0, 0, 0, DateTimeKind.Utc));
        }
        File.WriteAllText(Path.Combine(Folder, "left.tmp"), "");
        Assert.NotNull(store.Load(Version(1)));
        store.Prune(mostBytes: 3 * 4096);
        Assert.Equal([true, false, false, true], Enumerable.Range(1, 4).Select(i => new SignatureStore(Folder, TimeProvider.System).Has(Version(i))));
        Assert.Equal(2, Directory.GetFiles(Folder).Length);
    }

    [Fact]
    public void Store_to_which_nothing_was_added_is_left_alone()
    {
        new SignatureStore(Folder, TimeProvider.System).Save(Version(1), Signature(5));
        new SignatureStore(Folder, TimeProvider.System).Prune(mostBytes: 0);
        Assert.Single(Directory.GetFiles(Folder));
    }

    [Fact]
    public void Folder_that_cannot_be_made_is_told()
    {
        _tree.Write("state", "a file");
        var error = Assert.Throws<DepSyncException>(() => new SignatureStore(Folder, TimeProvider.System).Save(Version(1), Signature(1)));
        Assert.Equal(ErrorKind.LocalFiles, error.Kind);
        Assert.False(new SignatureStore(Folder, TimeProvider.System).Has(Version(1)));
    }

    private static Digest Version(int i) => new((ulong)i, 0, 0, 0);

    private static BlockSignature Signature(int blocks)
    {
        var bytes = new byte[blocks * BlockSignature.SmallestBlock];
        new Random(blocks).NextBytes(bytes);
        var builder = new SignatureBuilder(bytes.Length);
        builder.Append(bytes);
        return builder.Finish();
    }
}
