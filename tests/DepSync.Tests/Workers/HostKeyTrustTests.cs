using DepSync.Config;
using DepSync.Model;
using DepSync.Tests.Support;
using DepSync.Workers;

namespace DepSync.Tests.Workers;

public sealed class HostKeyTrustTests : IDisposable
{
    private readonly KeyFolder _folder = new();

    private KnownHostsStore Store => new(_folder.File("known"), null);

    private HostKeyTrust Trust => new(new SshSettings(), Store);

    public void Dispose() => _folder.Dispose();

    [SshdFact]
    public async Task All_keys_of_a_host_are_shown_and_recorded_so_that_ssh_and_the_builtin_client_connect()
    {
        using var server = SshdServer.Start(new SshdOptions { HostKeys = ["ed25519", "rsa", "ecdsa"] });
        var proposal = await Trust.FetchAsync(SshRun.Worker(server, "/tmp/x"), default);
        Assert.Equal(["ssh-ed25519", "ecdsa-sha2-nistp256", "ssh-rsa"], proposal.Keys.Select(shown => shown.Key.Type));
        Assert.All(proposal.Keys, shown => Assert.Equal(ShownKeyState.New, shown.State));
        Assert.False(File.Exists(_folder.File("known")));
        Assert.Equal(3, Trust.Record(proposal, KeyReplacement.Forbidden).Count);
        foreach (var client in Enum.GetValues<SshClientKind>())
        {
            await using var files = await SshRun.For(SshRun.Settings(server, client) with { KnownHosts = _folder.File("known") }).ConnectAsync(server);
        }
        Assert.All((await Trust.FetchAsync(SshRun.Worker(server, "/tmp/x"), default)).Keys, shown => Assert.Equal(ShownKeyState.Known, shown.State));
    }

    [SshdFact]
    public async Task Only_the_key_with_the_fingerprint_is_recorded()
    {
        using var server = SshdServer.Start(new SshdOptions { HostKeys = ["ed25519", "rsa"] });
        var proposal = await Trust.FetchAsync(SshRun.Worker(server, "/tmp/x"), default);
        var wanted = proposal.Keys[1].Key;
        Trust.Record(proposal.Only(wanted.Fingerprint), KeyReplacement.Forbidden);
        Assert.Equal(wanted, Assert.Single(Store.Read().Find("127.0.0.1", server.Port)).Key);
        Assert.Empty(proposal.Only("SHA256:nothing").Keys);
    }

    [SshdFact]
    public async Task A_host_that_cannot_be_reached_is_told()
    {
        using var server = SshdServer.Start();
        server.Stop();
        var lost = await Assert.ThrowsAsync<WorkerLostException>(() => Trust.FetchAsync(SshRun.Worker(server, "/tmp/x"), default));
        Assert.Equal(ErrorKind.Unreachable, lost.Kind);
    }

    /// <summary>A, B: ed25519 keys; R, S: rsa keys. The columns: what is on record, what the host shows, the states.</summary>
    [Theory]
    [InlineData("", "A R", "New New")]
    [InlineData("h A", "A R", "Known New")]
    [InlineData("h A", "B", "Changed")]
    [InlineData("h A", "B R", "Changed Changed")]
    [InlineData("h R", "A", "Changed")]
    [InlineData("h A\nh R", "A S", "Known Changed")]
    [InlineData("h A\nh R", "A", "Known")]
    [InlineData("@revoked h A", "A R", "Revoked New")]
    [InlineData("@revoked * A\nh A", "A", "Revoked")]
    [InlineData("@cert-authority h A", "B", "New")]
    [InlineData("other A", "B", "New")]
    public void A_key_is_new_only_where_it_contradicts_nothing(string record, string shown, string states)
    {
        var keys = new Dictionary<string, HostKey> { ["A"] = _folder.Create("A"), ["B"] = _folder.Create("B"), ["R"] = _folder.Create("R", "rsa"), ["S"] = _folder.Create("S", "rsa") };
        var text = keys.Aggregate(record, (lines, key) => lines.Replace($" {key.Key}", $" {key.Value}", StringComparison.Ordinal));
        var proposal = HostKeyTrust.Judge(new HostKeyOwner("w", "h", 22, "u"), KnownHosts.Parse("f", text).Find("h", 22), [.. shown.Split(' ').Select(name => keys[name])]);
        Assert.Equal(states, string.Join(' ', proposal.Keys.Select(key => key.State)));
    }

    [Fact]
    public void A_changed_key_is_replaced_only_on_demand_and_a_revoked_one_never()
    {
        var (old, shown, revoked) = (_folder.Create("old"), _folder.Create("shown"), _folder.Create("revoked", "rsa"));
        var text = $"# mine\nh {old}\n@revoked * {revoked}\n";
        File.WriteAllText(_folder.File("known"), text);
        var proposal = HostKeyTrust.Judge(new HostKeyOwner("w", "h", 22, "u"), Store.Read().Find("h", 22), [shown, revoked]);
        Assert.Equal(old, Assert.Single(proposal.Keys[0].Replaces).Key);
        Assert.Empty(Trust.Record(proposal, KeyReplacement.Forbidden));
        Assert.Equal(text, File.ReadAllText(_folder.File("known")));
        Assert.Equal([shown], Trust.Record(proposal, KeyReplacement.Allowed));
        Assert.Equal($"# mine\n@revoked * {revoked}\nh {shown}\n", File.ReadAllText(_folder.File("known")));
    }
}
