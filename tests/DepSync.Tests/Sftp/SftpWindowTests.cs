using DepSync.Sftp;

namespace DepSync.Tests.Sftp;

public sealed class SftpWindowTests
{
    [Theory]
    [InlineData(-1, 1024, 1 << 20)]
    [InlineData(0.3, 1024, 1 << 20)]
    [InlineData(17, 1024, 1 << 20)]
    [InlineData(20, 1200, 1 << 20)]
    [InlineData(100, 6000, 4_000_000)]
    [InlineData(200, 8192, 4 << 20)]
    [InlineData(1e12, 8192, 4 << 20)]
    public void Window_grows_with_the_round_trip_and_stays_bounded(double milliseconds, int requests, int bytes) =>
        Assert.Equal(new SftpWindow(requests, bytes), new SftpWindow(1024, 1 << 20).Over(TimeSpan.FromMilliseconds(milliseconds)));

    [Fact]
    public void Window_that_is_wider_already_stays() => Assert.Equal(new SftpWindow(9000, 64), new SftpWindow(9000, 64).Over(TimeSpan.FromMilliseconds(0)));
}
