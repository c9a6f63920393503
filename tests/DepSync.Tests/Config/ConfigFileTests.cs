using System.Diagnostics;
using System.Text;
using DepSync.Config;
using DepSync.Model;

namespace DepSync.Tests.Config;

public sealed class ConfigFileTests
{
    private const string File = "/etc/depsync/depsync.yaml";

    private static readonly ConfigPlace Place = new("/work", "/home/me", _ => null) { IsWindows = false };

    [Fact]
    public void Every_key_is_read()
    {
        var layer = Parse("""
            manager_dir: ~/wso2as/repository/deployment/server
            workers: lists/workers.txt
            state_dir: ../state
            ssh:
              identity: ~/.ssh/carbon.pem
              passphrase_file: pass
              known_hosts: /etc/known
              host_key: accept-new
              client: openssh
              exec: never
              kex: fast
              compress: true
              connect_timeout: 1500ms
              idle_timeout: 2m
            exclude: ["*.bak", .svn/]
            protect:
              - "!keep"
            exploded_webapps: mirror
            settle: 0
            max_delete: 10
            parallel: 4
            bwlimit: 1.5M
            max_time: 1.5h
            keep_generations: 0
            fsync: never
            log: { dir: logs, keep_files: 3, max_size: 512KiB }
            """);
        Assert.Equal("/home/me/wso2as/repository/deployment/server", layer.ManagerDir);
        Assert.Equal("/etc/depsync/lists/workers.txt", layer.WorkersFile);
        Assert.Equal("/etc/depsync/../state", layer.StateDir);
        Assert.Equal(("/home/me/.ssh/carbon.pem", "/etc/depsync/pass", "/etc/known"), (layer.Identity, layer.PassphraseFile, layer.KnownHosts));
        Assert.Equal((HostKeyMode.AcceptNew, SshClientKind.OpenSsh, false, KeyExchangeOrder.Fast), (layer.HostKey, layer.Client, layer.Exec, layer.Kex));
        Assert.Equal((true, 3L << 19), (layer.Compress, layer.BytesPerSecond));
        Assert.Equal((TimeSpan.FromMilliseconds(1500), TimeSpan.FromMinutes(2)), (layer.ConnectTimeout, layer.IdleTimeout));
        Assert.Equal(["*.bak", ".svn/"], layer.Exclude);
        Assert.Equal(["!keep"], layer.Protect);
        Assert.Equal((false, TimeSpan.Zero, new DeleteLimit(10, IsPercent: false), 4), (layer.IgnoreExplodedWebapps, layer.Settle, layer.MaxDelete, layer.Parallel));
        Assert.Equal((TimeSpan.FromMinutes(90), 0, false), (layer.MaxTime, layer.KeepGenerations, layer.Durable));
        Assert.Equal(("/etc/depsync/logs", 3, 512 * 1024L), (layer.LogDir, layer.LogKeepFiles, layer.LogMaxSize));
    }

    [Theory]
    [InlineData("")]
    [InlineData("# nothing yet\n")]
    [InlineData("---\n")]
    [InlineData("manager_dir:\nssh:\nexclude: ~\nlog: {dir: null}\n")]
    public void An_empty_file_or_value_says_nothing(string text) => Assert.Equal(new SettingsLayer(), Parse(text));

