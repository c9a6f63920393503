using System.Text;
using DepSync.Config;
using DepSync.Model;

namespace DepSync.Tests.Config;

public sealed class WorkersFileTests
{
    private const string List = "/etc/depsync/workers-list.txt";

    private static readonly ConfigPlace Place = new("/work", "/home/me", _ => null) { IsWindows = false };

    [Theory]
    [InlineData("ubuntu@192.168.1.1:~/setup/server", "ubuntu", "192.168.1.1", 22, "~/setup/server")]
    [InlineData("node-3.example.org:/opt/wso2", null, "node-3.example.org", 22, "/opt/wso2")]
    [InlineData("me@h:server", "me", "h", 22, "server")]
    [InlineData("me@h:./-x", "me", "h", 22, "./-x")]
    [InlineData("me@h:a:b", "me", "h", 22, "a:b")]
    [InlineData("[2001:db8::7]:/x", null, "2001:db8::7", 22, "/x")]
    [InlineData("me@[fe80::1%eth0]:x", "me", "fe80::1%eth0", 22, "x")]
    [InlineData("sftp://wso2@[2001:db8::7]:2222/opt/wso2", "wso2", "2001:db8::7", 2222, "/opt/wso2")]
    [InlineData("sftp://h/opt", null, "h", 22, "/opt")]
    [InlineData("sftp://h/~/rel/x", null, "h", 22, "~/rel/x")]
    [InlineData("SFTP://h:1/a%20b%25", null, "h", 1, "/a b%")]
    [InlineData("h:/x port=2222", null, "h", 2222, "/x")]
    [InlineData("\"me@h:/with blank\"", "me", "h", 22, "/with blank")]
    [InlineData("me@h:\"/with \\\"q\\\" \\\\ b\"", "me", "h", 22, "/with \"q\" \\ b")]
    [InlineData("sftp://me@h\"/with blank\"", "me", "h", 22, "/with blank")]
    [InlineData("h:/x#y", null, "h", 22, "/x#y")]
    [InlineData("h:/x # comment", null, "h", 22, "/x")]
    [InlineData("  \th:/x\t# comment", null, "h", 22, "/x")]
    [InlineData("_u.s-r@a_b:/x", "_u.s-r", "a_b", 22, "/x")]
    public void A_remote_target_is_taken_apart(string line, string? user, string host, int port, string path)
    {
        var worker = Assert.Single(Parse(line));
        Assert.Equal((user, host, port, path), (worker.User, worker.Host, worker.Port, worker.Path));
        Assert.False(worker.IsLocal);
    }

    [Theory]
    [InlineData("/mnt/shared/server", "/mnt/shared/server")]
    [InlineData("./w1/", "/etc/depsync/w1")]
    [InlineData("../w1", "/etc/depsync/../w1")]
    [InlineData("~/w1", "/home/me/w1")]
    [InlineData("\"/mnt/a b\"", "/mnt/a b")]
    [InlineData("/mnt/user@host:x", "/mnt/user@host:x")]
    public void A_local_target_becomes_absolute(string line, string path)
    {
        var worker = Assert.Single(Parse(line));
        Assert.True(worker.IsLocal);
        Assert.Equal(path, worker.Path);
    }

