using System.Text;
using DepSync.Model;
using DepSync.Scanning;
using DepSync.State;
using DepSync.Tests.Support;

namespace DepSync.Tests.Scanning;

public sealed class UploadGateTests
{
    private readonly FakeTimeProvider _clock = new();

    [Theory]
    [InlineData("a.car", true)]
    [InlineData("a.WAR", true)]
    [InlineData("a.jar", true)]
    [InlineData("a.Aar", true)]
    [InlineData("a.mar", true)]
    [InlineData("a.zip", true)]
    [InlineData(".zip", true)]
    [InlineData("zip", false)]
    [InlineData("a.car.bak", false)]
    [InlineData("a.xml", false)]
    public void Archive_is_known_by_its_ending(string name, bool isArchive) => Assert.Equal(isArchive, UploadGate.IsArchive(Encoding.UTF8.GetBytes(name)));

    [Theory]
    [InlineData("a.xml", 1_048_575, 0, false)]
    [InlineData("a.xml", 1_048_576, 0, true)]
    [InlineData("a.xml", 1_048_576, 2_999, true)]
    [InlineData("a.xml", 1_048_576, 3_000, false)]
    [InlineData("d/a.car", 10, 2_999, true)]
    [InlineData("d.car/a", 10, 2_999, false)]
    [InlineData("a.car", 10, 3_000, false)]
    [InlineData("a.car", 10, -5_000, true)]
    public void Large_file_or_archive_is_unsettled_while_its_ctime_is_young(string path, long size, int ageMs, bool unsettled) =>
        Assert.Equal(unsettled, new UploadGate(TimeSpan.FromSeconds(3), _clock).IsUnsettled(RelativePath.Parse(path), Stamp(size, ageMs)));

    [Theory]
    [InlineData(ArchiveEnd.Broken, 599_999, true)]
    [InlineData(ArchiveEnd.Broken, 600_000, false)]
    [InlineData(ArchiveEnd.Broken, -1, true)]
    [InlineData(ArchiveEnd.Whole, 0, false)]
    [InlineData(ArchiveEnd.NotChecked, 0, false)]
    internal void Broken_archive_is_incomplete_for_ten_minutes(ArchiveEnd end, int ageMs, bool incomplete) =>
        Assert.Equal(incomplete, new UploadGate(TimeSpan.FromSeconds(3), _clock).IsIncomplete(Stamp(10, ageMs), end));

    [Fact]
    public void Settle_zero_turns_all_of_it_off()
    {
        var gate = new UploadGate(TimeSpan.Zero, _clock);
        Assert.False(gate.IsUnsettled(RelativePath.Parse("a.car"), Stamp(5_000_000, 0)));
        Assert.False(gate.ChecksArchive(RelativePath.Parse("a.car")));
        Assert.False(gate.IsIncomplete(Stamp(10, 0), ArchiveEnd.Broken));
    }

    [Theory]
    [InlineData(0, 3_000)]
    [InlineData(1_000, 2_000)]
    [InlineData(-60_000, 3_000)]
    public void Wait_is_never_longer_than_settle(int ageMs, int waitMs) =>
        Assert.Equal(TimeSpan.FromMilliseconds(waitMs), new UploadGate(TimeSpan.FromSeconds(3), _clock).TimeToSettle(Stamp(10, ageMs)));

    private FileStamp Stamp(long size, int ageMs) =>
        new(size, 0, (((_clock.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks * 100) - (ageMs * 1_000_000L)), 1, 1);
}
