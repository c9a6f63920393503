using DepSync.Model;
using DepSync.Sftp;

namespace DepSync.Workers;

/// <summary>
/// What a <see cref="ChecksumTool"/> reads and writes: absolute paths, each ended by NUL, and a line for each file of 64 hex digits, its mark of two bytes and the path; with a leading backslash
/// where the path has one, a newline or a carriage return, which are then escaped. Pure.
/// </summary>
internal static class ChecksumList
{
    private const int HexLength = 2 * Digest.Size;

    /// <summary>A backslash before, a mark of two bytes between, a newline at the end.</summary>
    private const int LineOverhead = 1 + HexLength + 2 + 1;

    public static byte[] Ask(ReadOnlySpan<byte> root, IReadOnlyList<RelativePath> paths)
    {
        var asked = new byte[paths.Sum(path => path.Bytes.Length) + (paths.Count * (root.Length + 2))];
        var end = 0;
        foreach (var path in paths)
        {
            var whole = new SftpPath(root, path.Bytes);
            whole.CopyTo(asked.AsSpan(end));
            end += whole.Length + 1;
        }
        return asked[..end];
    }

    /// <summary>No answer to <see cref="Ask"/> is longer: every byte of a path escaped, every file answered.</summary>
    public static int LongestAnswer(int askedBytes, int count) => (2 * askedBytes) + (count * LineOverhead);

    /// <summary>
    /// The digests in the order of <paramref name="asked"/>, null for files without a line. False when anything else stands there: a line of another form, a path that was not
    /// asked or not in this order, a last line that was cut off; then <paramref name="stray"/> is where it begins.
    /// </summary>
    public static bool TryRead(ReadOnlySpan<byte> output, ChecksumCase asked, Span<Digest?> digests, out int stray)
    {
        var (next, path) = (0, new byte[output.Length]);
        for (stray = 0; stray < output.Length;)
        {
            var rest = output[stray..];
            var length = rest.IndexOf((byte)'\n');
            if (length < 0 || !TryLine(rest[..length], asked.Mark, path, out var said))
            {
                return false;
            }
            while (next < asked.Paths.Count && !Equals(path.AsSpan(0, said.PathLength), asked.Root, asked.Paths[next]))
            {
                next++;
            }
            if (next == asked.Paths.Count)
            {
                return false;
            }
            digests[next++] = said.Digest;
            stray += length + 1;
        }
        return true;
    }

    private static bool TryLine(ReadOnlySpan<byte> line, string mark, Span<byte> path, out (Digest Digest, int PathLength) said)
    {
        var escaped = line is [(byte)'\\', ..];
        line = escaped ? line[1..] : line;
        said = default;
        if (line.Length <= HexLength + 2 || !Digest.TryParseHex(line[..HexLength], out said.Digest) || line[HexLength] != mark[0] || line[HexLength + 1] != mark[1])
        {
            return false;
        }
        line = line[(HexLength + 2)..];
        for (var i = 0; i < line.Length; i++)
        {
            if (line[i] != '\\' || !escaped)
            {
                path[said.PathLength++] = line[i];
                continue;
            }
            var meant = ++i < line.Length ? line[i] : (byte)0;
            switch (meant)
            {
                case (byte)'\\':
                    path[said.PathLength++] = (byte)'\\';
                    break;
                case (byte)'n':
                    path[said.PathLength++] = (byte)'\n';
                    break;
                case (byte)'r':
                    path[said.PathLength++] = (byte)'\r';
                    break;
                default:
                    return false;
            }
        }
        return true;
    }

    private static bool Equals(ReadOnlySpan<byte> answered, ReadOnlySpan<byte> root, RelativePath path)
    {
        var below = path.Bytes;
        root = root.TrimEnd((byte)'/');
        return answered.Length == root.Length + 1 + below.Length && answered.EndsWith(below) && answered.StartsWith(root) && answered[root.Length] == '/';
    }
}

/// <summary>What was asked: paths below the canonical root; and of which program: its <see cref="ChecksumTool.Mark"/>.</summary>
internal sealed record ChecksumCase(byte[] Root, IReadOnlyList<RelativePath> Paths, string Mark);