    [Theory]
    [InlineData(@"C:\deploy\server")]
    [InlineData(@"\\server\share")]
    [InlineData("D:/deploy")]
    public void A_windows_path_is_local_on_windows_alone(string line)
    {
        Assert.True(WorkerTarget.Parse(line, isWindows: true).Host is null);
        if (line.Contains('\\', StringComparison.Ordinal))
        {
            Assert.Contains("is a path of Windows", Assert.Throws<FormatException>(() => WorkerTarget.Parse(line, isWindows: false)).Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("host", "expected [user@]host:path")]
    [InlineData("w1/server", "expected [user@]host:path")]
    [InlineData("-oProxyCommand=touch", "starts with '-'")]
    [InlineData("-oProxyCommand=x:/p", "starts with '-'")]
    [InlineData("-u@h:/p", "starts with '-'")]
    [InlineData("u@-h:/p", "expected a host name")]
    [InlineData("\"a b@h:/p\"", "expected a user")]
    [InlineData("@h:/p", "expected a user")]
    [InlineData("u$(x)@h:/p", "expected a user")]
    [InlineData("abcdefghijklmnopqrstuvwxyz1234567@h:/p", "expected a user")]
    [InlineData("u@:/p", "expected a host name")]
    [InlineData("u@h`x`:/p", "expected a host name")]
    [InlineData("u@h..x:/p", "expected a host name")]
    [InlineData("u@300.1.1.1:/p", "expected a host name")]
    [InlineData("u@10.1:/p", "expected a host name")]
    [InlineData("[zz]:/p", "expected an IPv6 address")]
    [InlineData("[::1:/p", "expected an IPv6 address")]
    [InlineData("2001:db8::7:/p", "expected a host name")]
    [InlineData("h:", "expected a path")]
    [InlineData("h:~other/x", "another user")]
    [InlineData("~other/x", "another user")]
    [InlineData("h:-x", "write ./-x")]
    [InlineData("h::module/x", "rsync daemon")]
    [InlineData("ssh://h/x", "only sftp://")]
    [InlineData("sftp://h", "expected a path")]
    [InlineData("sftp://h/", "expected a path")]
    [InlineData("sftp:///x", "expected a host name")]
    [InlineData("sftp://h:0/x", "1 to 65535")]
    [InlineData("sftp://h:/x", "1 to 65535")]
    [InlineData("sftp://h/~other/x", "another user")]
    [InlineData("sftp://h/%zz", "hexadecimal")]
    [InlineData("sftp://h/%00", "control characters")]
    [InlineData("sftp://h/%ff", "UTF-8")]
    [InlineData("sftp://h:1/x port=2", "one port")]
    [InlineData("h:/x port=65536", "1 to 65535")]
    [InlineData("h:/x port=+1", "1 to 65535")]
    [InlineData("h:/x port=", "expected a value")]
    [InlineData("h:/x port=1 port=2", "'port' once")]
    [InlineData("h:/x prot=1", "did you mean 'port'")]
    [InlineData("h:/x group=a,,b", "separated by one comma")]
    [InlineData("h:/x name=-x", "starts with no '-'")]
    [InlineData("h:/x name=", "expected a value")]
    [InlineData("h:/x identity=~other/k", "another user")]
    [InlineData("h:/a h:/b", "one worker a line")]
    [InlineData("h:/with blank", "one worker a line")]
    [InlineData("/mnt/x port=22", "no port")]
    [InlineData("/mnt/x identity=k", "no identity")]
    [InlineData("\"h:/x", "closing double quote")]
    [InlineData("h:/a\"b\"", "double quote only around")]
    [InlineData("\"h:/a\"b", "a blank behind")]
    [InlineData("h:/a\u001b[2J", "U+001B")]
    [InlineData("h:/a\0b", "U+0000")]
    [InlineData("h:/a\u202eb", "U+202E")]
    [InlineData("h:/a\rb", "U+000D")]
    public void A_line_that_is_no_worker_is_told_with_its_place(string line, string expected)
    {
        var error = Assert.Throws<DepSyncException>(() => Parse("# first\n" + line));
        Assert.Equal(ErrorKind.Config, error.Kind);
        Assert.StartsWith(List + ":2: ", error.Message, StringComparison.Ordinal);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void All_errors_are_told_at_once_in_the_order_of_the_lines()
    {
        var error = Assert.Throws<DepSyncException>(() => Parse("host\nh:/x prot=1 port=x\n\n-x:/y\nh:/ok name=a\nk:/ok name=a\nh:/ok\nh:/last name=b\nk:/last name=b bad=1"));
        Assert.Equal([1, 2, 2, 4, 6, 7, 9, 9], error.Message.Split('\n').Select(l => int.Parse(l[(List.Length + 1)..].Split(':')[0], System.Globalization.CultureInfo.InvariantCulture)));
    }

    [Theory]
    [InlineData("h:/x\nh:/x")]
    [InlineData("u@h:x\nu@H:~/x")]
    [InlineData("u@h:x\nu@h:./x/")]
    [InlineData("u@h:/a//b\nsftp://u@h:22/a/b/")]
    [InlineData("/mnt/a\n/mnt/b/../a")]
    [InlineData("./a\n/etc/depsync/a/")]
    public void The_same_target_twice_is_refused(string text) =>
        Assert.Contains("expected each target once", Assert.Throws<DepSyncException>(() => Parse(text)).Message, StringComparison.Ordinal);

    [Fact]
    public void The_same_path_on_another_port_or_host_is_another_target() =>
        Assert.Equal(4, Parse("u@h:x\nu@h:x port=23 name=b\nu@k:x\nu@h:/x").Count);

    [Theory]
    [InlineData("/mnt/a\n/mnt/a/b", 2)]
    [InlineData("/mnt/a/b/c\n/mnt/a", 1)]
    [InlineData("h:x name=1\nh:~/x/y name=2", 2)]
    [InlineData("u@h:/a name=1\nu@H:/a/b/c name=2", 2)]
    public void A_target_inside_another_one_is_refused(string text, int line)
    {
        var message = Assert.Throws<DepSyncException>(() => Parse(text)).Message;
        Assert.Contains($":{line}: expected targets beside each other", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/mnt/a\n/mnt/ab")]
    [InlineData("h:/a name=1\nk:/a/b name=2")]
    [InlineData("h:/a name=1\nh:/a/b name=2 port=2222")]
    public void Targets_beside_each_other_are_fine(string text) => Assert.Equal(2, Parse(text).Count);

    [Theory]
    [InlineData("h:/a\nk:/b", "h|k")]
    [InlineData("h:/a\nu@H:/b\nk:/b", "h:/a|u@H:/b|k")]
    [InlineData("h:/a name=one\nh:/b", "one|h:/b")]
    [InlineData("/mnt/a\n\"/mnt/a b\"", "/mnt/a|/mnt/a b")]
    [InlineData("sftp://[::1]:2/a", "::1")]
    public void A_name_defaults_to_the_host_or_the_target(string text, string names) =>
        Assert.Equal(names, string.Join('|', Parse(text).Select(w => w.Name)));

    [Fact]
    public void Options_are_read()
    {
        var worker = Assert.Single(Parse("wso2@n3:/opt name=\"node 3\" port=2222 group=canary,eu identity=~/.ssh/n3"));
        Assert.Equal(("node 3", 2222, true, "/home/me/.ssh/n3"), (worker.Name, worker.Port, worker.PortGiven, worker.Identity));
        Assert.Equal(["canary", "eu"], worker.Groups);
        Assert.Equal("/etc/depsync/keys/n3", Assert.Single(Parse("h:/x identity=keys/n3")).Identity);
    }

    [Fact]
    public void A_list_edited_on_windows_reads_the_same() =>
        Assert.Equal([2, 5], Parse("# list\r\nh:/x\r\n\r\n   # more\r\nk:/y # end\r\n").Select(w => w.Line));

    [Fact]
    public void A_byte_order_mark_is_skipped()
    {
        var file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, "h:/x\n", new UTF8Encoding(encoderShouldEmitUTF8Identifier: true));
            Assert.Equal("h", Assert.Single(WorkersFile.Read(file, Place)).Name);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("# nothing\n\n  # here\n")]
    public void A_list_without_workers_is_a_source_error(string text) =>
        Assert.Equal(ErrorKind.Source, Assert.Throws<DepSyncException>(() => Parse(text)).Kind);

    [Fact]
    public void A_missing_list_is_a_source_error() =>
        Assert.Equal(ErrorKind.Source, Assert.Throws<DepSyncException>(() => WorkersFile.Read("/nonexistent/list", Place)).Kind);

    [Fact]
    public void A_list_that_is_too_long_is_refused()
    {
        Assert.Equal(10_000, Parse(string.Join('\n', Enumerable.Range(1, 10_000).Select(i => $"h{i}:/x")) + "\n").Count);
        Assert.Contains("10,000 lines", Assert.Throws<DepSyncException>(() => Parse(new string('\n', 10_000) + "h:/x")).Message, StringComparison.Ordinal);
        Assert.Contains("1 MiB", Assert.Throws<DepSyncException>(() => Parse(new string('#', 1024 * 1024 + 1))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Bytes_that_are_not_utf8_are_told_with_their_line()
    {
        var error = Assert.Throws<DepSyncException>(() => WorkersFile.Parse([.. "h:/x\nk:/"u8, 0xff, .. "\n"u8], List, Place));
        Assert.Equal(List + ":2: expected UTF-8 text", error.Message);
    }

    private static IReadOnlyList<WorkerAddress> Parse(string text) => WorkersFile.Parse(Encoding.UTF8.GetBytes(text), List, Place);
}
