using System.Text;
using DepSync.Model;
using DepSync.Platform;

namespace DepSync.Workers;

/// <summary>
/// The known_hosts files of this user and this machine. Reading one that is absent gives no lines; one that cannot be read is a failure, never "no lines". Written is
/// only the user's, in OpenSSH's format. Safe for concurrent use: the lock orders the writers of this process, and each addition is one append.
/// </summary>
internal sealed class KnownHostsStore(string userFile, string? machineFile)
{
    /// <summary>A file beyond this is none that people or OpenSSH wrote.</summary>
    private const int MaxBytes = 16 << 20;

    private const UnixFileMode PrivateFile = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly Lock _writing = new();

    public string UserFile { get; } = userFile;

    /// <summary>The files of the configuration: the given user file or <c>~/.ssh/known_hosts</c>, and the machine's.</summary>
    public static KnownHostsStore Open(string? userFile) =>
        new(userFile ?? Path.Combine(SshFolder, "known_hosts"), OperatingSystem.IsWindows()
            ? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.CommonApplicationData), "ssh", "ssh_known_hosts")
            : "/etc/ssh/ssh_known_hosts");

    /// <summary><c>~/.ssh</c> of the user who runs.</summary>
    public static string SshFolder => Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".ssh");

    /// <exception cref="WorkerLostException">A file cannot be read.</exception>
    public KnownHosts Read() => machineFile is null ? Read(UserFile) : Read(UserFile).And(Read(machineFile));

    /// <summary>Adds lines for a host, creating file (0600) and folder (0700) where missing. A key that is there already is not added again.</summary>
    /// <exception cref="WorkerLostException">The file cannot be written.</exception>
    public void Add(string host, int port, IEnumerable<HostKey> keys)
    {
        lock (_writing)
        {
            var present = Read(UserFile).Find(host, port).Where(line => line.Mark == KnownHostMark.None).Select(line => line.Key).ToHashSet();
            var lines = string.Concat(keys.Where(key => !present.Contains(key)).Select(key => $"{KnownHosts.HostName(host, port)} {key}\n"));
            if (lines.Length == 0)
            {
                return;
            }
            Guarded("written", () =>
            {
                CreateFolder();
                using var file = Create(UserFile, FileMode.Append);
                var text = Encoding.UTF8.GetBytes(EndsInsideLine(UserFile) ? "\n" + lines : lines);
                file.Write(text);
            });
        }
    }

    /// <summary>
    /// Takes the host's own keys that <paramref name="removed"/> names out of the user's file, and adds others, in one replacement of the file. Comments and all other
    /// lines stay byte by byte. A line for several hosts loses only this one's name.
    /// </summary>
    /// <exception cref="WorkerLostException">The file cannot be written, or a line speaks of the host by a pattern, or a machine-wide one does: the message names it.</exception>
    public void Replace(string host, int port, IReadOnlyCollection<HostKey> removed, IEnumerable<HostKey> added)
    {
        lock (_writing)
        {
            Guarded("written", () =>
            {
                CreateFolder();
                var target = File.ResolveLinkTarget(UserFile, returnFinalTarget: true)?.FullName ?? UserFile;
                var text = File.Exists(target) ? File.ReadAllText(target, Encoding.Latin1) : "";
                var result = KnownHostsEdit.Replace(UserFile, text, KnownHosts.HostName(host, port), removed, [.. added]);
                var temporary = $"{target}.{Environment.ProcessId}.depsync";
                using (var file = Create(temporary, FileMode.Create))
                {
                    file.Write(Encoding.Latin1.GetBytes(result));
                    file.Flush(flushToDisk: true);
                }
                File.Move(temporary, target, overwrite: true);
            });
        }
    }

    private static KnownHosts Read(string path)
    {
        try
        {
            using var file = new FileStream(path, new FileStreamOptions { Share = FileShare.ReadWrite | FileShare.Delete });
            if (WriteAccess.Objection(path, file.SafeFileHandle) is { } objection)
            {
                throw new WorkerLostException(ErrorKind.HostKey, $"{path} is not used, because {objection}: somebody else could make any host a known one.", "chmod go-w it, or its folder, or name another file with --known-hosts.");
            }
            if (file.Length > MaxBytes)
            {
                throw new IOException($"it is larger than {MaxBytes >> 20} MiB");
            }
            using var reader = new StreamReader(file, Encoding.UTF8);
            return KnownHosts.Parse(path, reader.ReadToEnd());
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return KnownHosts.Empty;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unusable(path, "read", e);
        }
    }

    private void Guarded(string verb, Action act)
    {
        try
        {
            act();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unusable(UserFile, verb, e);
        }
    }

    private static WorkerLostException Unusable(string path, string verb, Exception e) =>
        new(ErrorKind.HostKey, $"{path} cannot be {verb} by user {Environment.UserName}: {e.Message}", "Mend the file's permissions, or name another file with --known-hosts.", e);

    private void CreateFolder()
    {
        var folder = Path.GetDirectoryName(UserFile)!;
        if (Directory.Exists(folder))
        {
            return;
        }
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(folder);
        }
        else
        {
            Directory.CreateDirectory(folder, PrivateFile | UnixFileMode.UserExecute);
        }
    }

    private static FileStream Create(string path, FileMode mode)
    {
        var options = new FileStreamOptions { Mode = mode, Access = FileAccess.Write, Share = FileShare.ReadWrite | FileShare.Delete };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = PrivateFile;
        }
        return new FileStream(path, options);
    }

    private static bool EndsInsideLine(string path)
    {
        using var file = new FileStream(path, new FileStreamOptions { Share = FileShare.ReadWrite | FileShare.Delete });
        if (file.Length == 0)
        {
            return false;
        }
        file.Seek(-1, SeekOrigin.End);
        return file.ReadByte() != '\n';
    }
}
