using System.Security.Cryptography;
using System.Text;
using DepSync.Config;
using DepSync.Model;
using DepSync.Tests.Support;
using DepSync.Workers;

namespace DepSync.Tests.Workers;

/// <summary>Large staged files are hashed by a quicker program; whatever that one does, the answers are right or there are none.</summary>
public sealed class QuickHashTests : IDisposable
{
    private const string Usual = "xargs -0 sha256sum --";
    private const string Quick = "xargs -0 openssl dgst -sha256 -r";

    /// <summary>In place of openssl: a program that writes the same.</summary>
    private const string HasQuick = "case \"$1\" in *openssl*) exec xargs -0 sha256sum -b -- ;; esac; exec sh -c \"$1\"";

    private const long Large = ChecksumTool.QuickFrom;

    private readonly TempTree _tree = new();

    public QuickHashTests() =>
        _tree.Write(".depsync/owner.json", "this manager").Write(".depsync/run-7/owner", "this run").Write(".depsync/run-7/new/1", "first").Write(".depsync/run-7/new/2", "second").Write("live", "live");

    public void Dispose() => _tree.Dispose();

    public static TheoryData<string, bool, string, long> Cases => new()
    {
        { "/srv/as", true, ".depsync/run-7/new/1", Large },
        { "/srv/as", false, ".depsync/run-7/new/1", Large - 1 },
        { "/srv/with blanks (and) $signs~", true, ".depsync/run-7/new/1", Large },
        { "/srv/as", false, "webapps/shop.war", Large },
        { "/srv/as", false, ".depsync-not", Large },
        { "/srv/back\\slash", false, ".depsync/run-7/new/1", Large },
        { "/srv/new\nline", false, ".depsync/run-7/new/1", Large },
        { "/srv/tab\t", false, ".depsync/run-7/new/1", Large },
        { "/srv/\u007f", false, ".depsync/run-7/new/1", Large },
        { "/srv/ü", false, ".depsync/run-7/new/1", Large },
        { "/srv/as", false, ".depsync/run-7/new/back\\slash", Large },
        { "/srv/as", false, ".depsync/run-7/new/ü", Large },
    };

    [Theory, MemberData(nameof(Cases))]
    public void Is_asked_of_large_staged_files_whose_paths_every_version_writes_alike(string root, bool expected, string path, long size) =>
        Assert.Equal(expected, ChecksumTool.IsForQuick(Encoding.UTF8.GetBytes(root), [new SizedPath(RelativePath.Parse(path), size)]));

    [Fact]
    public void Is_asked_when_small_files_are_large_together_and_of_none_when_one_of_them_is_not_ours()
    {
        var half = new SizedPath(RelativePath.Parse(".depsync/run-7/new/1"), Large / 2);
        Assert.True(ChecksumTool.IsForQuick("/srv"u8, [half, half]));
        Assert.False(ChecksumTool.IsForQuick("/srv"u8, [half, half, new SizedPath(RelativePath.Parse("live"), 1)]));
    }

    [NeedsTheory("sshd", "xargs", "sha256sum", "openssl")]
    [InlineData("Builtin")]
    [InlineData("OpenSsh")]
    public async Task Openssl_says_what_sha256sum_says(string client)
    {
        using var server = ShellAccount.Start(ShellAccount.Honest);
        var run = Run(server, client);
        await using var worker = await run.ConnectAsync(server, _tree.Path);
        Assert.Equal([Of("first"), Of("second")], await worker.HashFilesAsync([Staged(1), Staged(2)], default));
        Assert.Equal([Of("first"), Of("second")], await worker.HashFilesAsync([Staged(1, 5), Staged(2, 6)], default));
        Assert.Equal([Quick, Usual], ShellAccount.Commands(server));
        Assert.Empty(run.Notes);
    }

