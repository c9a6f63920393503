using DepSync.Model;
using DepSync.Platform;
using DepSync.Tests.Support;

namespace DepSync.Tests.Platform;

public sealed class RunLockTests : IDisposable
{
    private readonly TempTree _temp = new();

    public void Dispose() => _temp.Dispose();

    [Fact]
    public async Task A_second_run_is_told_who_holds_the_lock()
    {
        using var first = await Acquire("run-1");
        var error = await Assert.ThrowsAsync<DepSyncException>(() => Acquire("run-2"));
        Assert.Equal(ErrorKind.LockHeld, error.Kind);
        Assert.Matches($"pid {Environment.ProcessId} on {Environment.MachineName}, run run-1, since 20..-..-..T..:..:..Z", error.Message);
        Assert.Contains("--lock-wait", error.Hint, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_lock_is_free_again_after_the_dispose_and_its_file_stays()
    {
        var first = await Acquire("run-1");
        first.Dispose();
        first.Dispose();
        Assert.Equal("", File.ReadAllText(LockFile));
        using var second = await Acquire("run-2");
        Assert.True(File.Exists(LockFile));
    }

    [Fact]
    public async Task Another_manager_directory_has_a_lock_of_its_own()
    {
        using var first = await Acquire("run-1");
        using var other = await RunLock.AcquireAsync(Request("run-2") with { ManagerDir = "/srv/other" }, TimeProvider.System, CancellationToken.None);
        Assert.Equal(2, Directory.GetFiles(_temp.Path, "lock-*").Length);
    }

    [Fact]
    public async Task A_run_that_waits_gets_the_lock_when_it_is_given_back()
    {
        var first = await Acquire("run-1");
        var waiting = RunLock.AcquireAsync(Request("run-2") with { Wait = TimeSpan.FromMinutes(1) }, TimeProvider.System, CancellationToken.None);
        Assert.False(waiting.IsCompleted);
        first.Dispose();
        using var second = await waiting;
        Assert.Contains("run run-2", ReadShared(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Waiting_ends_with_the_time_or_with_the_token()
    {
        using var first = await Acquire("run-1");
        var error = await Assert.ThrowsAsync<DepSyncException>(() =>
            RunLock.AcquireAsync(Request("run-2") with { Wait = TimeSpan.FromMilliseconds(300) }, TimeProvider.System, CancellationToken.None));
        Assert.Equal(ErrorKind.LockHeld, error.Kind);
        Assert.Contains("(waited 0.3 s)", error.Message, StringComparison.Ordinal);

        using var stop = new CancellationTokenSource();
        var waiting = RunLock.AcquireAsync(Request("run-3") with { Wait = TimeSpan.FromMinutes(1) }, TimeProvider.System, stop.Token);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
    }

    [Fact]
    public async Task Of_many_at_once_exactly_one_gets_it()
    {
        using var gate = new Barrier(8);
        var tries = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => Task.Factory.StartNew(
            async () =>
            {
                gate.SignalAndWait();
                try
                {
                    return await Acquire($"run-{i}");
                }
                catch (DepSyncException e) when (e.Kind == ErrorKind.LockHeld)
                {
                    return null;
                }
            },
            TaskCreationOptions.LongRunning).Unwrap()));
        Assert.Single(tries, t => t is not null);
        tries.Single(t => t is not null)!.Dispose();
    }

    [NeedsFact("flock")]
    public async Task Another_process_cannot_take_it_and_what_it_holds_cannot_be_taken()
    {
        using (await Acquire("run-1"))
        {
            Assert.Equal(1, Command.Try("flock", "-n", LockFile, "true").ExitCode);
        }
        Assert.Equal(0, Command.Try("flock", "-n", LockFile, "true").ExitCode);

        using var holder = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo("flock", [LockFile, "sh", "-c", "echo held; cat"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
        Assert.Equal("held", await holder.StandardOutput.ReadLineAsync());
        var error = await Assert.ThrowsAsync<DepSyncException>(() => Acquire("run-2"));
        Assert.Equal(ErrorKind.LockHeld, error.Kind);
        Assert.Contains("it has not written who it is", error.Message, StringComparison.Ordinal);
        holder.StandardInput.Close();
        await holder.WaitForExitAsync();
        using var again = await Acquire("run-3");
    }

    [NeedsTheory]
    [InlineData("link")]
    [InlineData("dangling link")]
    [InlineData("fifo")]
    [InlineData("folder")]
    [InlineData("second name")]
    public async Task What_was_planted_at_the_path_is_refused_and_left_alone(string planted)
    {
        var path = System.Text.Encoding.UTF8.GetBytes(Path.GetFileName(LockFile));
        _temp.Write("victim", "untouched");
        switch (planted)
        {
            case "link":
                _temp.MakeSymlink(path, "victim"u8);
                break;
            case "dangling link":
                _temp.MakeSymlink(path, "created"u8);
                break;
            case "fifo":
                Libc.MakeFifo(_temp.Absolute(path));
                break;
            case "folder":
                _temp.MakeDirectory(path);
                break;
            default:
                Command.Run("ln", Path.Combine(_temp.Path, "victim"), LockFile);
                break;
        }
        var error = await Assert.ThrowsAsync<DepSyncException>(() => Acquire("run-1"));
        Assert.Equal(ErrorKind.LocalFiles, error.Kind);
        Assert.Contains(LockFile, error.Message, StringComparison.Ordinal);
        Assert.Equal("untouched", _temp.Read("victim"));
        Assert.False(_temp.Exists("created"u8));
    }

    [NeedsTheory]
    [InlineData("ENOLCK")]
    [InlineData("ENOTSUP")]
    [InlineData("ENOSYS")]
    public async Task A_filesystem_without_locks_is_told_as_that_and_never_taken_for_locked(string error)
    {
        var errno = error switch { "ENOLCK" => UnixError.NoLocks, "ENOTSUP" => UnixError.NotSupported, _ => UnixError.NoCall };
        var request = Request("run-1") with { TryLock = _ => throw new UnixException(errno, "lock"), Wait = TimeSpan.FromMinutes(1) };
        var refused = await Assert.ThrowsAsync<DepSyncException>(() => RunLock.AcquireAsync(request, TimeProvider.System, CancellationToken.None));
        Assert.Equal(ErrorKind.LocalFiles, refused.Kind);
        Assert.Equal(11, DepSync.Cli.ExitCodes.ForError(refused.Kind));
        Assert.StartsWith($"the lock file {LockFile} cannot be used: cannot lock: ", refused.Message, StringComparison.Ordinal);
        Assert.Equal("the filesystem of the state folder has no locks; choose a folder on a local disk with --state-dir", refused.Hint);
        using var lockable = await Acquire("run-2");
    }

    [NeedsFact(Requirement.Root)]
    public async Task A_lock_file_of_another_user_is_refused()
    {
        _temp.Write(Path.GetFileName(LockFile), "");
        Libc.ChangeOwner([.. System.Text.Encoding.UTF8.GetBytes(LockFile), 0], 4711, 4711);
        var error = await Assert.ThrowsAsync<DepSyncException>(() => Acquire("run-1"));
        Assert.Contains("it belongs to another user (uid 4711)", error.Message, StringComparison.Ordinal);
    }

    [NeedsFact]
    public async Task The_lock_file_is_closed_to_others_and_is_not_inherited()
    {
        using var held = await Acquire("run-1");
        using var folder = UnixDirectory.Open(_temp.Path)!;
        Assert.Equal(0x180, folder.Find(System.Text.Encoding.UTF8.GetBytes(Path.GetFileName(LockFile)))!.Value.Mode);
        if (OperatingSystem.IsLinux())
        {
            Assert.DoesNotContain(Path.GetFileName(LockFile), Command.Run("sh", "-c", "ls -l /proc/$$/fd"), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("", "it has not written who it is")]
    [InlineData("\0\u00ff garbage", "it has not written who it is")]
    [InlineData("pid 7\nhost h\nrun r\nstart s\n", "pid 7 on h, run r, since s")]
    [InlineData("pid 7\n", "pid 7 on ?, run ?, since ?")]
    public void The_holder_is_told_as_far_as_it_is_known(string text, string told) => Assert.Equal(told, RunLockHolder.Parse(text).ToString());

    private string LockFile => RunLock.PathOf(_temp.Path, "/srv/deployment");

    private RunLockRequest Request(string run) => new() { StateDir = _temp.Path, ManagerDir = "/srv/deployment", Run = run };

    private Task<RunLock> Acquire(string run) => RunLock.AcquireAsync(Request(run), TimeProvider.System, CancellationToken.None);

    private string ReadShared()
    {
        if (!OperatingSystem.IsWindows())
        {
            // A reader of .NET would take a lock itself.
            return Command.Run("cat", LockFile);
        }
        using var reader = new StreamReader(new FileStream(LockFile, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        return reader.ReadToEnd();
    }
}
