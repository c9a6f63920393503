using DepSync.Model;
using DepSync.Platform;
using DepSync.Tests.Support;
using DepSync.Workers;

namespace DepSync.Tests.Workers;

public sealed class SshIdentityTests : IDisposable
{
    private readonly KeyFolder _folder = new();

    private string Folder => Path.GetDirectoryName(_folder.File("x"))!;

    public void Dispose() => _folder.Dispose();

    [SshdTheory]
    [InlineData("600", true)]
    [InlineData("400", true)]
    [InlineData("640", false)]
    [InlineData("604", false)]
    [InlineData("610", false)]
    public void A_key_that_others_can_read_is_refused_with_the_chmod(string mode, bool usable)
    {
        _folder.Create("k");
        Command.Run("chmod", mode, _folder.File("k"));
        if (usable)
        {
            Assert.Single(new SshIdentity(Folder, null).Load(_folder.File("k")));
            return;
        }
        var lost = Assert.Throws<WorkerLostException>(() => new SshIdentity(Folder, null).Load(_folder.File("k")));
        Assert.Equal((ErrorKind.Login, $"chmod 600 {_folder.File("k")}"), (lost.Kind, lost.Hint));
    }

    [Fact]
    public void A_public_key_is_told_as_what_it_is_and_not_as_one_that_others_can_read()
    {
        var lost = Assert.Throws<WorkerLostException>(() => new SshIdentity(Folder, null).Load("/k/id_rsa.pub"));
        Assert.Contains("is a public key", lost.Message, StringComparison.Ordinal);
        Assert.EndsWith("/k/id_rsa", lost.Hint, StringComparison.Ordinal);
    }

    [SshdFact]
    public void An_encrypted_key_needs_the_passphrase_file_and_the_error_names_it()
    {
        _folder.Create("k", passphrase: "secret words");
        var lost = Assert.Throws<WorkerLostException>(() => new SshIdentity(Folder, null).Load(_folder.File("k")));
        Assert.Contains("DEPSYNC_PASSPHRASE_FILE", lost.Hint, StringComparison.Ordinal);
        File.WriteAllText(_folder.File("phrase"), "secret words\n");
        Assert.Throws<WorkerLostException>(() => new SshIdentity(Folder, _folder.File("phrase")).Load(_folder.File("k")));
        Command.Run("chmod", "600", _folder.File("phrase"));
        Assert.Single(new SshIdentity(Folder, _folder.File("phrase")).Load(_folder.File("k")));
        File.WriteAllText(_folder.File("phrase"), "other\n");
        Assert.Equal(ErrorKind.Login, Assert.Throws<WorkerLostException>(() => new SshIdentity(Folder, _folder.File("phrase")).Load(_folder.File("k"))).Kind);
    }

    [SshdFact]
    public void Without_a_configured_key_the_usual_ones_are_tried_and_encrypted_ones_passed_over()
    {
        Assert.Equal(ErrorKind.Login, Assert.Throws<WorkerLostException>(() => new SshIdentity(Folder, null).Load(null)).Kind);
        _folder.Create("id_ed25519", passphrase: "secret");
        Assert.Contains("encrypted", Assert.Throws<WorkerLostException>(() => new SshIdentity(Folder, null).Load(null)).Message, StringComparison.Ordinal);
        _folder.Create("id_rsa", "rsa");
        _folder.Create("id_ecdsa", "ecdsa");
        Assert.Equal(2, new SshIdentity(Folder, null).Load(null).Count);
    }

    [Fact]
    public void What_is_no_key_is_told_by_its_path()
    {
        File.WriteAllText(_folder.File("k"), "no key");
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(_folder.File("k"), UnixFileMode.UserRead);
        }
        foreach (var name in new[] { "k", "missing" })
        {
            Assert.Contains(_folder.File(name), Assert.Throws<WorkerLostException>(() => new SshIdentity(Folder, null).Load(_folder.File(name))).Message, StringComparison.Ordinal);
        }
    }

    /// <summary>Who runs, whose the key is, and the modes that are refused (R) or used (U): 600, 400, 640, 604, 660, 602, 601.</summary>
    [NeedsTheory]
    [InlineData(1000, 1000, "UURRRRR")]
    [InlineData(1000, 0, "UUUURRU")]
    [InlineData(1000, 4711, "RRRRRRR")]
    [InlineData(0, 0, "UURRRRR")]
    [InlineData(0, 1000, "UURRRRR")]
    public void A_key_is_used_by_its_owner_or_root_when_nobody_else_can_reach_it(int user, int owner, string outcomes)
    {
        string[] modes = ["600", "400", "640", "604", "660", "602", "601"];
        var actual = modes.Select(mode => SshIdentity.Exposed("key", Stat(owner, Convert.ToInt32(mode, 8)), user) is null ? 'U' : 'R');
        Assert.Equal(outcomes, string.Concat(actual));
    }

    private static UnixStat Stat(int owner, int mode) => new()
    {
        Kind = EntryKind.File,
        Mode = mode,
        Size = 1,
        ModifiedNs = 0,
        ChangedNs = 0,
        Device = 1,
        Inode = 1,
        Uid = owner,
        Gid = owner,
        LinkCount = 1,
    };
}
