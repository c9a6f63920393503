using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace DepSync.Tests.Support;

/// <summary>One entry as find(1) tells it. <see cref="Kind"/> is find's letter (f, d, l); <see cref="Path"/> is relative, empty for the root.</summary>
internal sealed record TreeEntry(byte[] Path, char Kind, int Mode, string Modified, long Size, string Owner, string Inode, byte[] Target)
{
    public string? Sha256 { get; init; }

    public long Seconds => long.Parse(Modified.AsSpan(0, Modified.IndexOf('.')), CultureInfo.InvariantCulture);
}

/// <summary>
/// A tree as text, one line an entry, sorted by the bytes of the path: what a mirror must bring over (kind, low nine mode bits, mtime in seconds, size and hash, link target).
/// Read by find(1) and sha256sum(1), so that it is independent of the program under test. <c>.depsync</c> at the root is left out unless asked for.
/// </summary>
internal static class TreeText
{
    private static string Find => OperatingSystem.IsMacOS() ? "gfind" : "find";

    private static string Sha256Sum => OperatingSystem.IsMacOS() ? "gsha256sum" : "sha256sum";

    /// <summary>What a mirror must bring over.</summary>
    public static string Read(string root) => Format(Entries(root), static e =>
        $"{e.Kind} {Convert.ToString(e.Mode & 0x1FF, 8)} {e.Seconds} {(e.Kind == 'f' ? $"{e.Size} {e.Sha256}" : "")}");

    /// <summary>Everything that a run that writes nothing must leave alone: inodes, owners, all mode bits and mtimes in ns, <c>.depsync</c> too.</summary>
    public static string ReadUntouched(string root) => Format(List(root, withDepSync: true), static e =>
        $"{e.Kind} {Convert.ToString(e.Mode, 8)} {e.Modified} {e.Size} {e.Owner} {e.Inode}");

    /// <summary>Paths with owner, group and all mode bits.</summary>
    public static string ReadOwners(string root) => Format(List(root, withDepSync: false), static e => $"{e.Kind} {Convert.ToString(e.Mode, 8)} {e.Owner}");

    /// <summary>Fails with the lines that differ.</summary>
    public static void AssertSame(string expected, string actual, string context = "")
    {
        if (expected == actual)
        {
            return;
        }
        var left = expected.Split('\n');
        var right = actual.Split('\n');
        var lines = left.Except(right).Select(l => "- " + l).Concat(right.Except(left).Select(l => "+ " + l)).Take(40);
        Assert.Fail($"trees differ (- expected, + actual) {context}\n{string.Join('\n', lines)}");
    }

    public static void AssertMirrored(string manager, string worker, string context = "") => AssertSame(Read(manager), Read(worker), context);

    /// <summary>The entries with the hashes of files, sorted.</summary>
    public static IReadOnlyList<TreeEntry> Entries(string root)
    {
        var entries = List(root, withDepSync: false);
        var files = entries.Where(e => e.Kind == 'f').ToArray();
        byte[] input = [.. files.SelectMany(f => (byte[])[.. "./"u8, .. f.Path, 0])];
        var hashes = files.Length == 0 ? [] : Split(Run(root, input, "xargs", "-0", Sha256Sum, "-z", "--"));
        if (hashes.Count != files.Length)
        {
            throw new IOException($"{files.Length} files, {hashes.Count} hashes below {root}");
        }
        var byFile = files.Zip(hashes, (file, line) => (file, hash: Encoding.ASCII.GetString(line, 0, 64))).ToDictionary(p => p.file, p => p.hash);
        return [.. entries.Select(e => e.Kind == 'f' ? e with { Sha256 = byFile[e] } : e)];
    }

    /// <summary>A path as text: printable ASCII as it is, every other byte as \xNN.</summary>
    public static string Escape(ReadOnlySpan<byte> bytes)
    {
        var text = new StringBuilder();
        foreach (var b in bytes)
        {
            _ = b is > 0x20 and < 0x7F and not (byte)'\\' ? text.Append((char)b) : text.Append(CultureInfo.InvariantCulture, $"\\x{b:x2}");
        }
        return text.ToString();
    }

    /// <summary>The entries without hashes, sorted by path.</summary>
    public static IReadOnlyList<TreeEntry> List(string root, bool withDepSync)
    {
        string[] hide = withDepSync ? [] : ["-path", "./.depsync", "-prune", "-o"];
        var fields = Split(Run(root, [], Find, [".", .. hide, "-printf", @"%y\0%m\0%T@\0%s\0%U:%G\0%i\0%P\0%l\0"]));
        var entries = fields.Chunk(8).Select(f => new TreeEntry(
            f[6], (char)f[0][0], Convert.ToInt32(Text(f[1]), 8), Text(f[2]), long.Parse(Text(f[3]), CultureInfo.InvariantCulture), Text(f[4]), Text(f[5]), f[7])).ToList();
        entries.Sort(static (a, b) => a.Path.AsSpan().SequenceCompareTo(b.Path));
        return entries;
    }

    private static string Text(byte[] bytes) => Encoding.ASCII.GetString(bytes);

    private static string Format(IReadOnlyList<TreeEntry> entries, Func<TreeEntry, string> facts) =>
        string.Join('\n', entries.Select(e => $"{facts(e)} ./{Escape(e.Path)}{(e.Kind == 'l' ? " -> " + Escape(e.Target) : "")}"));

    private static List<byte[]> Split(byte[] output)
    {
        var fields = new List<byte[]>();
        var rest = output.AsSpan();
        for (var end = rest.IndexOf((byte)0); end >= 0; end = rest.IndexOf((byte)0))
        {
            fields.Add(rest[..end].ToArray());
            rest = rest[(end + 1)..];
        }
        return fields;
    }

    private static byte[] Run(string folder, byte[] input, string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = new MemoryStream();
        var copied = process.StandardOutput.BaseStream.CopyToAsync(output);
        process.StandardInput.BaseStream.Write(input);
        process.StandardInput.Close();
        copied.GetAwaiter().GetResult();
        process.WaitForExit();
        return process.ExitCode == 0 ? output.ToArray() : throw new IOException($"{program} below {folder}: {errors.GetAwaiter().GetResult()}");
    }
}