    [Theory]
    [InlineData("idenity: x", "1:1: unknown key 'idenity', the nearest known key is 'ssh.identity'")]
    [InlineData("manager-dir: x", "1:1: unknown key 'manager-dir', the nearest known key is 'manager_dir'")]
    [InlineData("ssh:\n  hostkey: ask", "2:3: unknown key 'ssh.hostkey', the nearest known key is 'ssh.host_key'")]
    [InlineData("ssh: {settle: 1}", "1:7: unknown key 'ssh.settle', the nearest known key is 'settle'")]
    [InlineData("loge: {}", "1:1: unknown key 'loge', the nearest known key is 'log'")]
    [InlineData("settle: 1\nparallel: 2\nsettle: 3", "3:1: the key 'settle' stands twice, first in line 1")]
    [InlineData("ssh:\n  exec: auto\n  exec: auto", "3:3: the key 'ssh.exec' stands twice, first in line 2")]
    [InlineData("exclude: [*.bak]", "'*.bak' is an alias")]
    [InlineData("exclude:\n  - *.bak", "2:5: ")]
    [InlineData("exclude: [!x]", "1:11: '!x' is a tag, which has no meaning here: put the value in double quotes")]
    [InlineData("settle: &a 3", "1:9: '&a' is an anchor")]
    [InlineData("settle: !!str 3", "is a tag")]
    [InlineData("settle: @x", "1:9: not YAML: ")]
    [InlineData("exclude: [a", "not YAML: ")]
    [InlineData("ssh:\n\tkex: fast", "not YAML: ")]
    [InlineData("- a", "1:1: expected settings")]
    [InlineData("just text", "1:1: expected settings")]
    [InlineData("settle: 1\n---\nsettle: 2", "2:1: expected one document")]
    [InlineData("settle: [1]", "1:9: expected one value for 'settle'")]
    [InlineData("exclude: a", "1:10: expected a list")]
    [InlineData("exclude: [[a]]", "1:10: expected a list")]
    [InlineData("exclude: [\"\"]", "exclude: expected a pattern")]
    [InlineData("ssh: 1", "1:6: expected keys below 'ssh'")]
    [InlineData("? [a]\n: 1", "1:3: expected a key and a colon")]
    [InlineData("settle: 3d", "1:9: settle: expected a duration")]
    [InlineData("settle: -1", "expected a duration")]
    [InlineData("settle: 1e9", "expected a duration")]
    [InlineData("settle: 1000h", "at most 576h")]
    [InlineData("max_time: never", "max_time: expected a duration")]
    [InlineData("max_time: 0", "above 0")]
    [InlineData("ssh: {connect_timeout: 0s}", "above 0")]
    [InlineData("max_delete: 101%", "from 0% to 100%")]
    [InlineData("max_delete: 5 %", "percentage")]
    [InlineData("parallel: 0", "from 1 to 1000")]
    [InlineData("parallel: 1.5", "from 1 to 1000")]
    [InlineData("bwlimit: fast", "bwlimit: expected a rate")]
    [InlineData("bwlimit: -1", "bwlimit: expected a rate")]
    [InlineData("bwlimit: 0.4", "from 512 bytes")]
    [InlineData("bwlimit: 2000G", "from 512 bytes")]
    [InlineData("ssh: {compress: zlib}", "expected true, false")]
    [InlineData("keep_generations: -1", "from 0 to 1000")]
    [InlineData("fsync: always", "expected default or never, not 'always'")]
    [InlineData("ssh: {host_key: acept-new}", "did you mean 'accept-new'")]
    [InlineData("log: {max_size: 10 parsecs}", "expected a size")]
    [InlineData("log: {max_size: 0}", "from 1 byte")]
    [InlineData("log: {keep_files: 0}", "from 1 to")]
    [InlineData("manager_dir: ~other/x", "another user")]
    [InlineData("manager_dir: \"\"", "expected a path")]
    [InlineData("manager_dir: \"a\\0b\"", "U+0000")]
    public void What_is_wrong_is_told_with_its_place(string text, string expected)
    {
        var error = Assert.Throws<DepSyncException>(() => Parse(text));
        Assert.Equal(ErrorKind.Config, error.Kind);
        Assert.StartsWith(File + ":", error.Message, StringComparison.Ordinal);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Fact]
    public void All_errors_are_told_at_once_in_the_order_of_the_file()
    {
        var error = Assert.Throws<DepSyncException>(() => Parse("settle: x\nfoo: 1\nssh:\n  kex: slow\nexclude: [*x]\nparallel: 0\nsettle: 1\nprotect: [!y]\n"));
        Assert.Equal(["1", "2", "4", "5", "6", "7", "8"], error.Message.Split('\n').Select(l => l.Split(':')[1]));
    }

    [Theory]
    [InlineData("10", 10_000)]
    [InlineData("0", 0)]
    [InlineData("1.5s", 1500)]
    [InlineData("250ms", 250)]
    [InlineData("2m", 120_000)]
    [InlineData("1h", 3_600_000)]
    public void Durations_have_units(string text, double milliseconds) => Assert.Equal(milliseconds, SettingText.Duration(text).TotalMilliseconds);

    [Theory]
    [InlineData("10MB", 10_000_000)]
    [InlineData("1KB", 1000)]
    [InlineData("1.5GB", 1_500_000_000)]
    [InlineData("1KiB", 1024)]
    [InlineData("10 MiB", 10_485_760)]
    [InlineData("1gib", 1_073_741_824)]
    [InlineData("512", 512)]
    [InlineData("5B", 5)]
    public void Sizes_have_units(string text, long bytes) => Assert.Equal(bytes, SettingText.Size(text));

    [Theory]
    [InlineData(".", "")]
    [InlineData("./", "")]
    [InlineData("webapps/", "webapps")]
    [InlineData("./a/b", "a/b")]
    public void A_path_in_the_tree_is_relative(string text, string path) => Assert.Equal(path, SettingText.PathInTree(text).ToString());

    [Theory]
    [InlineData("")]
    [InlineData("/")]
    [InlineData("/a")]
    [InlineData("..")]
    [InlineData("a/../b")]
    [InlineData("a//b")]
    public void A_path_that_leaves_the_tree_is_refused(string text) => Assert.Throws<FormatException>(() => SettingText.PathInTree(text));

    [Theory]
    [InlineData('[')]
    [InlineData('{')]
    [InlineData('-')]
    [InlineData('?')]
    public void Deep_nesting_ends_quickly(char open)
    {
        var clock = Stopwatch.StartNew();
        var text = new string(open, 500_000);
        Assert.Throws<DepSyncException>(() => Parse("exclude: " + (open is '-' or '?' ? string.Join(' ', text.AsEnumerable()) : text)));
        Assert.True(clock.Elapsed < TimeSpan.FromMinutes(1), $"{clock.Elapsed}");
    }

    [Fact]
    public void An_alias_bomb_is_refused() =>
        Assert.Contains("is an anchor", Assert.Throws<DepSyncException>(() => Parse("a: &a [x]\nb: &b [*a, *a]\nc: [*b, *b]")).Message, StringComparison.Ordinal);

    [Fact]
    public void A_file_above_1_MiB_is_refused() =>
        Assert.Contains("1 MiB", Assert.Throws<DepSyncException>(() => Parse(new string('#', 1024 * 1024 + 1))).Message, StringComparison.Ordinal);

    [Fact]
    public void Bytes_that_are_not_utf8_are_told_with_their_line()
    {
        var error = Assert.Throws<DepSyncException>(() => ConfigFile.Parse([.. "a: 1\nb: "u8, 0xff], File, Place));
        Assert.Equal(File + ":2:1: expected UTF-8 text", error.Message);
    }

    private static SettingsLayer Parse(string text) => ConfigFile.Parse(Encoding.UTF8.GetBytes(text), File, Place);
}
