using DepSync.Workers;

namespace DepSync.Tests.Workers;

public sealed class HostCertificatePolicyTests : IClassFixture<HostKeyPolicyTests.Keys>
{
    /// <summary>2026-01-01 00:00:00 UTC.</summary>
    private const ulong Now = 1_767_225_600;

    private static readonly HostKeyOwner Owner = new("node", "Node-1", 2222, "wso2");

    private readonly HostKeyPolicyTests.Keys _keys;

    public HostCertificatePolicyTests(HostKeyPolicyTests.Keys keys) => _keys = keys;

    /// <summary>K is the key of the host, O the authority that signed, R another authority; the last column is a part of the reason, none where it is accepted.</summary>
    [Theory]
    [InlineData("@cert-authority * O", null)]
    [InlineData("@cert-authority [node-1]:2222 O", null)]
    [InlineData("@cert-authority node-? O", null)]
    [InlineData("@cert-authority * R\n@cert-authority * O", null)]
    [InlineData("@cert-authority * O\nnode-1 R\n[node-1]:2222 R", null)]
    [InlineData("@cert-authority * R", "no @cert-authority line")]
    [InlineData("@cert-authority *,!node-1 R", "no @cert-authority line")]
    [InlineData("@cert-authority other O\n@cert-authority * R", "no @cert-authority line")]
    [InlineData("[node-1]:2222 O", "no @cert-authority line")]
    [InlineData("@cert-authority * O\n@revoked * O", "the authority that signed it is marked as revoked in known_hosts:2")]
    [InlineData("@cert-authority * O\n@revoked * K", "its key is marked as revoked in known_hosts:2")]
    [InlineData("@cert-authority * O\n@revoked node-1 K", "its key is marked as revoked in known_hosts:2")]
    [InlineData("@cert-authority * O\n@revoked other K", null)]
    [InlineData("@cert-authority * O\n@cert-authority * ssh-rsa AAAA", "known_hosts:2 cannot be read")]
    public void An_authority_is_believed_where_a_line_for_the_host_names_it_and_none_revokes(string lines, string? reason) => AssertVerdict(Judge(lines, Valid()), reason);

    [Fact]
    public void Each_field_of_a_certificate_can_refuse_it()
    {
        (HostCertificate Certificate, string? Reason)[] table =
        [
            (Valid(), null),
            (Valid() with { Principals = ["other", "node-1"] }, null),
            (Valid() with { Principals = ["other"] }, "it is for other and not for node-1"),
            (Valid() with { Principals = ["other,node-1"] }, "it is for other,node-1 and not for node-1"),
            (Valid() with { Principals = ["NODE-1"] }, "it is for NODE-1 and not for node-1"),
            (Valid() with { Principals = ["*"] }, "it is for * and not for node-1"),
            (Valid() with { Principals = [] }, "it names no host"),
            (Valid() with { Type = 1 }, "it is a user's certificate"),
            (Valid() with { Type = 3 }, "it is a user's certificate"),
            (Valid() with { CriticalOptions = ["force-command"] }, "conditions that are not known here (force-command)"),
            (Valid() with { SignatureAlgorithm = "ssh-rsa" }, "signed with ssh-rsa"),
            (Valid() with { Authority = null }, "a key of an unknown form"),
            (Valid() with { ValidAfter = Now }, null),
            (Valid() with { ValidAfter = Now + 1 }, "it is not valid before 20"),
            (Valid() with { ValidAfter = ulong.MaxValue }, "it is not valid before for ever"),
            (Valid() with { ValidBefore = Now + 1 }, null),
            (Valid() with { ValidBefore = Now }, "it expired at 20"),
            (Valid() with { ValidAfter = 0, ValidBefore = ulong.MaxValue }, null),
            (Valid() with { ValidBefore = 0 }, "it expired at 19"),
        ];
        Assert.All(table, row => AssertVerdict(Judge("@cert-authority * O", row.Certificate), row.Reason));
    }

    [Fact]
    public void What_is_revoked_is_refused_for_good_and_other_reasons_leave_the_key_itself_to_be_looked_up()
    {
        Assert.Equal(HostKeyDecision.Refuse, Judge("@cert-authority * O\n@revoked * O", Valid() with { ValidBefore = 0 }).Decision);
        Assert.Equal(HostKeyDecision.RefuseCertificate, Judge("@cert-authority * O", Valid() with { ValidBefore = 0 }).Decision);
        Assert.Equal(HostKeyDecision.RefuseCertificate, HostCertificatePolicy.Forged(Owner, Valid()).Decision);
    }

    [Fact]
    public void A_refusal_names_certificate_host_fingerprint_user_and_what_to_do()
    {
        var verdict = Judge("@cert-authority * R", Valid());
        foreach (var part in (string[])["\"worker 7\"", "Node-1 port 2222", _keys.Shown.Fingerprint, $"user {Environment.UserName}", _keys.Other.Fingerprint])
        {
            Assert.Contains(part, verdict.Message, StringComparison.Ordinal);
        }
        Assert.Contains("depsync trust node", verdict.Hint, StringComparison.Ordinal);
    }

    private static void AssertVerdict(HostKeyVerdict verdict, string? reason)
    {
        Assert.Equal(reason is null, verdict.IsAccepted);
        Assert.Contains(reason ?? "", verdict.Message, StringComparison.Ordinal);
    }

    private HostKeyVerdict Judge(string lines, HostCertificate certificate)
    {
        var known = KnownHosts.Parse("known_hosts", _keys.Fill(lines)).FindWithAuthorities(Owner.Host, Owner.Port);
        return HostCertificatePolicy.Judge(known, Owner, certificate, DateTimeOffset.FromUnixTimeSeconds((long)Now));
    }

    private HostCertificate Valid() => new(_keys.Shown, _keys.Other)
    {
        Type = HostCertificate.HostType,
        Id = "worker 7",
        Principals = ["node-1"],
        ValidAfter = Now - 60,
        ValidBefore = Now + 60,
        CriticalOptions = [],
        SignatureAlgorithm = "ssh-ed25519",
    };
}
