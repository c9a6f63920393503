using System.Security.Cryptography;
using System.Text;
using DepSync.Config;
using DepSync.Model;
using DepSync.Tests.Support;
using DepSync.Workers;

namespace DepSync.Tests.Workers;

public sealed class WorkerShellTests : IDisposable
{
    private const string HashCommand = "xargs -0 sha256sum --";
    private const string FlushCommand = "xargs -0 sync -f --";

    private readonly TempTree _tree = new();

    /// <summary>Each name with its content, so that no two have the same hash.</summary>
    private static readonly byte[][] Names =
    [
        "plain"u8.ToArray(), "with blanks  in it"u8.ToArray(), "-n"u8.ToArray(), "--"u8.ToArray(), "new\nline"u8.ToArray(), "back\\slash"u8.ToArray(), "back\\nslash\nand both"u8.ToArray(),
        "carriage\rreturn"u8.ToArray(), "quo'te\"s"u8.ToArray(), "$(touch x) `y` ; *"u8.ToArray(), [0x66, 0xff, 0xfe], "folder/below"u8.ToArray(), "folder/ end "u8.ToArray(),
    ];

    public void Dispose() => _tree.Dispose();

    [SshdTheory]
    [InlineData("Builtin")]
    [InlineData("OpenSsh")]
    public async Task Files_of_any_name_are_hashed_where_they_lie(string client)
    {
        using var server = SshdServer.Start();
        var files = WriteAll();
        var run = Run(server, client);
        await using var worker = await run.ConnectAsync(server, _tree.Path);
        Assert.Equal(files.Select(file => (Digest?)Of(file.Path.Bytes)).ToList(), await worker.HashFilesAsync(files, default));
        Assert.Empty(run.Notes);
    }

    [SshdTheory]
    [InlineData("Builtin")]
    [InlineData("OpenSsh")]
    public async Task A_file_that_is_absent_has_no_hash_and_the_others_have_theirs(string client)
    {
        using var server = SshdServer.Start();
        _tree.Write("a", "a").Write("c", "c");
        await using var worker = await Run(server, client).ConnectAsync(server, _tree.Path);
        Assert.Equal([Of("a"u8), null, Of("c"u8)], await worker.HashFilesAsync([File("a"), File("b"), File("c")], default));
    }

    [SshdTheory]
    [InlineData("Builtin")]
    [InlineData("OpenSsh")]
    public async Task More_files_than_one_command_takes_are_hashed_by_several(string client)
    {
        using var server = ShellAccount.Start(ShellAccount.Honest);
        _tree.Write("a", "a");
        await using var worker = await Run(server, client).ConnectAsync(server, _tree.Path);
        var digests = await worker.HashFilesAsync([.. Enumerable.Repeat(File("a"), 20_000)], default);
        Assert.Equal(Enumerable.Repeat<Digest?>(Of("a"u8), 20_000), digests);
        Assert.Equal([HashCommand, HashCommand, HashCommand], ShellAccount.Commands(server));
    }

    [SshdTheory]
    [InlineData("Builtin")]
    [InlineData("OpenSsh")]
    public async Task Nothing_is_run_before_it_is_needed_nor_with_exec_never(string client)
    {
        using var server = ShellAccount.Start(ShellAccount.Honest);
        _tree.Write("a", "a");
        await using (var worker = await Run(server, client).ConnectAsync(server, _tree.Path))
        {
            await worker.ListAsync(RelativePath.Root, default);
            Assert.Empty(ShellAccount.Commands(server));
            Assert.NotNull(await worker.HashFilesAsync([File("a")], default));
            Assert.Single(ShellAccount.Commands(server));
        }
        var never = SshRun.For(SshRun.Settings(server, Enum.Parse<SshClientKind>(client)) with { Exec = false });
        await using var without = await never.ConnectAsync(server, _tree.Path);
        Assert.Null(await without.HashFilesAsync([File("a")], default));
        Assert.Single(ShellAccount.Commands(server));
        Assert.Empty(never.Notes);
    }

