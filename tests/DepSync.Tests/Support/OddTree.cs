using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using DepSync.Model;

namespace DepSync.Tests.Support;

/// <summary>A folder of real files whose names try every rule of coreutils' escaping, with the manifest that belongs to it. Removed when disposed.</summary>
internal sealed class OddTree : IDisposable
{
    private static readonly string[] Names =
    [
        "-", "--help", "*", "plain", "back\\slash", "new\nline", "carriage\rreturn", "tab\there", " leading", "trailing ", "# comment", "\\n", "quote'\"", "größe",
        "SHA256 (x) = y", "esc\e[31m", "deep/er/-", "deep/\n/x", new string('n', 255),
    ];

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("depsync-odd-");
    private readonly Dictionary<RelativePath, ManifestEntry> _entries = [];

    public OddTree()
    {
        foreach (var name in Names)
        {
            var content = Encoding.UTF8.GetBytes("content of " + name);
            Write(name, content);
            _entries[RelativePath.Parse(name)] = new()
            {
                Kind = EntryKind.File,
                Mode = 0x1A4,
                Size = content.Length,
                SourceModifiedNs = 1,
                WorkerSeconds = 0,
                Digest = Digest.FromBytes(SHA256.HashData(content)),
            };
        }
        _entries[RelativePath.Root] = new() { Kind = EntryKind.Directory, Mode = 0x1ED, SourceModifiedNs = -1, WorkerSeconds = 0 };
        _entries[RelativePath.Parse("deep")] = new() { Kind = EntryKind.Directory, Mode = 0x1ED, SourceModifiedNs = -1, WorkerSeconds = 0 };
        _entries[RelativePath.Parse("link\n")] = new() { Kind = EntryKind.Symlink, Mode = 0x1FF, SourceModifiedNs = 0, WorkerSeconds = 0, LinkTarget = "to\n nowhere"u8.ToArray() };
    }

    public static int FileCount => Names.Length;

    public Manifest Manifest => new() { Number = 1, Generation = 1, Entries = _entries };

    public void Write(string path, byte[] content)
    {
        var full = Path.Combine(_folder.FullName, path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        File.WriteAllBytes(full, content);
    }

    public (int ExitCode, string Output, string Errors) Run(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = _folder.FullName,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, errors.GetAwaiter().GetResult());
    }

    public void Dispose() => _folder.Delete(recursive: true);
}
