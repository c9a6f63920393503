using System.Runtime.Versioning;
using DepSync.Delta;
using DepSync.Model;
using DepSync.Release;
using DepSync.Scanning;
using DepSync.State;
using DepSync.Tests.Delta;
using DepSync.Tests.Scanning;
using DepSync.Tests.Support;

namespace DepSync.Tests.Release;

[UnsupportedOSPlatform("windows")]
public sealed class SourceDeltasTests : IDisposable
{
    private const int Size = 500_000;

    private readonly TempTree _tree = new();
    private readonly byte[] _bytes = new byte[Size];

    public SourceDeltasTests() => new Random(1).NextBytes(_bytes);

    public void Dispose() => _tree.Dispose();

    [NeedsFact("find")]
    public async Task Two_versions_are_compared_once_and_the_new_one_signed_once_however_many_workers_ask()
    {
        var (old, opened) = (Version(1), 0);
        _tree.Write("manager/file"u8, _bytes);
        using var tree = new HookedTree(SourceTree.Open(Path.Combine(_tree.Path, "manager"))) { BeforeOpen = _ => Interlocked.Increment(ref opened) };
        var store = new SignatureStore(Path.Combine(_tree.Path, "signatures"), TimeProvider.System);
        var deltas = new SourceDeltas(tree, store, default);
        var entry = Entry(Digest.Of(_bytes));
        Assert.Null(await deltas.FindAsync(entry, old, default));
        using (var signer = deltas.Sign(Entry(old)))
        {
            Assert.Null(deltas.Sign(Entry(old)));
            signer!.Append(_bytes);
            signer.Finish();
        }
        var found = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => deltas.FindAsync(entry, old, default)));
        Assert.Equal(1, opened);
        Assert.All(found, delta => Assert.Same(found[0], delta));
        Assert.True(await found[0]!.Holds);
        Assert.Equal([new DeltaOperation(DeltaKind.Copy, 0, Size)], found[0]!.Operations);
        Assert.True(store.Has(entry.Digest!.Value));
        Assert.Null(deltas.Sign(entry));
    }

    [NeedsFact("find")]
    public async Task Version_that_was_read_as_another_one_has_no_delta_and_no_signature_until_it_is_read_as_it_was()
    {
        var (old, version) = (Digest.Of(_bytes), _bytes.ToArray());
        version[Size / 2] ^= 1;
        var entry = Entry(Digest.Of(version));
        var store = new SignatureStore(Path.Combine(_tree.Path, "signatures"), TimeProvider.System);
        _tree.Write("manager/file"u8, _bytes);
        using var tree = SourceTree.Open(Path.Combine(_tree.Path, "manager"));
        using (var signer = new SourceDeltas(tree, store, default).Sign(Entry(old))!)
        {
            signer.Append(_bytes);
            signer.Finish();
        }
        // As it was before the look that gave its digest, with the same size and nearly the same content.
        Assert.Null(await new SourceDeltas(tree, store, default).FindAsync(entry, old, default));
        Assert.False(store.Has(entry.Digest!.Value));
        _tree.Write("manager/file"u8, version);
        Assert.InRange(DeltaTests.DataBytes((await new SourceDeltas(tree, store, default).FindAsync(entry, old, default))!), 1, Size / 10);
        Assert.True(store.Has(entry.Digest.Value));
    }

    [Fact]
    public void Version_that_was_not_read_to_its_end_is_signed_by_the_next_who_reads_it()
    {
        var store = new SignatureStore(Path.Combine(_tree.Path, "signatures"), TimeProvider.System);
        using var tree = SourceTree.Open(_tree.Path);
        var deltas = new SourceDeltas(tree, store, default);
        deltas.Sign(Entry(Version(1)))!.Dispose();
        Assert.False(store.Has(Version(1)));
        using var next = deltas.Sign(Entry(Version(1)));
        Assert.NotNull(next);
    }

    [Fact]
    public void Small_files_are_not_signed()
    {
        using var tree = SourceTree.Open(_tree.Path);
        Assert.Null(new SourceDeltas(tree, new SignatureStore(_tree.Path, TimeProvider.System), default).Sign(Entry(Version(1)) with { Size = 1000 }));
    }

    private static Digest Version(int i) => new((ulong)i, 0, 0, 0);

    private static FileEntry Entry(Digest version) => new() { Path = RelativePath.Parse("file"), Kind = EntryKind.File, Size = Size, Digest = version };
}
