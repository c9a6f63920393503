using DepSync.Sftp;

namespace DepSync.Tests.Sftp;

public sealed class SftpWindowTests
{
    [Theory]
    [InlineData(0, 1024, 1 << 20)]
    [InlineData(0.3, 1024, 1 << 20)]
    [InlineData(4, 1024, 1 << 20)]
    [InlineData(8, 2048, 2 << 20)]
    [InlineData(20, 5120, 4 << 20)]
    [InlineData(200, 8192, 4 << 20)]
    [InlineData(1e9, 8192, 4 << 20)]
    public void Window_grows_with_the_round_trip_and_stays_bounded(double milliseconds, int requests, int bytes) =>
        Assert.Equal(new SftpWindow(requests, bytes), SftpWindow.For(TimeSpan.FromMilliseconds(milliseconds)));
}
