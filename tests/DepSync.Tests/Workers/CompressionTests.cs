using System.Text;
using DepSync.Config;
using DepSync.Model;
using DepSync.Tests.Support;

namespace DepSync.Tests.Workers;

/// <summary><c>ssh.compress</c>, by the bytes on the wire to a real sshd.</summary>
public sealed class CompressionTests(SharedSshd sshd) : IClassFixture<SharedSshd>
{
    private static readonly byte[] Content = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Range(0, 60_000).Select(i => $"<proxy name=\"p{i * 7919 % 65_521}\"/>\n")));

    [SshdTheory]
    [InlineData("Builtin", false)]
    [InlineData("Builtin", true)]
    [InlineData("OpenSsh", false)]
    [InlineData("OpenSsh", true)]
    public async Task Compression_makes_the_wire_carry_less_in_both_directions(string client, bool compress)
    {
        using var proxy = new CountingProxy(sshd.Server.Port);
        using var target = new TempTree();
        var settings = SshRun.Settings(sshd.Server, Enum.Parse<SshClientKind>(client)) with { HostKey = HostKeyMode.Insecure, Compress = compress };
        var worker = SshRun.Worker(sshd.Server, target.Path) with { Port = proxy.Port };
        await using var files = await SshRun.For(settings).Connector.ConnectAsync(worker, default);
        var path = RelativePath.Parse("f");

        await using (var file = await files.CreateFileAsync(path, default))
        {
            for (var offset = 0; offset < Content.Length; offset += 32 << 10)
            {
                await file.WriteAtAsync(offset, Content.AsMemory(offset, Math.Min(32 << 10, Content.Length - offset)), default);
            }
            await file.CloseAsync(default);
        }
        Assert.Equal(Content, await File.ReadAllBytesAsync(Path.Combine(target.Path, "f")));
        AssertCarried(proxy.Up, compress);

        var (read, before) = (new byte[Content.Length], proxy.Down);
        await using (var file = await files.OpenAsync(path, default))
        {
            for (var offset = 0; offset < read.Length;)
            {
                offset += await file!.ReadAtAsync(offset, read.AsMemory(offset), default);
            }
        }
        Assert.Equal(Content, read);
        AssertCarried(proxy.Down - before, compress);
    }

    private static void AssertCarried(long bytes, bool compress)
    {
        if (compress)
        {
            Assert.InRange(bytes, 1, Content.Length / 3);
        }
        else
        {
            Assert.InRange(bytes, Content.Length, long.MaxValue);
        }
    }
}
