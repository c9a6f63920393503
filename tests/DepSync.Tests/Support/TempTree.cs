using System.Diagnostics;
using System.Text;

namespace DepSync.Tests.Support;

/// <summary>A folder below the system's temporary one, removed with all it holds on dispose. Paths are bytes relative to it; parents are made as needed. Unix only, apart from <see cref="Path"/>.</summary>
internal sealed class TempTree : IDisposable
{
    public TempTree()
        : this(Directory.CreateTempSubdirectory("depsync-test-").FullName)
    {
    }

    /// <summary>A tree in a folder that belongs to somebody else, who removes it.</summary>
    public TempTree(TempTree owner, string name)
        : this(System.IO.Path.Combine(owner.Path, name)) => Directory.CreateDirectory(Path);

    private TempTree(string path) => Path = path;

    /// <summary>One that waits for no disk, where the system has such a place: for tests of very many runs.</summary>
    public static TempTree InMemory() =>
        Directory.Exists("/dev/shm") ? new(Directory.CreateDirectory($"/dev/shm/depsync-test-{Guid.NewGuid():N}").FullName) : new();

    public string Path { get; }

    /// <summary>The absolute path of an entry, NUL-terminated, as the C library takes it.</summary>
    public byte[] Absolute(ReadOnlySpan<byte> path) => [.. Encoding.UTF8.GetBytes(Path), (byte)'/', .. path, 0];

    public TempTree Write(ReadOnlySpan<byte> path, ReadOnlySpan<byte> content)
    {
        MakeParents(path);
        Libc.WriteFile(Absolute(path), content);
        return this;
    }

    public TempTree Write(string path, string content) => Write(Encoding.UTF8.GetBytes(path), Encoding.UTF8.GetBytes(content));

    public TempTree MakeDirectory(ReadOnlySpan<byte> path)
    {
        MakeParents(path);
        Libc.MakeDirectory(Absolute(path));
        return this;
    }

    public TempTree MakeSymlink(ReadOnlySpan<byte> path, ReadOnlySpan<byte> target)
    {
        MakeParents(path);
        Libc.MakeSymlink(Absolute(path), [.. target, 0]);
        return this;
    }

    public TempTree Rename(ReadOnlySpan<byte> from, ReadOnlySpan<byte> to)
    {
        Libc.Rename(Absolute(from), Absolute(to));
        return this;
    }

    public TempTree SetMode(ReadOnlySpan<byte> path, int mode)
    {
        Libc.ChangeMode(Absolute(path), mode);
        return this;
    }

    public TempTree SetModified(ReadOnlySpan<byte> path, long seconds, long nanoseconds = 0)
    {
        Libc.SetModified(Absolute(path), seconds, nanoseconds);
        return this;
    }

    public bool Exists(ReadOnlySpan<byte> path) => Libc.Exists(Absolute(path));

    public string Read(string path) => File.ReadAllText(System.IO.Path.Combine(Path, path));

    /// <summary>Removes an entry and all below it.</summary>
    public TempTree Delete(ReadOnlySpan<byte> path)
    {
        // Through xargs: an argument of a .NET process cannot hold every byte, and its input can.
        using var process = Process.Start(new ProcessStartInfo("xargs", ["-0", "rm", "-rf", "--"]) { RedirectStandardInput = true, WorkingDirectory = Path })!;
        byte[] input = [.. "./"u8, .. path, 0];
        process.StandardInput.BaseStream.Write(input);
        process.StandardInput.Close();
        process.WaitForExit();
        return process.ExitCode == 0 ? this : throw new IOException($"rm failed with {process.ExitCode}");
    }

    public void Dispose()
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.Delete(Path, recursive: true);
            return;
        }
        // rm knows names that .NET does not; a folder without write permission is opened first.
        foreach (var command in (string[][])[["chmod", "-R", "u+rwx", Path], ["rm", "-rf", Path]])
        {
            using var process = Process.Start(new ProcessStartInfo(command[0], command[1..]) { RedirectStandardError = true })!;
            process.StandardError.ReadToEnd();
            process.WaitForExit();
        }
    }

    private void MakeParents(ReadOnlySpan<byte> path)
    {
        for (var i = 1; i < path.Length; i++)
        {
            if (path[i] == '/' && !Libc.Exists(Absolute(path[..i])))
            {
                Libc.MakeDirectory(Absolute(path[..i]));
            }
        }
    }
}
