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
    [InlineData(20, 100_000, 1 << 30, 0, 1)]
    [InlineData(40, 100_000, 1 << 30, 0, 2)]
    [InlineData(60, 100_000, 1 << 30, 0, 3)]
    [InlineData(100, 0, 0, 300, 1)]
    [InlineData(100, 0, 0, 2_020, 4)]
    [InlineData(0.2, 0, 0, 2_020, 1)]
    public void A_load_is_worth_so_many_sessions(double roundTrip, int files, long bytes, int directories, int sessions)
    {
        var rules = new SftpLaneRules { RoundTrip = TimeSpan.FromMilliseconds(roundTrip), Files = Handles };
        Assert.Equal(sessions, rules.SessionsFor(new WorkLoad { Files = files, Bytes = bytes, Directories = directories }));
    }

    [Fact]
    public void Few_handles_make_further_sessions_worth_it()
    {
        var load = new WorkLoad { Files = 2_000 };
        var rules = new SftpLaneRules { RoundTrip = TimeSpan.FromMilliseconds(100), Files = Handles };
        Assert.Equal((1, 4), (rules.SessionsFor(load), (rules with { Files = 200 }).SessionsFor(load)));
    }
}
