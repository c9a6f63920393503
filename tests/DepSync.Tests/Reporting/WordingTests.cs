using DepSync.Model;
using DepSync.Reporting;

namespace DepSync.Tests.Reporting;

public sealed class WordingTests
{
    [Theory]
    [InlineData(0, "0 B")]
    [InlineData(999, "999 B")]
    [InlineData(1000, "1.0 kB")]
    [InlineData(999_949, "999.9 kB")]
    [InlineData(999_950, "1.0 MB")]
    [InlineData(1_200_000, "1.2 MB")]
    [InlineData(long.MaxValue, "9.2 EB")]
    public void Bytes_have_decimal_units(long bytes, string text) => Assert.Equal(text, Wording.Bytes(bytes));

    [Theory]
    [InlineData(0, "0.0 s")]
    [InlineData(0.84, "0.8 s")]
    [InlineData(59.99, "59.9 s")]
    [InlineData(61, "1m01s")]
    [InlineData(3720, "1h02m")]
    public void Times_are_short(double seconds, string text) => Assert.Equal(text, Wording.Time(TimeSpan.FromSeconds(seconds)));

    [Fact]
    public void Kinds_are_snake_case_in_JSON() =>
        Assert.Equal(["host_key", "max_time", "connection_lost"], new[] { ErrorKind.HostKey, ErrorKind.MaxTime, ErrorKind.ConnectionLost }.Select(Wording.Snake));

    [Theory]
    [InlineData("plain ä 😀 C:\\x41", "plain ä 😀 C:\\x41")]
    [InlineData("a\nb", "a\\x0Ab")]
    public void A_message_is_one_line_and_is_not_escaped_twice(string message, string line)
    {
        Assert.Equal(line, Wording.Line(message));
        Assert.Equal(line, Wording.Line(Wording.Line(message)));
    }

    [Fact]
    public void A_lone_surrogate_is_escaped() => Assert.Equal("a\\xED\\xA0\\x80b", Wording.Line("a\uD800b"));
}
