using DepSync.Release;
using DepSync.State;

namespace DepSync.Tests.Release;

public sealed class LoginPatienceTests
{
    private static readonly DateTimeOffset Noon = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(0, 0, null)]
    [InlineData(1, 0, null)]
    [InlineData(2, 0, null)]
    [InlineData(3, 0, 300)]
    [InlineData(3, 299, 300)]
    [InlineData(3, 300, null)]
    [InlineData(4, 300, 600)]
    [InlineData(4, 599, 600)]
    [InlineData(4, 600, null)]
    [InlineData(1000, 0, 600)]
    [InlineData(int.MaxValue, 600, null)]
    [InlineData(-5, 0, null)]
    [InlineData(4, -1, null)]
    [InlineData(4, 1_000_000, null)]
    public void A_worker_is_left_alone_as_long_as_the_table_says(int count, int secondsAgo, int? until) =>
        Assert.Equal(until is { } seconds ? Noon.AddSeconds(seconds) : null, LoginPatience.WaitsUntil(new RefusedLogins(count, Noon, "a"), "a", Noon.AddSeconds(secondsAgo)));

    [Fact]
    public void Nothing_is_waited_for_where_nothing_was_refused_or_something_was_changed()
    {
        Assert.Null(LoginPatience.WaitsUntil(null, "a", Noon));
        Assert.Null(LoginPatience.WaitsUntil(new RefusedLogins(9, Noon, "a"), "b", Noon));
    }

    [Fact]
    public void A_row_goes_on_with_the_same_login_and_begins_anew_with_another()
    {
        Assert.Equal(new RefusedLogins(1, Noon, "a"), RefusedLogins.After(null, "a", Noon));
        Assert.Equal(new RefusedLogins(4, Noon, "a"), RefusedLogins.After(new RefusedLogins(3, Noon.AddHours(-1), "a"), "a", Noon));
        Assert.Equal(new RefusedLogins(1, Noon, "b"), RefusedLogins.After(new RefusedLogins(3, Noon, "a"), "b", Noon));
        Assert.Equal(1, RefusedLogins.After(new RefusedLogins(-7, Noon, "a"), "a", Noon).Count);
    }

    [Fact]
    public void A_run_a_minute_with_a_wrong_key_is_refused_at_most_four_times_in_any_ten_minutes()
    {
        RefusedLogins? past = null;
        var tries = new List<DateTimeOffset>();
        for (var now = Noon; now < Noon.AddHours(3); now = now.AddMinutes(1))
        {
            if (LoginPatience.WaitsUntil(past, "a", now) is null)
            {
                tries.Add(now);
                past = RefusedLogins.After(past, "a", now);
            }
        }
        Assert.Equal([0, 1, 2, 7, 17, 27], tries.Take(6).Select(time => (int)(time - Noon).TotalMinutes));
        Assert.All(tries, first => Assert.True(tries.Count(time => time >= first && time - first < TimeSpan.FromMinutes(10)) <= 4));
    }
}
