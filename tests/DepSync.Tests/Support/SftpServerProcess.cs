using System.Diagnostics;
using System.Runtime.Versioning;
using DepSync.Workers;

namespace DepSync.Tests.Support;

/// <summary>
/// OpenSSH's own sftp-server as a child process, spoken to over its pipes: the real thing without a network. It never runs as root, for whom no permission holds:
/// a tree that it is to change is handed over with <see cref="Own"/>. Unix only.
/// </summary>
internal sealed class SftpServerProcess : IDisposable
{
    private const int Nobody = 65534;

    private readonly Process _process;
    private bool _isDisposed;

    private SftpServerProcess(Process process)
    {
        _process = process;
        Stream = new DuplexStream(process.StandardOutput.BaseStream, process.StandardInput.BaseStream, Kill);
        Transport = new TransportStream(Stream, () => "");
    }

    public Stream Stream { get; }

    public TransportStream Transport { get; }

    public int Id => _process.Id;

    public bool HasEnded => _isDisposed || _process.HasExited;

    /// <summary>Starts a server whose login directory is <paramref name="directory"/>. Options are the program's, e.g. <c>-P posix-rename</c>.</summary>
    public static SftpServerProcess Start(string directory, params string[] options) => Start(directory, [], options);

    /// <summary>One that cannot write a file beyond so many blocks of 512 bytes: to it the disk is full.</summary>
    public static SftpServerProcess StartOnFullDisk(string directory, int blocks) => Start(directory, ["sh", "-c", "trap '' XFSZ; ulimit -f $0; exec \"$@\"", $"{blocks}"], []);

    /// <summary>One that may have so many files open.</summary>
    public static SftpServerProcess StartWithFiles(string directory, int files) => Start(directory, ["sh", "-c", "ulimit -n $0; exec \"$@\"", $"{files}"], []);

    private static SftpServerProcess Start(string directory, string[] wrapper, string[] options)
    {
        string[] command = [.. wrapper, .. AsLogin([SshdOptions.ExternalSftp, .. options])];
        return new SftpServerProcess(Process.Start(new ProcessStartInfo(command[0], command[1..])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            WorkingDirectory = directory,
        })!);
    }

    /// <summary>What to start so that a command runs as the user that servers run as.</summary>
    public static string[] AsLogin(string[] command) => Libc.IsRoot ? ["setpriv", $"--reuid={Nobody}", $"--regid={Nobody}", "--clear-groups", .. command] : command;

    /// <summary>Gives a folder to the user that the server runs as.</summary>
    public static void Own(TempTree tree)
    {
        if (Libc.IsRoot)
        {
            Libc.ChangeOwner(tree.Absolute("."u8), Nobody, Nobody);
        }
    }

    /// <summary>As <see cref="Own"/>, with all that is in it; names are UTF-8.</summary>
    [UnsupportedOSPlatform("windows")]
    public static void OwnAll(TempTree tree)
    {
        if (!Libc.IsRoot)
        {
            return;
        }
        Own(tree);
        foreach (var entry in DiskTree.Read(tree.Path).Entries)
        {
            Libc.ChangeOwner(tree.Absolute(entry.Path.Bytes), Nobody, Nobody);
        }
    }

    public void Dispose()
    {
        if (_isDisposed)
        {
            return;
        }
        _isDisposed = true;
        Kill();
        _process.WaitForExit();
        _process.Dispose();
    }

    private void Kill()
    {
        try
        {
            _process.Kill();
        }
        catch (InvalidOperationException)
        {
            // It has ended, or was never looked after again.
        }
    }
}
