using System.Runtime.Versioning;
using DepSync.Delta;
using DepSync.Model;
using DepSync.Release;
using DepSync.Scanning;
using DepSync.State;
using DepSync.Tests.Scanning;
using DepSync.Tests.Support;

namespace DepSync.Tests.Release;

/// <summary>What is found out of a version while the scan hashes it needs no second reading.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class ScannedVersionTests : IDisposable
{
    private const int Size = 3_000_000;

    private readonly TempTree _tree = new();
    private readonly SignatureStore _store;
    private readonly byte[] _old = Bytes(1);
    private int _opened;

    public ScannedVersionTests() => _store = new SignatureStore(Path.Combine(_tree.Path, "signatures"), TimeProvider.System);

    public void Dispose() => _tree.Dispose();

    [NeedsFact("find")]
    public async Task Version_that_was_compared_while_it_was_scanned_is_not_read_again()
    {
        using var tree = Tree();
        Scan(Deltas(tree), _old, null);
        var edited = Edited(100);
        var deltas = Deltas(tree);
        Scan(deltas, edited, Digest.Of(_old));
        var delta = await deltas.FindAsync(Entry(edited), Digest.Of(_old), default);
        Assert.True(await delta!.Holds);
        Assert.InRange(delta.Operations.Where(operation => operation.Kind == DeltaKind.Data).Sum(operation => operation.Length), 1, 10_000);
        Assert.Equal(edited, Patched(edited, delta));
        Assert.Equal(0, _opened);
        // The new version is signed too, as it would be by itself.
        Assert.Null(deltas.Sign(Entry(edited)));
        var byItself = new SignatureBuilder(Size);
        byItself.Append(edited);
        Assert.Equal(SignatureFormat.Write(byItself.Finish()), SignatureFormat.Write(_store.Load(Digest.Of(edited))!));
    }

    [NeedsFact("find")]
    public async Task Version_of_which_too_much_is_new_is_known_to_be_sent_whole_and_is_signed()
    {
        using var tree = Tree();
        Scan(Deltas(tree), _old, null);
        var (deltas, edited) = (Deltas(tree), Edited((Size / 2) + 10_000));
        Scan(deltas, edited, Digest.Of(_old));
        Assert.Null(await deltas.FindAsync(Entry(edited), Digest.Of(_old), default));
        Assert.Equal(0, _opened);
        Assert.True(_store.Has(Digest.Of(edited)));
    }

    [NeedsFact("find")]
    public async Task Worker_that_holds_another_version_than_the_last_scan_saw_has_its_own_comparison()
    {
        using var tree = Tree();
        var (between, edited) = (Edited(200_000), Edited(100));
        Scan(Deltas(tree), _old, null);
        Scan(Deltas(tree), between, null);
        _tree.Write("manager/file"u8, edited);
        var deltas = Deltas(tree);
        Scan(deltas, edited, Digest.Of(between));
        var delta = await deltas.FindAsync(Entry(edited), Digest.Of(_old), default);
        Assert.True(await delta!.Holds);
        Assert.Equal(edited, Patched(edited, delta));
        Assert.Equal(1, _opened);
    }

    [NeedsFact("find")]
    public void Reading_that_did_not_end_leaves_nothing()
    {
        using var tree = Tree();
        Deltas(tree).Begin(Size, null)!.Append(_old);
        Assert.False(_store.Has(Digest.Of(_old)));
    }

    [NeedsFact("find")]
    public void File_is_of_interest_by_its_size_and_by_who_may_want_it()
    {
        using var tree = Tree();
        Assert.Null(Deltas(tree).Begin(SourceDeltas.SmallestFile - 1, null));
        Assert.NotNull(Deltas(tree).Begin(SourceDeltas.SmallestFile, null));
        var forNobody = new SourceDeltas(tree, _store, default);
        Assert.Null(forNobody.Begin(Size, null));
        Assert.Null(forNobody.Begin(Size, Digest.Of(_old)));
        Scan(Deltas(tree), _old, null);
        Assert.NotNull(forNobody.Begin(Size, Digest.Of(_old)));
    }

    private HookedTree Tree()
    {
        _tree.Write("manager/file"u8, _old);
        return new HookedTree(SourceTree.Open(Path.Combine(_tree.Path, "manager"))) { BeforeOpen = _ => Interlocked.Increment(ref _opened) };
    }

    private SourceDeltas Deltas(HookedTree tree) => new(tree, _store, default) { SignsNewFiles = true };

    private static void Scan(SourceDeltas deltas, byte[] content, Digest? before)
    {
        var observation = deltas.Begin(content.Length, before)!;
        for (var offset = 0; offset < content.Length; offset += 70_001)
        {
            observation.Append(content.AsSpan(offset, Math.Min(70_001, content.Length - offset)));
        }
        observation.Finish(Digest.Of(content));
    }

    private byte[] Patched(byte[] edited, FileDelta delta)
    {
        using var patched = new MemoryStream();
        foreach (var (kind, offset, length) in delta.Operations)
        {
            patched.Write(kind == DeltaKind.Copy ? _old : edited, (int)offset, (int)length);
        }
        return patched.ToArray();
    }

    private byte[] Edited(int length)
    {
        var edited = _old.ToArray();
        new Random(2).NextBytes(edited.AsSpan(1_000_000, length));
        return edited;
    }

    private static byte[] Bytes(int seed)
    {
        var bytes = new byte[Size];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    private static FileEntry Entry(byte[] bytes) => new() { Path = RelativePath.Parse("file"), Kind = EntryKind.File, Size = bytes.Length, Digest = Digest.Of(bytes) };
}
