using DepSync.Config;
using DepSync.Tests.Support;
using DepSync.Workers;

namespace DepSync.Tests.Workers;

public sealed class HostKeyPolicyTests : IClassFixture<HostKeyPolicyTests.Keys>
{
    private static readonly HostKeyOwner Owner = new("node", "node-1", 22, "wso2");

    private readonly Keys _keys;

    public HostKeyPolicyTests(Keys keys) => _keys = keys;

    /// <summary>The columns: what known_hosts has (K: the key shown, O: another of its type, R: an rsa key), the mode, what is decided.</summary>
    [Theory]
    [InlineData("", "Ask", "Ask")]
    [InlineData("", "Strict", "Refuse")]
    [InlineData("", "AcceptNew", "AcceptAndRecord")]
    [InlineData("", "Insecure", "Accept")]
    [InlineData("node-1 K", "Ask", "Accept")]
    [InlineData("node-1 K", "Strict", "Accept")]
    [InlineData("node-1 K", "AcceptNew", "Accept")]
    [InlineData("node-1 O\nnode-1 K", "Strict", "Accept")]
    [InlineData("node-1 O", "Ask", "Refuse")]
    [InlineData("node-1 O", "AcceptNew", "Refuse")]
    [InlineData("node-1 O", "Insecure", "Accept")]
    [InlineData("node-1 R", "AcceptNew", "Refuse")]
    [InlineData("node-1 R", "Ask", "Refuse")]
    [InlineData("node-2 O", "AcceptNew", "AcceptAndRecord")]
    [InlineData("node-1 K\n@revoked * K", "Strict", "Refuse")]
    [InlineData("@revoked * K", "Insecure", "Refuse")]
    [InlineData("@revoked node-1 K", "AcceptNew", "Refuse")]
    [InlineData("@revoked node-2 K", "AcceptNew", "AcceptAndRecord")]
    [InlineData("@revoked * O", "AcceptNew", "AcceptAndRecord")]
    [InlineData("@cert-authority node-1 K", "Strict", "Refuse")]
    [InlineData("@cert-authority node-1 O", "AcceptNew", "AcceptAndRecord")]
    [InlineData("node-1 ssh-ed25519 AAAA", "AcceptNew", "Refuse")]
    [InlineData("node-1 K\nnode-1 ssh-ed25519 AAAA", "Strict", "Refuse")]
    [InlineData("node-1 ssh-ed25519 AAAA", "Insecure", "Accept")]
    public void Each_mode_decides_as_the_table_says(string lines, string mode, string decision)
    {
        var verdict = HostKeyPolicy.Judge(Known(lines), Enum.Parse<HostKeyMode>(mode), Owner, _keys.Shown);
        Assert.Equal(Enum.Parse<HostKeyDecision>(decision), verdict.Decision);
    }

    [Fact]
    public void A_changed_key_names_file_line_user_both_fingerprints_and_the_command()
    {
        var verdict = HostKeyPolicy.Judge(Known("# first\nnode-1 O"), HostKeyMode.AcceptNew, Owner, _keys.Shown);
        Assert.Contains("known_hosts:2", verdict.Message, StringComparison.Ordinal);
        Assert.Contains(Environment.UserName, verdict.Message, StringComparison.Ordinal);
        Assert.Contains(_keys.Shown.Fingerprint, verdict.Message, StringComparison.Ordinal);
        Assert.Contains(_keys.Other.Fingerprint, verdict.Message, StringComparison.Ordinal);
        Assert.Contains("depsync trust node --replace", verdict.Hint, StringComparison.Ordinal);
    }

    [Fact]
    public void An_unknown_key_names_file_user_fingerprint_and_the_command()
    {
        var verdict = HostKeyPolicy.Judge([], HostKeyMode.Strict, Owner with { KnownHostsFile = "/home/wso2/hosts" }, _keys.Shown);
        Assert.Contains($"is not in /home/wso2/hosts (user {Environment.UserName})", verdict.Message, StringComparison.Ordinal);
        Assert.Contains(_keys.Shown.Fingerprint, verdict.Message, StringComparison.Ordinal);
        Assert.Contains("`depsync trust node`", verdict.Hint, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "ssh-ed25519,ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,ecdsa-sha2-nistp521,rsa-sha2-512,rsa-sha2-256")]
    [InlineData("node-1 R", "rsa-sha2-512,rsa-sha2-256")]
    [InlineData("node-1 R\nnode-1 O", "ssh-ed25519,rsa-sha2-512,rsa-sha2-256")]
    [InlineData("@cert-authority node-2 R", "ssh-ed25519,ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,ecdsa-sha2-nistp521,rsa-sha2-512,rsa-sha2-256")]
    [InlineData("@revoked node-1 R", "ssh-ed25519,ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,ecdsa-sha2-nistp521,rsa-sha2-512,rsa-sha2-256")]
    public void Only_algorithms_of_the_keys_on_record_are_offered(string lines, string algorithms) =>
        Assert.Equal(algorithms, string.Join(',', HostKeyPolicy.Offer(Known(lines), HostKeyMode.Strict)));

    [Theory]
    [InlineData("@cert-authority node-1 R", "Strict", 12)]
    [InlineData("@cert-authority node-1 R\nnode-1 K", "Strict", 7)]
    [InlineData("@cert-authority node-1 R\n@revoked node-1 R", "Ask", 12)]
    [InlineData("@cert-authority node-1 R", "Insecure", 6)]
    public void Certificates_are_asked_for_first_and_only_where_an_authority_is_on_record(string lines, string mode, int count)
    {
        var offered = HostKeyPolicy.Offer(Known(lines), Enum.Parse<HostKeyMode>(mode));
        Assert.Equal(count, offered.Count);
        Assert.Equal(count > 6 ? 6 : 0, offered.TakeWhile(HostCertificatePolicy.IsForCertificates).Count());
        Assert.DoesNotContain(offered.Skip(6), HostCertificatePolicy.IsForCertificates);
    }

    private IReadOnlyList<KnownHostLine> Known(string lines) => KnownHosts.Parse("known_hosts", _keys.Fill(lines)).Find(Owner.Host, Owner.Port);

    public sealed class Keys : IDisposable
    {
        private readonly KeyFolder _folder = new();

        public Keys() => (Shown, Other, Rsa) = (_folder.Create("shown"), _folder.Create("other"), _folder.Create("rsa", "rsa"));

        internal HostKey Shown { get; }

        internal HostKey Other { get; }

        internal HostKey Rsa { get; }

        public string Fill(string lines) =>
            lines.Replace(" K", $" {Shown}", StringComparison.Ordinal).Replace(" O", $" {Other}", StringComparison.Ordinal).Replace(" R", $" {Rsa}", StringComparison.Ordinal);

        public void Dispose() => _folder.Dispose();
    }
}
