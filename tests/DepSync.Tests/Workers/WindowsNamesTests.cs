using System.Text;
using DepSync.Workers;

namespace DepSync.Tests.Workers;

public sealed class WindowsNamesTests
{
    [Theory]
    [InlineData("service.xml", true)]
    [InlineData("-x", true)]
    [InlineData(".hidden", true)]
    [InlineData("com", true)]
    [InlineData("com10", true)]
    [InlineData("conx.txt", true)]
    [InlineData("a:b", false)]
    [InlineData("a\\b", false)]
    [InlineData("a\nb", false)]
    [InlineData("dot.", false)]
    [InlineData("blank ", false)]
    [InlineData("con", false)]
    [InlineData("Nul.txt", false)]
    [InlineData("COM1", false)]
    [InlineData("lpt9.log", false)]
    public void Names_that_windows_would_change_are_known(string name, bool taken) => Assert.Equal(taken, WindowsNames.IsTaken(Encoding.UTF8.GetBytes(name)));

    [Fact]
    public void Bytes_that_are_not_utf8_are_no_name_there() => Assert.False(WindowsNames.IsTaken([0x63, 0xff]));
}
