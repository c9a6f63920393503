using DepSync.Workers;

namespace DepSync.Tests.Workers;

public sealed class SshConfigHostsTests
{
    [Theory]
    [InlineData("Host node-1\n", true)]
    [InlineData("host=NODE-1\n", true)]
    [InlineData("  Host a node-? b\r\n", true)]
    [InlineData("Host *\n", true)]
    [InlineData("Host * !node-1\n", false)]
    [InlineData("Host node-2\n# Host node-1\n", false)]
    [InlineData("HostName node-1\n", false)]
    [InlineData("", false)]
    public void A_host_block_is_found(string text, bool found) => Assert.Equal(found, SshConfigHosts.Mentions(text, "node-1"));
}
