using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using DepSync.Model;
using Microsoft.Win32.SafeHandles;

namespace DepSync.Platform;

/// <summary>What a run asks the lock for.</summary>
internal sealed record RunLockRequest
{
    /// <summary>Where the lock file lies; created when missing.</summary>
    public required string StateDir { get; init; }

    /// <summary>The manager directory's real path: one lock for each.</summary>
    public required string ManagerDir { get; init; }

    /// <summary>The id of this run, for the message that others get.</summary>
    public required string Run { get; init; }

    /// <summary>How long to wait for another run; zero tries once.</summary>
    public TimeSpan Wait { get; init; }

    /// <summary>Takes the system's lock on the open file; false when somebody else has it.</summary>
    public Func<SafeFileHandle, bool> TryLock { get; init; } = UnixFile.TryLock;
}

/// <summary>
/// The right to push one manager directory from this machine. The operating system drops it with the process, however that ends; the lock file stays and is never deleted.
/// Disposing gives it back and may run twice.
/// </summary>
internal sealed class RunLock : IDisposable
{
    /// <summary>Short enough for a cron line that waits, long enough to cost nothing.</summary>
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(200);

    private readonly SafeFileHandle _file;

    private RunLock(SafeFileHandle file) => _file = file;

    /// <summary>The lock file's path.</summary>
    public static string PathOf(string stateDir, string managerDir) =>
        Path.Combine(stateDir, "lock-" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(managerDir)))[..16]);

    /// <summary>Takes the lock, and waits for it no longer than asked.</summary>
    /// <exception cref="DepSyncException">
    /// LockHeld: another run has it; the message names it. LocalFiles: the lock file cannot be used, or the filesystem has no locks.
    /// </exception>
    public static async Task<RunLock> AcquireAsync(RunLockRequest request, TimeProvider time, CancellationToken cancellationToken)
    {
        var path = PathOf(PrivateFolder.Prepare(request.StateDir), request.ManagerDir);
        var started = time.GetTimestamp();
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (TryTake(path, request.TryLock, out var holder) is { } file)
            {
                var taken = new RunLock(file);
                taken.Sign(path, RunLockHolder.Current(request.Run, time.GetUtcNow()));
                return taken;
            }
            var left = request.Wait - time.GetElapsedTime(started);
            if (left <= TimeSpan.Zero)
            {
                var waited = request.Wait > TimeSpan.Zero ? $" (waited {request.Wait.TotalSeconds.ToString("0.#", CultureInfo.InvariantCulture)} s)" : "";
                throw new DepSyncException(ErrorKind.LockHeld, $"another run works on {request.ManagerDir}: {holder}{waited}", "let it finish, or wait for it with --lock-wait");
            }
            await Task.Delay(left < PollInterval ? left : PollInterval, time, cancellationToken);
        }
    }

    /// <summary>Gives the lock back; the text is emptied, so that nobody is named who is gone.</summary>
    public void Dispose()
    {
        if (_file.IsClosed)
        {
            return;
        }
        try
        {
            RandomAccess.SetLength(_file, 0);
        }
        catch (IOException)
        {
            // The text is for messages only.
        }
        _file.Dispose();
    }

    private static SafeFileHandle? TryTake(string path, Func<SafeFileHandle, bool> tryLock, out RunLockHolder holder)
    {
        holder = RunLockHolder.Unknown;
        try
        {
            return OperatingSystem.IsWindows() ? TakeWindows(path, ref holder) : TakeUnix(path, tryLock, ref holder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            var hint = e switch
            {
                UnixException { Errno: var errno } when errno == UnixError.Loop => "it is a link; remove it, after a look at who made it",
                UnixException unix when unix.Errno == UnixError.NoLocks || unix.Errno == UnixError.NoCall || unix.IsUnsupported =>
                    "the filesystem of the state folder has no locks; choose a folder on a local disk with --state-dir",
                _ => "check the state folder, or choose another one with --state-dir",
            };
            throw new DepSyncException(ErrorKind.LocalFiles, $"the lock file {path} cannot be used: {e.Message}", hint, e);
        }
    }

    // Not by FileStream: that follows a planted link, and its lock can be turned off by the environment.
    private static SafeFileHandle? TakeUnix(string path, Func<SafeFileHandle, bool> tryLock, ref RunLockHolder holder)
    {
        while (true)
        {
            using var folder = UnixDirectory.Open(Path.GetDirectoryName(path)!) ?? throw new UnixException(UnixError.NoEntry, "open the state folder");
            var file = folder.OpenOrCreateFile(Encoding.ASCII.GetBytes(Path.GetFileName(path)), 0x180);
            try
            {
                RefuseForeign(path, UnixFile.Stat(file));
                if (!tryLock(file))
                {
                    holder = RunLockHolder.Read(file);
                    file.Dispose();
                    return null;
                }
            }
            catch
            {
                file.Dispose();
                throw;
            }
            // Somebody removed the file between the open and the lock: ours is one that nobody else will find.
            if (UnixFile.Stat(file).LinkCount > 0)
            {
                return file;
            }
            file.Dispose();
        }
    }

    private static void RefuseForeign(string path, UnixStat stat)
    {
        var objection =
            stat.Kind != EntryKind.File ? "it is no regular file"
            : stat.Uid != (int)CLibrary.GetEUid() ? $"it belongs to another user (uid {stat.Uid})"
            : stat.LinkCount > 1 ? "it has a second name"
            : null;
        if (objection is not null)
        {
            throw new DepSyncException(ErrorKind.LocalFiles, $"the lock file {path} is not used: {objection}", "remove it, after a look at who made it");
        }
    }

    private static SafeFileHandle? TakeWindows(string path, ref RunLockHolder holder)
    {
        const int SharingViolation = unchecked((int)0x80070020);
        try
        {
            // Others may read, so that they can tell who holds it.
            return File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read);
        }
        catch (IOException e) when (e.HResult == SharingViolation)
        {
            try
            {
                using var reader = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
                holder = RunLockHolder.Read(reader);
            }
            catch (IOException)
            {
                // It ended meanwhile; the next try will see.
            }
            return null;
        }
    }

    private void Sign(string path, RunLockHolder holder)
    {
        try
        {
            RandomAccess.SetLength(_file, 0);
            RandomAccess.Write(_file, holder.ToBytes(), 0);
        }
        catch (IOException e)
        {
            _file.Dispose();
            throw new DepSyncException(ErrorKind.LocalFiles, $"the lock file {path} cannot be written: {e.Message}", "check the free space of the state folder", e);
        }
    }
}
