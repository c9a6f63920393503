using System.Text;
using CsCheck;
using DepSync.Tests.Support;
using DepSync.Workers;

namespace DepSync.Tests.Workers;

public sealed class KnownHostsTests
{
    private const string Key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJKr8JDXt9rZ5tOrBi/sLXPJdnZtVfHe2VXhmDR9sKB0";
    private const string OtherKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGbVXEV0l3kMYN4Zr9HgQhLXk4wQnDqkGkLXg5iRkV3l";

    [Theory]
    [InlineData("node-1", "node-1", 22, true)]
    [InlineData("node-1", "NODE-1", 22, true)]
    [InlineData("Node-1", "node-1", 22, true)]
    [InlineData("node-1", "node-11", 22, false)]
    [InlineData("node-1", "node-1", 2222, false)]
    [InlineData("[node-1]:2222", "node-1", 2222, true)]
    [InlineData("[node-1]:2222", "node-1", 22, false)]
    [InlineData("a,node-1,b", "node-1", 22, true)]
    [InlineData("node-?", "node-1", 22, true)]
    [InlineData("*.example.org", "x.y.example.org", 22, true)]
    [InlineData("*.example.org", "example.org", 22, false)]
    [InlineData("*,!node-1", "node-1", 22, false)]
    [InlineData("!node-1,*", "node-2", 22, true)]
    [InlineData("!node-1", "node-2", 22, false)]
    [InlineData("[*]:2222", "node-1", 2222, true)]
    [InlineData("2001:db8::7", "2001:DB8::7", 22, true)]
    [InlineData("[2001:db8::7]:2222", "2001:db8::7", 2222, true)]
    public void An_entry_speaks_of_the_hosts_that_its_first_field_names(string hosts, string host, int port, bool found) =>
        Assert.Equal(found, KnownHosts.Parse("f", $"{hosts} {Key} comment\n").Find(host, port).Count == 1);

    [Theory]
    [InlineData("# node-1 " + Key)]
    [InlineData("")]
    [InlineData("   ")]
    [InlineData("node-1 1024 35 1234567")]
    public void Comments_and_keys_of_the_first_protocol_say_nothing(string line) => Assert.Empty(KnownHosts.Parse("f", line).Find("node-1", 22));

    [Theory]
    [InlineData("node-1 ssh-ed25519 AAAA")]
    [InlineData("node-1 ssh-ed25519")]
    [InlineData("node-1 ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIJKr8JDXt9rZ5tOrBi/sLXPJdnZtVfHe2VXhmDR9sKB0")]
    [InlineData("nod")]
    [InlineData("@unknown node-2 " + Key)]
    [InlineData("|1|short|short= " + Key)]
    [InlineData("|2|AAAA|AAAA " + Key)]
    [InlineData("node-1 ssh-ed25519 %%%%")]
    public void A_damaged_line_that_may_speak_of_the_host_is_found_without_a_key(string line)
    {
        var found = Assert.Single(KnownHosts.Parse("f", $"# first\n{line}\n").Find("node-1", 22));
        Assert.Null(found.Key);
        Assert.Equal(2, found.Line);
    }

    [Fact]
    public void A_damaged_key_of_another_host_is_passed_over() => Assert.Empty(KnownHosts.Parse("f", "node-2 ssh-ed25519 AAAA\n").Find("node-1", 22));

    [Fact]
    public void Marks_are_read()
    {
        var found = KnownHosts.Parse("f", $"@revoked * {Key}\r\n@cert-authority *.example.org {OtherKey}\r\nn.example.org {OtherKey}\r\n").Find("n.example.org", 22);
        Assert.Equal([KnownHostMark.Revoked, KnownHostMark.CertAuthority, KnownHostMark.None], found.Select(line => line.Mark));
    }