    [SshdTheory]
    [InlineData("Builtin", "echo Welcome; exec sh -c \"$1\"", "Welcome")]
    [InlineData("OpenSsh", "echo Welcome; exec sh -c \"$1\"", "Welcome")]
    [InlineData("Builtin", "sh -c \"$1\"; echo Goodbye", "Goodbye")]
    [InlineData("Builtin", "PATH=/nowhere exec /bin/sh -c \"$1\"", "exit status 127")]
    [InlineData("OpenSsh", "PATH=/nowhere exec /bin/sh -c \"$1\"", "exit status 127")]
    [InlineData("Builtin", "sha256sum() { echo no such tool >&2; return 127; }; exit 3", "exit status 3")]
    [InlineData("Builtin", "echo This account runs no commands. >&2; exit 1", "This account runs no commands.")]
    [InlineData("OpenSsh", "echo This account runs no commands. >&2; exit 1", "This account runs no commands.")]
    [InlineData("Builtin", "exit 0", "does not hash a")]
    [InlineData("Builtin", "exec yes", "writes")]
    [InlineData("OpenSsh", "exec yes", "writes")]
    [InlineData("Builtin", "sh -c \"$1\" | sed 's,^[0-9a-f]\\{8\\},00000000,'", "another file")]
    public async Task A_shell_that_is_of_no_use_is_told_once_and_not_asked_again(string client, string body, string told)
    {
        using var server = ShellAccount.Start(body);
        _tree.Write("a", "a");
        var run = Run(server, client);
        await using var worker = await run.ConnectAsync(server, _tree.Path);
        Assert.Null(await worker.HashFilesAsync([File("a")], default));
        Assert.Null(await worker.HashFilesAsync([File("a")], default));
        Assert.Contains(told, Assert.Single(run.Notes), StringComparison.Ordinal);
        Assert.Single(ShellAccount.Commands(server));
        Assert.NotNull(await worker.ListAsync(RelativePath.Root, default));
    }

    [SshdTheory]
    [InlineData("Builtin")]
    [InlineData("OpenSsh")]
    public async Task A_shell_that_sees_other_files_than_SFTP_is_not_believed(string client)
    {
        using var other = new TempTree();
        other.Write("a", "an older version");
        _tree.Write("a", "a");
        // As behind a chroot: the same paths, another tree.
        using var server = ShellAccount.Start($"sed -z 's|^{_tree.Path}|{other.Path}|' | sh -c \"$1\" | sed 's|  {other.Path}|  {_tree.Path}|'");
        var run = Run(server, client);
        await using var worker = await run.ConnectAsync(server, _tree.Path);
        Assert.Null(await worker.HashFilesAsync([File("a")], default));
        Assert.Contains("another file", Assert.Single(run.Notes), StringComparison.Ordinal);
    }

    [SshdFact]
    public async Task A_tree_whose_small_files_are_all_the_same_elsewhere_is_told_by_the_record_of_the_owner()
    {
        using var other = new TempTree();
        foreach (var tree in new[] { _tree, other })
        {
            tree.Write("a", "a").Write(".depsync/owner.json", tree.Path);
        }
        using var server = ShellAccount.Start($"sed -z 's|^{_tree.Path}|{other.Path}|' | sh -c \"$1\" | sed 's|  {other.Path}|  {_tree.Path}|'");
        await using var worker = await Run(server, "Builtin").ConnectAsync(server, _tree.Path);
        Assert.Null(await worker.HashFilesAsync([File("a")], default));
    }

    [SshdFact]
    public async Task Files_too_large_to_be_read_back_are_proved_by_the_record_of_the_run_beside_them()
    {
        using var server = ShellAccount.Start(ShellAccount.Honest);
        _tree.Write(".depsync/run-7/new/1", "staged").Write("a", "a");
        var large = new SizedPath(RelativePath.Parse(".depsync/run-7/new/1"), 1L << 30);
        var run = Run(server, "Builtin");
        await using var worker = await run.ConnectAsync(server, _tree.Path);
        Assert.Null(await worker.HashFilesAsync([large], default));
        _tree.Write(".depsync/run-7/owner", "this run");
        Assert.Equal([Of("staged"u8)], await worker.HashFilesAsync([large], default));
        Assert.Empty(run.Notes);
    }

    [SshdTheory]
    [InlineData("Builtin")]
    [InlineData("OpenSsh")]
    public async Task An_account_for_sftp_alone_is_read_back(string client)
    {
        using var server = SshdServer.Start(new SshdOptions { Lines = ["ForceCommand internal-sftp"] });
        _tree.Write("a", "a");
        var run = Run(server, client);
        await using var worker = await run.ConnectAsync(server, _tree.Path);
        Assert.Null(await worker.HashFilesAsync([File("a")], default));
        Assert.Contains("sftp", Assert.Single(run.Notes), StringComparison.Ordinal);
    }

