using System.Runtime.Versioning;
using DepSync.Model;
using DepSync.Scanning;
using DepSync.Tests.Support;

namespace DepSync.Tests.Scanning;

/// <summary>Who looks on while the scan reads sees what is hashed.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class ContentObserverTests : IDisposable
{
    private readonly SourceScan _scan = new();
    private readonly Observer _observer = new();

    public void Dispose() => _scan.Dispose();

    [NeedsTheory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(512 * 1024)]
    [InlineData((3 * 512 * 1024) + 1)]
    public async Task All_bytes_are_seen_once_and_in_order(int size)
    {
        var content = Bytes(size);
        _scan.Tree.Write("file"u8, content);
        var snapshot = await _scan.RunAsync(_observer);
        var seen = Assert.Single(_observer.Readings);
        Assert.Equal((content.Length, null, Digest.Of(content)), (seen.Size, seen.Before, seen.Digest));
        Assert.Equal(content, seen.Bytes.ToArray());
        Assert.Equal(Digest.Of(content), SourceScan.Entry(snapshot, "file").Digest);
    }

    [NeedsTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_the_file_held_before_is_told_also_when_it_was_too_young_to_be_remembered(bool young)
    {
        if (young)
        {
            _scan.Clock = new FakeTimeProvider(DateTimeOffset.UtcNow);
            _scan.Rules = _scan.Rules with { Settle = TimeSpan.Zero };
        }
        var (before, now) = (Bytes(1000), Bytes(1001));
        _scan.Tree.Write("file"u8, before);
        await _scan.RunAsync();
        _scan.Tree.Write("file"u8, now);
        await _scan.RunAsync(_observer);
        var seen = Assert.Single(_observer.Readings);
        Assert.Equal((Digest.Of(before), Digest.Of(now)), (seen.Before!.Value, seen.Digest!.Value));
    }

    [NeedsFact]
    public async Task What_is_known_by_its_stamp_is_not_seen()
    {
        _scan.Tree.Write("file", "x");
        await _scan.RunAsync();
        await _scan.RunAsync(_observer);
        Assert.Empty(_observer.Readings);
    }

    [NeedsFact]
    public async Task File_of_no_interest_is_hashed_all_the_same()
    {
        _observer.IsInterested = false;
        _scan.Tree.Write("file", "x");
        Assert.Equal(Digest.Of("x"u8), SourceScan.Entry(await _scan.RunAsync(_observer), "file").Digest);
    }

    [NeedsFact]
    public async Task File_that_becomes_shorter_while_it_is_seen_is_not_finished()
    {
        _scan.Tree.Write("file"u8, Bytes(2_000_000));
        _observer.OnAppend = () => _scan.Tree.Write("file"u8, Bytes(600_000));
        var snapshot = await _scan.RunAsync(_observer);
        Assert.Equal((2_000_000, null), (_observer.Readings[0].Size, _observer.Readings[0].Digest));
        Assert.All(_observer.Readings.Where(reading => reading.Digest is not null), reading => Assert.Equal(Digest.Of(reading.Bytes.ToArray()), reading.Digest));
        Assert.NotEqual(Digest.Of(Bytes(2_000_000)), SourceScan.Entry(snapshot, "file").Digest);
    }

    private static byte[] Bytes(int size)
    {
        var bytes = new byte[size];
        new Random(size).NextBytes(bytes);
        return bytes;
    }

    private sealed class Observer : IContentObserver
    {
        public List<Reading> Readings { get; } = [];

        public bool IsInterested { get; set; } = true;

        public Action? OnAppend { get; set; }

        public IContentObservation? Begin(long size, Digest? before)
        {
            if (!IsInterested)
            {
                return null;
            }
            Readings.Add(new Reading(this, size, before));
            return Readings[^1];
        }
    }

    private sealed class Reading(Observer observer, long size, Digest? before) : IContentObservation
    {
        public long Size => size;

        public Digest? Before => before;

        public Digest? Digest { get; private set; }

        public MemoryStream Bytes { get; } = new();

        public void Append(ReadOnlySpan<byte> bytes)
        {
            Bytes.Write(bytes);
            observer.OnAppend?.Invoke();
        }

        public void Finish(Digest digest) => Digest = digest;
    }
}
