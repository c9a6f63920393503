using DepSync.Model;
using DepSync.Tests.Support;
using DepSync.Workers;

namespace DepSync.Tests.Workers;

public sealed class KnownHostsStoreTests : IDisposable
{
    private readonly KeyFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_first_addition_creates_folder_and_file_for_the_user_alone()
    {
        var key = _folder.Create("k");
        var store = new KnownHostsStore(_folder.File(".ssh/known_hosts"), null);
        store.Add("Node-1", 22, [key]);
        store.Add("node-1", 2222, [key]);
        Assert.Equal($"node-1 {key}\n[node-1]:2222 {key}\n", File.ReadAllText(store.UserFile));
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(store.UserFile));
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(_folder.File(".ssh")));
        }
    }

    [Fact]
    public void An_addition_does_not_join_a_line_without_end()
    {
        var key = _folder.Create("k");
        var store = new KnownHostsStore(_folder.File("known_hosts"), null);
        File.WriteAllText(store.UserFile, $"other {key}");
        store.Add("node-1", 22, [key]);
        Assert.Equal($"other {key}\nnode-1 {key}\n", File.ReadAllText(store.UserFile));
    }

    [Fact]
    public void A_replacement_keeps_comments_and_other_lines_byte_by_byte()
    {
        var (old, added) = (_folder.Create("old"), _folder.Create("new"));
        var store = new KnownHostsStore(_folder.File("known_hosts"), null);
        File.WriteAllText(store.UserFile, $"# mine\r\n\n  node-1,node-2   {old}  comment\nnode-1 {old}\n@revoked node-1 {old}\nnode-3 {old}");
        store.Replace("node-1", 22, [old], [added]);
        Assert.Equal($"# mine\r\n\n  node-2   {old}  comment\n@revoked node-1 {old}\nnode-3 {old}\nnode-1 {added}\n", File.ReadAllText(store.UserFile));
    }

    [SshdFact]
    public void A_replacement_finds_hashed_names()
    {
        var (old, added) = (_folder.Create("old"), _folder.Create("new"));
        var store = new KnownHostsStore(_folder.File("known_hosts"), null);
        File.WriteAllText(store.UserFile, $"node-1 {old}\nnode-2 {old}\n");
        Command.Run("ssh-keygen", "-H", "-f", store.UserFile);
        store.Replace("node-1", 22, [old], [added]);
        Assert.Equal([added], store.Read().Find("node-1", 22).Select(line => line.Key));
        Assert.Equal([old], store.Read().Find("node-2", 22).Select(line => line.Key));
    }

    [Fact]
    public void A_pattern_is_not_changed_for_one_host()
    {
        var old = _folder.Create("old");
        var store = new KnownHostsStore(_folder.File("known_hosts"), null);
        File.WriteAllText(store.UserFile, $"node-* {old}\n");
        var lost = Assert.Throws<WorkerLostException>(() => store.Replace("node-1", 22, [old], []));
        Assert.Contains("known_hosts:1", lost.Message, StringComparison.Ordinal);
        Assert.Equal($"node-* {old}\n", File.ReadAllText(store.UserFile));
    }

    [Fact]
    public void A_file_that_cannot_be_read_is_a_failure_and_not_an_empty_file()
    {
        Directory.CreateDirectory(_folder.File("known_hosts"));
        var lost = Assert.Throws<WorkerLostException>(() => new KnownHostsStore(_folder.File("known_hosts"), null).Read());
        Assert.Equal(ErrorKind.HostKey, lost.Kind);
    }

    [Fact]
    public void Both_files_count()
    {
        var (mine, machine) = (_folder.Create("mine"), _folder.Create("machine"));
        File.WriteAllText(_folder.File("user"), $"node-1 {mine}\n");
        File.WriteAllText(_folder.File("global"), $"node-1 {machine}\n");
        Assert.Equal([mine, machine], new KnownHostsStore(_folder.File("user"), _folder.File("global")).Read().Find("node-1", 22).Select(line => line.Key));
    }
}
