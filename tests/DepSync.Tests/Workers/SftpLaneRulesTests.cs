using DepSync.Workers;

namespace DepSync.Tests.Workers;

public sealed class SftpLaneRulesTests
{
    private const int Handles = 976;

    [Theory]
    [InlineData(100, 0, 0, 0, 1)]
    [InlineData(100, 20, 1 << 20, 211, 1)]
    [InlineData(100, 10_000, 37 << 20, 0, 4)]
    [InlineData(100, 10, 1 << 30, 0, 4)]
    [InlineData(200, 10_000, 37 << 20, 0, 4)]
    [InlineData(0, 10, 1 << 30, 0, 1)]
    [InlineData(0, 1_000, 4 << 20, 0, 1)]
    [InlineData(0, 1_001, 4 << 20, 0, 2)]
    [InlineData(0.2, 3_000, 4 << 20, 211, 3)]
    [InlineData(0.2, 10_000, 37 << 20, 211, 4)]
    [InlineData(20, 1_500, 6 << 20, 0, 1)]
    [InlineData(20, 1_501, 6 << 20, 0, 2)]
    [InlineData(40, 100, 1 << 30, 0, 2)]
    [InlineData(60, 100, 1 << 30, 0, 3)]
    [InlineData(100, 0, 0, 300, 1)]
    [InlineData(100, 0, 0, 2_020, 4)]
    [InlineData(0.2, 0, 0, 2_020, 1)]
    public void A_load_is_worth_so_many_sessions(double roundTrip, int files, long bytes, int directories, int sessions)
    {
        var rules = new SftpLaneRules { RoundTrip = TimeSpan.FromMilliseconds(roundTrip), Files = Handles };
        Assert.Equal(sessions, rules.SessionsFor(new WorkLoad { Files = files, Bytes = bytes, Directories = directories }));
    }

    /// <summary>Servers of all of them, one more of each for a command that is tried while another one opens its own, and the commands: no more than ten.</summary>
    [Theory]
    [InlineData(1, 4)]
    [InlineData(2, 2)]
    [InlineData(3, 1)]
    [InlineData(4, 1)]
    public void Targets_of_one_connection_leave_each_other_room(int targets, int sessions) =>
        Assert.Equal(sessions, new SftpLaneRules().Beside(targets).SessionsFor(new WorkLoad { Files = 100_000 }));

    [Theory]
    [InlineData(9_999, 1)]
    [InlineData(10_000, 2)]
    [InlineData(102_095, 4)]
    public void Many_entries_are_listed_on_several(int entries, int sessions)
    {
        var load = new WorkLoad { Directories = 211, Entries = entries };
        var rules = new SftpLaneRules { Files = Handles };
        Assert.Equal(sessions, rules.SessionsFor(load));
        Assert.Equal(1, rules.Among(8, 2).SessionsFor(load));
    }

    [Fact]
    public void Few_handles_make_further_sessions_worth_it()
    {
        var load = new WorkLoad { Files = 2_000 };
        var rules = new SftpLaneRules { RoundTrip = TimeSpan.FromMilliseconds(100), Files = Handles };
        Assert.Equal((1, 4), (rules.SessionsFor(load), (rules with { Files = 200 }).SessionsFor(load)));
    }

    [Theory]
    [InlineData(1, 2, 4)]
    [InlineData(2, 2, 4)]
    [InlineData(3, 2, 2)]
    [InlineData(8, 2, 1)]
    [InlineData(100, 2, 1)]
    [InlineData(8, 16, 4)]
    [InlineData(0, 1, 4)]
    public void Workers_at_once_share_what_the_processors_have_time_for(int workers, int processors, int sessions) =>
        Assert.Equal(sessions, new SftpLaneRules { Files = Handles }.Among(workers, processors).SessionsFor(new WorkLoad { Files = 100_000 }));

    [Theory]
    [InlineData(1, 0, 256)]
    [InlineData(4, 0, 256)]
    [InlineData(8, 0, 128)]
    [InlineData(32, 0, 32)]
    [InlineData(100, 0, 32)]
    [InlineData(2, 10, 756)]
    [InlineData(8, 10, 253)]
    [InlineData(32, 70, 250)]
    public void Workers_at_once_share_the_files_that_are_under_way(int workers, double roundTrip, int files)
    {
        var rules = new SftpLaneRules { RoundTrip = TimeSpan.FromMilliseconds(roundTrip), Files = Handles };
        Assert.Equal(files, rules.Among(workers, 2).FilesInFlight(1));
    }

    [Theory]
    [InlineData(1, 0, 1, 4096)]
    [InlineData(1, 100, 4, 16384)]
    [InlineData(4, 0, 1, 4096)]
    [InlineData(8, 0, 1, 2048)]
    [InlineData(8, 0, 2, 4096)]
    [InlineData(8, 100, 1, 4001)]
    [InlineData(32, 0, 1, 512)]
    [InlineData(32, 100, 1, 1000)]
    [InlineData(200, 0, 1, 512)]
    public void Workers_at_once_share_the_bytes_that_are_under_way(int workers, double roundTrip, int sessions, long kibibytes)
    {
        var rules = new SftpLaneRules { RoundTrip = TimeSpan.FromMilliseconds(roundTrip), Files = Handles };
        Assert.Equal(kibibytes, rules.Among(workers, 2).BytesInFlight(sessions) >> 10);
    }

    [Fact]
    public void A_long_line_has_its_sessions_however_many_workers_there_are()
    {
        var rules = new SftpLaneRules { RoundTrip = TimeSpan.FromMilliseconds(100), Files = Handles };
        Assert.Equal(4, rules.Among(8, 2).SessionsFor(new WorkLoad { Files = 10_000, Bytes = 37 << 20 }));
    }

    [Theory]
    [InlineData(0, 1, 256)]
    [InlineData(0, 4, 256)]
    [InlineData(2, 1, 356)]
    [InlineData(10, 4, 756)]
    [InlineData(20, 1, 976)]
    [InlineData(20, 4, 1_256)]
    [InlineData(40, 4, 2_256)]
    [InlineData(100, 4, 3_904)]
    [InlineData(100, 2, 1_952)]
    public void So_many_files_are_open(double roundTrip, int sessions, int files) =>
        Assert.Equal(files, new SftpLaneRules { RoundTrip = TimeSpan.FromMilliseconds(roundTrip), Files = Handles }.FilesInFlight(sessions));

    [Theory]
    [InlineData(0, 256)]
    [InlineData(20, 1_256)]
    [InlineData(100, 5_256)]
    [InlineData(1_000, 8_192)]
    public void So_many_files_are_under_way_whatever_may_be_open(double roundTrip, int files) =>
        Assert.Equal(files, new SftpLaneRules { RoundTrip = TimeSpan.FromMilliseconds(roundTrip), Files = 50 }.FilesUnderWay);

    [Theory]
    [InlineData(0, 1, 64)]
    [InlineData(0, 4, 256)]
    [InlineData(0.3, 2, 152)]
    [InlineData(2, 1, 144)]
    [InlineData(4.4, 1, 240)]
    [InlineData(100, 4, 960)]
    public void So_many_directories_are_under_way(double roundTrip, int sessions, int directories) =>
        Assert.Equal(directories, new SftpLaneRules { RoundTrip = TimeSpan.FromMilliseconds(roundTrip), Files = Handles }.ListingsInFlight(sessions));

    [Fact]
    public void Servers_with_few_handles_are_asked_for_no_more() =>
        Assert.Equal(100, new SftpLaneRules { RoundTrip = TimeSpan.FromMilliseconds(10), Files = 50 }.FilesInFlight(2));
}
