using System.Runtime.Versioning;
using DepSync.Delta;
using DepSync.Model;
using DepSync.Release;
using DepSync.Scanning;
using DepSync.State;
using DepSync.Tests.Support;

namespace DepSync.Tests.Release;

/// <summary>What is given out of a comparison that goes on, and what becomes of it.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class GrowingDeltaTests : IDisposable
{
    private const int MiB = 1 << 20;
    private const int Size = 12 * MiB;

    private readonly TempTree _tree = TempTree.InMemory();
    private readonly SignatureStore _store;
    private readonly byte[] _old = Bytes(1);

    public GrowingDeltaTests()
    {
        _store = new SignatureStore(Path.Combine(_tree.Path, "signatures"), TimeProvider.System);
        using var signer = new SourceDeltas(new HeldSource(_old), _store, default).Sign(Entry(_old));
        signer!.Append(_old);
        signer.Finish();
    }

    public void Dispose() => _tree.Dispose();

    [Fact]
    public async Task What_is_found_is_followed_while_the_rest_is_not_read_yet()
    {
        var edited = Edited(MiB, 100);
        var source = new HeldSource(edited) { HoldAt = 6 * MiB };
        var delta = await FindAsync(source, edited).WaitAsync(TimeSpan.FromMinutes(1));
        Assert.False(delta!.Holds.IsCompleted);
        Assert.InRange(delta.Operations.Sum(operation => operation.Length), 3 * MiB, 6 * MiB);
        source.Go();
        Assert.True(await delta.Holds);
        Assert.Equal(edited, Patched(edited, delta));
        Assert.True(_store.Has(Digest.Of(edited)));
    }

    [Fact]
    public async Task Nothing_is_given_out_while_it_may_not_be_worth_it()
    {
        var edited = Edited(0, 5 * MiB);
        var source = new HeldSource(edited) { HoldAt = Size - MiB };
        var finding = FindAsync(source, edited);
        await source.Held.WaitAsync(TimeSpan.FromMinutes(1));
        Assert.False(finding.IsCompleted);
        source.Go();
        var delta = await finding;
        Assert.True(await delta!.Holds);
        Assert.Equal(edited, Patched(edited, delta));
    }

    [Theory]
    [InlineData("too much is new")]
    [InlineData("another version")]
    [InlineData("shorter")]
    [InlineData("cannot be read")]
    [InlineData("a bug")]
    public async Task What_was_given_out_of_a_comparison_that_comes_to_nothing_does_not_hold(string why)
    {
        var edited = why == "too much is new" ? Edited(5 * MiB, 7 * MiB) : Edited(MiB, 100);
        var entry = Entry(edited);
        var source = new HeldSource(edited) { HoldAt = 8 * MiB };
        var deltas = new SourceDeltas(source, _store, default);
        var delta = await deltas.FindAsync(entry, Digest.Of(_old), default);
        Assert.NotNull(delta);
        switch (why)
        {
            case "another version":
                edited[^1] ^= 1;
                break;
            case "shorter":
                source.Length = 9 * MiB;
                break;
            case "cannot be read":
                source.Failure = new IOException("no");
                break;
            case "a bug":
                source.Failure = new InvalidOperationException("no");
                break;
        }
        source.Go();
        if (why == "a bug")
        {
            await Assert.ThrowsAsync<InvalidOperationException>(() => delta.Holds);
        }
        else
        {
            Assert.False(await delta.Holds);
        }
        Assert.False(_store.Has(entry.Digest!.Value));
    }

    [NeedsFact("find")]
    public async Task File_of_which_too_much_turns_out_to_be_new_is_sent_whole_and_nothing_else_of_it_is_left()
    {
        using var run = new ReleaseFixture(TempTree.InMemory());
        var script = new FaultScript { Copies = true };
        run.Connect = script.Connect;
        run.Manager.Write("app.war"u8, _old);
        await run.SyncAsync(run.Config with { Durable = false });
        run.Manager.Write("app.war"u8, Edited(5 * MiB, 7 * MiB));
        // The scan would compare them else.
        File.Delete(Assert.Single(Directory.GetFiles(run.StateDir, "hashes", SearchOption.AllDirectories)));
        var result = await run.SyncAsync(run.Config with { Durable = false });
        Assert.Equal((Size, null), (result.BytesSent, result.Error?.Message));
        Assert.Contains("open app.war", script.Calls);
        Assert.Single(script.Calls, call => call.StartsWith("hash", StringComparison.Ordinal));
        Assert.DoesNotContain(run.Events.OfType<Note>(), note => note.Message.Contains("sent whole", StringComparison.Ordinal));
        run.AssertEqualTrees();
    }

    private Task<FileDelta?> FindAsync(HeldSource source, byte[] edited) => new SourceDeltas(source, _store, default).FindAsync(Entry(edited), Digest.Of(_old), default);

    private byte[] Patched(byte[] edited, FileDelta delta)
    {
        using var patched = new MemoryStream();
        foreach (var (kind, offset, length) in delta.Operations)
        {
            patched.Write(kind == DeltaKind.Copy ? _old : edited, (int)offset, (int)length);
        }
        return patched.ToArray();
    }

    private byte[] Edited(int from, int length)
    {
        var edited = _old.ToArray();
        new Random(2).NextBytes(edited.AsSpan(from, length));
        return edited;
    }

    private static byte[] Bytes(int seed)
    {
        var bytes = new byte[Size];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    private static FileEntry Entry(byte[] bytes) => new() { Path = RelativePath.Parse("app.war"), Kind = EntryKind.File, Size = bytes.Length, Digest = Digest.Of(bytes) };

    /// <summary>One file, which is not read from some place on before that is allowed.</summary>
    private sealed class HeldSource(byte[] bytes) : IFileSource, IFileContent
    {
        private readonly TaskCompletionSource _held = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _go = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public long HoldAt { get; init; } = long.MaxValue;

        public int Length { get; set; } = bytes.Length;

        public Exception? Failure { get; set; }

        public Task Held => _held.Task;

        public void Go() => _go.SetResult();

        public ValueTask<IFileContent?> OpenAsync(RelativePath path, CancellationToken cancellationToken) => ValueTask.FromResult<IFileContent?>(this);

        public async ValueTask<int> ReadAtAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken)
        {
            if (offset >= HoldAt)
            {
                _held.TrySetResult();
                await _go.Task;
            }
            if (Failure is not null)
            {
                throw Failure;
            }
            var count = Math.Min(buffer.Length, Length - (int)offset);
            bytes.AsSpan((int)offset, count).CopyTo(buffer.Span);
            return count;
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