    [SshdFact]
    public async Task A_server_that_allows_one_session_on_a_connection_is_read_back()
    {
        using var server = SshdServer.Start(new SshdOptions { Lines = ["MaxSessions 1"] });
        _tree.Write("a", "a");
        var run = Run(server, "Builtin");
        await using var worker = await run.ConnectAsync(server, _tree.Path);
        Assert.Null(await worker.HashFilesAsync([File("a")], default));
        Assert.Contains("channel", Assert.Single(run.Notes), StringComparison.Ordinal);
        Assert.NotNull(await worker.ListAsync(RelativePath.Root, default));
    }

    [SshdTheory]
    [InlineData("Builtin")]
    [InlineData("OpenSsh")]
    public async Task Cancelling_ends_the_wait_for_a_command_and_the_connection_goes_on(string client)
    {
        using var server = ShellAccount.Start("exec sleep 1000");
        _tree.Write("a", "a");
        await using var worker = await Run(server, client).ConnectAsync(server, _tree.Path);
        using var cancel = new CancellationTokenSource();
        var hashing = worker.HashFilesAsync([File("a")], cancel.Token).AsTask();
        await Until.TrueAsync(() => ShellAccount.Commands(server).Count == 1, "the command");
        await cancel.CancelAsync();
        // Far below the patience for a command, with which it would end by itself.
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => hashing.WaitAsync(TimeSpan.FromSeconds(20)));
        Assert.NotNull(await worker.ListAsync(RelativePath.Root, default));
    }

    [SshdFact]
    public async Task A_connection_that_ends_during_a_command_is_lost_and_not_read_back()
    {
        using var server = ShellAccount.Start("exec sleep 1000");
        _tree.Write("a", "a");
        await using var worker = await Run(server, "Builtin").ConnectAsync(server, _tree.Path);
        var hashing = worker.HashFilesAsync([File("a")], default).AsTask();
        await Until.TrueAsync(() => ShellAccount.Commands(server).Count == 1, "the command");
        server.Stop();
        Assert.Null(await hashing.WaitAsync(TimeSpan.FromMinutes(1)));
        await Assert.ThrowsAsync<WorkerLostException>(() => worker.ListAsync(RelativePath.Root, default).AsTask());
    }

    [SshdTheory]
    [InlineData("Builtin")]
    [InlineData("OpenSsh")]
    public async Task A_filesystem_is_flushed_at_once_after_a_hash_has_shown_that_it_is_the_same(string client)
    {
        using var server = ShellAccount.Start(ShellAccount.Honest);
        _tree.Write("a", "a");
        await using var worker = await Run(server, client).ConnectAsync(server, _tree.Path);
        Assert.False(await worker.FlushAllAsync(1, default));
        Assert.NotNull(await worker.HashFilesAsync([File("a")], default));
        Assert.True(await worker.FlushAllAsync(1, default));
        Assert.Equal([HashCommand, FlushCommand], ShellAccount.Commands(server));
    }

    [SshdTheory]
    [InlineData("case \"$1\" in *sync*) echo sync: no >&2; exit 1 ;; esac; exec sh -c \"$1\"", "exit status 1")]
    [InlineData("case \"$1\" in *sync*) echo done; exit 0 ;; esac; exec sh -c \"$1\"", "more than it was asked for")]
    [InlineData("case \"$1\" in *sync*) kill -9 $$ ;; esac; exec sh -c \"$1\"", "sync failed")]
    public async Task A_flush_that_does_not_end_well_is_told_once_and_not_tried_again(string body, string told)
    {
        using var server = ShellAccount.Start(body);
        _tree.Write("a", "a");
        var run = Run(server, "Builtin");
        await using var worker = await run.ConnectAsync(server, _tree.Path);
        Assert.NotNull(await worker.HashFilesAsync([File("a")], default));
        Assert.False(await worker.FlushAllAsync(1, default));
        Assert.False(await worker.FlushAllAsync(1, default));
        Assert.Contains(told, Assert.Single(run.Notes), StringComparison.Ordinal);
        Assert.Equal(2, ShellAccount.Commands(server).Count);
        Assert.NotNull(await worker.HashFilesAsync([File("a")], default));
    }

    private static SshRun Run(SshdServer server, string client) => SshRun.For(SshRun.Settings(server, Enum.Parse<SshClientKind>(client)));

    private static SizedPath File(string path) => new(RelativePath.Parse(path), 1);

    private static Digest Of(ReadOnlySpan<byte> content) => Digest.FromBytes(SHA256.HashData(content));

    private List<SizedPath> WriteAll()
    {
        var files = new List<SizedPath>();
        foreach (var name in Names)
        {
            _tree.Write(name, name);
            Assert.True(RelativePath.TryParse(name, out var path), Encoding.Latin1.GetString(name));
            files.Add(new SizedPath(path, name.Length));
        }
        return files;
    }
}