    [Fact]
    public void Authorities_and_revoked_keys_hold_for_other_ports_too_and_a_hosts_own_key_does_not()
    {
        var known = KnownHosts.Parse("f", $"@cert-authority node-* {Key}\n@revoked node-1 {OtherKey}\nnode-1 {Key}\n@cert-authority * {Key}\n");
        Assert.Equal([4, 1, 2], known.FindWithAuthorities("node-1", 2222).Select(line => line.Line));
        Assert.Equal([4], known.Find("node-1", 2222).Select(line => line.Line));
        Assert.Equal([1, 2, 3, 4], known.FindWithAuthorities("node-1", 22).Select(line => line.Line));
        Assert.Equal([4], known.FindWithAuthorities("other", 2222).Select(line => line.Line));
    }

    [Fact]
    public void Any_text_is_read_without_an_exception_and_in_bounded_memory() => Words.Of(
        ["|1|", "|", "@revoked ", "@cert-authority ", "@x ", "*", "!", ",", "[", "]:", "22", " ", "\t", "\n", "\r\n", "ssh-ed25519 ", "ssh-rsa ", "AAAA", "AAAAB3NzaC1yc2H/////", "=", "#", "\\", "\0", "\xff", "a"],
        [Encoding.ASCII.GetBytes($"a,b {Key} comment\n@revoked * {OtherKey}\n|1|3Vx2Ww5aFv6e0Gd5xGzBq0tPzLk=|hM5J9E0M8xY1m8rA5tq0TzQk2xA= {Key}\n")])
        .Sample(
            bytes => Allocation.AssertBounded(bytes.Length, () => KnownHosts.Parse("f", Encoding.Latin1.GetString(bytes)).FindWithAuthorities("a", 2222)),
            iter: 5000);

    [SshdFact]
    public void Lines_are_found_exactly_where_ssh_keygen_finds_them()
    {
        using var folder = new KeyFolder();
        var names = Gen.OneOf("a", "b.example.org", "node-1", "NODE-2", "10.0.0.1", "fe80::1");
        var hosts = Gen.Select(names, Gen.OneOf(22, 2222), (name, port) => KnownHosts.HostName(name, port));
        var pattern = Gen.Frequency((6, hosts), (1, hosts.Select(h => "!" + h)), (2, Gen.OneOf("*", "node-?", "*.example.org", "[*]:2222", "!*.org", "N*")));
        var line = Gen.Select(Gen.OneOf("", "", "", "@revoked ", "@cert-authority "), pattern.Array[1, 3], (mark, list) => $"{mark}{string.Join(',', list)} {Key}");
        var seed = 0;
        Gen.Select(line.Array[1, 8], Gen.Bool).Sample(
            (lines, hashed) =>
            {
                var file = folder.File($"known_hosts_{Interlocked.Increment(ref seed)}");
                File.WriteAllLines(file, lines);
                if (hashed)
                {
                    Command.Run("ssh-keygen", "-H", "-f", file);
                }
                var known = KnownHosts.Parse(file, File.ReadAllText(file));
                foreach (var (host, port) in new[] { ("a", 22), ("b.example.org", 22), ("node-1", 2222), ("NODE-2", 22), ("fe80::1", 2222) })
                {
                    var told = Command.Try("ssh-keygen", "-F", KnownHosts.HostName(host, port), "-f", file).Output;
                    var expected = told.Split('\n').Where(l => l.StartsWith("# Host", StringComparison.Ordinal)).Select(l => int.Parse(l.Split("found: line ")[1].Split(' ')[0]));
                    Assert.Equal(expected, known.Find(host, port).Select(l => l.Line));
                }
            },
            iter: 25, threads: 1);
    }

    [SshdTheory]
    [InlineData("ed25519")]
    [InlineData("rsa")]
    [InlineData("ecdsa")]
    public void Fingerprints_are_those_of_ssh_keygen(string type)
    {
        using var folder = new KeyFolder();
        var key = folder.Create(type, type);
        Assert.Equal(Command.Run("ssh-keygen", "-lf", folder.File(type) + ".pub").Split(' ')[1], key.Fingerprint);
    }
}
