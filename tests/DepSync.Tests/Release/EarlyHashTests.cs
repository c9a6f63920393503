using System.Runtime.Versioning;
using DepSync.Model;
using DepSync.Release;
using DepSync.Tests.Support;
using DepSync.Workers;

namespace DepSync.Tests.Release;

/// <summary>A hash that is begun before the file is whole counts only when it is that of the whole file.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class EarlyHashTests : IDisposable
{
    private const long MiB = 1 << 20;
    private const long Said = 64 * MiB;

    private readonly TempTree _tree = new();
    private readonly FakeTimeProvider _clock = new();
    private readonly FaultScript _script = new() { Copies = true };
    private readonly SizedPath _file = new(RelativePath.Parse("staged"), Said);

    public void Dispose() => _tree.Dispose();

    [Theory]
    [InlineData(512 * MiB, 0, 0, false)]
    [InlineData(512 * MiB, 256 * MiB, 200, true)]
    [InlineData(512 * MiB, 128 * MiB, 100, false)]
    [InlineData(512 * MiB, 460 * MiB, 9000, false)]
    [InlineData(512 * MiB, 500 * MiB, 9000, true)]
    [InlineData(512 * MiB, 512 * MiB, 9000, true)]
    [InlineData(31 * MiB, 31 * MiB, 1, false)]
    [InlineData(32 * MiB, 31 * MiB, 1, true)]
    public void Is_begun_when_no_program_could_overtake_the_copying(long size, long written, int milliseconds, bool expected) =>
        Assert.Equal(expected, EarlyHash.ShouldBegin(size, written, TimeSpan.FromMilliseconds(milliseconds)));

    [Fact]
    public async Task The_hash_of_the_whole_file_is_taken_once()
    {
        await using var worker = await _script.Connect(ReleaseFixture.Address("w", _tree.Path), default);
        var hash = new EarlyHash(new StagedHashes(worker), _file, Of("all of it")!.Value, _clock);
        _tree.Write("staged", "all of it");
        hash.Wrote(MiB, default);
        hash.Wrote(MiB, default);
        await hash.SettleAsync();
        Assert.Equal(Of("all of it"), await hash.HashAsync(default));
        Assert.Single(_script.Calls);
    }

    [Fact]
    public async Task One_that_overtook_the_copying_counts_for_nothing_and_the_file_is_hashed_once_more()
    {
        await using var worker = await _script.Connect(ReleaseFixture.Address("w", _tree.Path), default);
        var hash = new EarlyHash(new StagedHashes(worker), _file, Of("all of it")!.Value, _clock);
        _tree.Write("staged", "all");
        hash.Wrote(MiB, default);
        await hash.SettleAsync();
        _tree.Write("staged", "all of it");
        Assert.Equal(Of("all of it"), await hash.HashAsync(default));
        Assert.Equal(2, _script.Calls.Count);
    }

    [Fact]
    public async Task One_that_overtook_the_copying_is_begun_once_more_before_the_file_is_whole()
    {
        await using var worker = await _script.Connect(ReleaseFixture.Address("w", _tree.Path), default);
        var hash = new EarlyHash(new StagedHashes(worker), _file, Of("all of it")!.Value, _clock);
        _tree.Write("staged", "all");
        hash.Wrote(MiB, default);
        await hash.SettleAsync();
        _tree.Write("staged", "all of it");
        hash.Wrote(MiB, default);
        await hash.SettleAsync();
        Assert.Equal(2, _script.Calls.Count);
        hash.Wrote(MiB, default);
        Assert.Equal(Of("all of it"), await hash.HashAsync(default));
        Assert.Equal(2, _script.Calls.Count);
    }

    [Fact]
    public async Task A_file_that_is_not_what_it_should_be_is_told_as_what_it_is()
    {
        await using var worker = await _script.Connect(ReleaseFixture.Address("w", _tree.Path), default);
        var hash = new EarlyHash(new StagedHashes(worker), _file, Of("all of it")!.Value, _clock);
        _tree.Write("staged", "another");
        hash.Wrote(MiB, default);
        Assert.Equal(Of("another"), await hash.HashAsync(default));
    }

    [Fact]
    public async Task Nothing_is_begun_while_the_copying_is_slow()
    {
        await using var worker = await _script.Connect(ReleaseFixture.Address("w", _tree.Path), default);
        var hash = new EarlyHash(new StagedHashes(worker), _file, Of("all of it")!.Value, _clock);
        _tree.Write("staged", "all of it");
        _clock.Advance(TimeSpan.FromSeconds(1));
        hash.Wrote(Said / 2, default);
        Assert.Empty(_script.Calls);
        Assert.Equal(Of("all of it"), await hash.HashAsync(default));
        Assert.Single(_script.Calls);
    }

    [NeedsFact("find")]
    public async Task A_push_whose_hash_is_begun_much_too_early_ends_well()
    {
        // On this clock no time passes, so it is begun behind the first copy.
        using var run = new ReleaseFixture(TempTree.InMemory()) { Clock = _clock };
        run.Connect = _script.Connect;
        var bytes = new byte[40 * MiB];
        new Random(1).NextBytes(bytes);
        run.Manager.Write("app.war"u8, bytes);
        await run.SyncAsync(run.Config with { Durable = false });
        bytes[^1] ^= 1;
        run.Manager.Write("app.war"u8, bytes);
        var result = await run.SyncAsync(run.Config with { Durable = false });
        Assert.Null(result.Error);
        Assert.InRange(result.BytesSent, 1, 10_000);
        var calls = _script.Calls.Where(call => call.StartsWith("hash", StringComparison.Ordinal) || call.StartsWith("copy", StringComparison.Ordinal)).Select(call => call[..4]).ToList();
        Assert.InRange(calls.Count(call => call == "hash"), 2, 4);
        // The first one asks whether the worker hashes at all.
        Assert.InRange(calls.IndexOf("hash", 1), 2, calls.LastIndexOf("copy") - 1);
        Assert.DoesNotContain(run.Events.OfType<Note>(), note => note.Message.Contains("sent whole", StringComparison.Ordinal));
        run.AssertEqualTrees();
    }

    private static Digest? Of(string text) => Digest.Of(System.Text.Encoding.UTF8.GetBytes(text));
}
