using DepSync.Config;
using DepSync.Model;
using DepSync.Tests.Support;

namespace DepSync.Tests.Release;

/// <summary>Differences over a real sshd, with the real copies and the real sha256sum.</summary>
public sealed class DeltaOverSshTests : IDisposable
{
    private const int Size = 2_000_000;

    private readonly ReleaseFixture _run = new();
    private readonly byte[] _bytes = new byte[Size];

    public DeltaOverSshTests() => new Random(1).NextBytes(_bytes);

    public void Dispose() => _run.Dispose();

    [SshdTheory]
    [InlineData("Builtin")]
    [InlineData("OpenSsh")]
    public async Task Changed_and_moved_files_cost_the_bytes_that_are_new(string client)
    {
        using var server = SshdServer.Start();
        var config = Config(server, Enum.Parse<SshClientKind>(client));
        _run.Manager.Write("a/app.war"u8, _bytes).Write("a/moved"u8, _bytes.AsSpan(0, Size / 2));
        Assert.Equal(Size + (Size / 2), await PushAsync(config));
        byte[] changed = [.. _bytes[..1000], .. "more"u8, .. _bytes[1000..]];
        changed[Size / 2] ^= 1;
        _run.Manager.Write("a/app.war"u8, changed).Rename("a/moved"u8, "a/there"u8);
        Assert.InRange(await PushAsync(config), 5, 20_000);
        Assert.DoesNotContain(_run.Events.OfType<Note>(), note => note.Message.Contains("sent whole", StringComparison.Ordinal));
    }

    [SshdFact]
    public async Task Account_that_may_run_no_command_gets_changed_files_whole()
    {
        using var server = SshdServer.Start(new SshdOptions { Lines = ["ForceCommand internal-sftp"] });
        var config = Config(server, SshClientKind.Builtin);
        _run.Manager.Write("app.war"u8, _bytes);
        await PushAsync(config);
        _bytes[5] ^= 1;
        _run.Manager.Write("app.war"u8, _bytes);
        Assert.Equal(Size, await PushAsync(config));
    }

    private RunConfig Config(SshdServer server, SshClientKind client) => _run.Config with { Workers = [SshRun.Worker(server, _run.Worker.Path)], Ssh = SshRun.Settings(server, client) };

    private async Task<long> PushAsync(RunConfig config)
    {
        var result = await _run.SyncAsync(config);
        Assert.Null(result.Error);
        _run.AssertEqualTrees();
        return result.BytesSent;
    }
}