    [SshdTheory]
    [InlineData("Builtin", "echo sh: openssl: not found >&2; exit 127", "exit status 127")]
    [InlineData("OpenSsh", "echo sh: openssl: not found >&2; exit 127", "exit status 127")]
    [InlineData("Builtin", "exit 0", "does not hash .depsync/owner.json")]
    [InlineData("Builtin", "echo Welcome; exec xargs -0 sha256sum -b --", "Welcome")]
    [InlineData("Builtin", "exec xargs -0 sha256sum --", "writes")]
    [InlineData("Builtin", "xargs -0 sha256sum -b -- | sed 's,\\([0-9a-f]*\\) \\*\\(.*\\),SHA256(\\2)= \\1,'", "SHA256(")]
    [InlineData("Builtin", "xargs -0 sha256sum -b -- | sed 's,^[0-9a-f]\\{8\\},00000000,'", "another file")]
    [InlineData("OpenSsh", "xargs -0 sha256sum -b -- | sed 's,^[0-9a-f]\\{8\\},00000000,'", "another file")]
    [InlineData("Builtin", "xargs -0 sha256sum -b -- | sed '$d'", "does not hash .depsync/run-7/new/1")]
    [InlineData("Builtin", "exec yes", "writes")]
    public async Task One_that_is_of_no_use_is_told_once_and_sha256sum_is_asked(string client, string openssl, string told)
    {
        using var server = ShellAccount.Start($"case \"$1\" in *openssl*) {openssl} ; exit ;; esac; exec sh -c \"$1\"");
        var run = Run(server, client);
        await using var worker = await run.ConnectAsync(server, _tree.Path);
        // What the usual program has proved says nothing for this one.
        Assert.NotNull(await worker.HashFilesAsync([new SizedPath(RelativePath.Parse("live"), 4)], default));
        Assert.Equal([Of("first")], await worker.HashFilesAsync([Staged(1)], default));
        Assert.Equal([Of("second")], await worker.HashFilesAsync([Staged(2)], default));
        Assert.Contains(told, Assert.Single(run.Notes), StringComparison.Ordinal);
        Assert.Contains("sha256sum is asked instead", Assert.Single(run.Notes), StringComparison.Ordinal);
        Assert.Equal([Usual, Quick, Usual, Usual], ShellAccount.Commands(server));
        Assert.True(await worker.FlushAllAsync(1, default));
        Assert.Null(worker.ShellRefusal);
    }

    [SshdFact]
    public async Task Its_word_proves_nothing_for_sha256sum()
    {
        using var server = ShellAccount.Start($"case \"$1\" in *sha256sum*) sh -c \"$1\" | sed 's,^[0-9a-f]\\{{8\\}},00000000,' ; exit ;; esac; {HasQuick}");
        var run = Run(server, "Builtin");
        await using var worker = await run.ConnectAsync(server, _tree.Path);
        Assert.Equal([Of("first")], await worker.HashFilesAsync([Staged(1)], default));
        Assert.Null(await worker.HashFilesAsync([new SizedPath(RelativePath.Parse("live"), 4)], default));
        // And a shell that was refused is not asked for anything.
        Assert.Null(await worker.HashFilesAsync([Staged(1)], default));
        Assert.Equal([Quick, Usual], ShellAccount.Commands(server));
    }

    [SshdFact]
    public async Task A_shell_that_is_of_no_use_is_refused_behind_it()
    {
        using var server = ShellAccount.Start("echo Welcome; exec sh -c \"$1\"");
        var run = Run(server, "Builtin");
        await using var worker = await run.ConnectAsync(server, _tree.Path);
        Assert.Null(await worker.HashFilesAsync([Staged(1)], default));
        Assert.Null(await worker.HashFilesAsync([Staged(1)], default));
        Assert.Equal([Quick, Usual], ShellAccount.Commands(server));
        Assert.Contains("Welcome", worker.ShellRefusal, StringComparison.Ordinal);
    }

    [SshdFact]
    public async Task Nothing_to_prove_it_by_is_not_held_against_it()
    {
        _tree.Delete(".depsync/owner.json"u8).Delete(".depsync/run-7/owner"u8);
        using var server = ShellAccount.Start(HasQuick);
        var run = Run(server, "Builtin");
        await using var worker = await run.ConnectAsync(server, _tree.Path);
        Assert.Null(await worker.HashFilesAsync([Staged(1)], default));
        _tree.Write(".depsync/run-7/owner", "this run");
        Assert.Equal([Of("first")], await worker.HashFilesAsync([Staged(1)], default));
        Assert.Equal([Quick, Usual, Quick], ShellAccount.Commands(server));
        Assert.Empty(run.Notes);
    }

    private static SshRun Run(SshdServer server, string client) => SshRun.For(SshRun.Settings(server, Enum.Parse<SshClientKind>(client)));

    /// <summary>Said to be so large, which is what is looked at.</summary>
    private static SizedPath Staged(int number, long size = Large) => new(RelativePath.Parse($".depsync/run-7/new/{number}"), size);

    private static Digest? Of(string content) => Digest.FromBytes(SHA256.HashData(Encoding.UTF8.GetBytes(content)));
}
