using System.Runtime.InteropServices;
using System.Text;
using DepSync.Model;

namespace DepSync.Platform;

/// <summary>Names and paths as the C library takes them. Never on Windows.</summary>
internal static unsafe class UnixPath
{
    /// <summary>What names the directory itself.</summary>
    public static ReadOnlySpan<byte> Self => "."u8;

    /// <summary>The real path of what is there, without links, <c>.</c> and <c>..</c>; null when it is absent.</summary>
    /// <exception cref="UnixException">It cannot be reached.</exception>
    public static string? Real(string path)
    {
        fixed (byte* start = Terminate(path))
        {
            var resolved = CLibrary.RealPath(start, null);
            if (resolved != null)
            {
                try
                {
                    return Marshal.PtrToStringUTF8((nint)resolved);
                }
                finally
                {
                    CLibrary.Free(resolved);
                }
            }
        }
        return UnixException.MeansAbsent(Marshal.GetLastPInvokeError()) ? null : throw UnixException.Last("find the real path");
    }

    /// <summary>A path that the user gave, ended by NUL.</summary>
    /// <exception cref="ArgumentException">It holds a NUL itself.</exception>
    public static byte[] Terminate(string path)
    {
        var bytes = new byte[Encoding.UTF8.GetByteCount(path) + 1];
        Encoding.UTF8.GetBytes(path, bytes);
        return bytes.AsSpan(0, bytes.Length - 1).Contains((byte)0) ? throw new ArgumentException("A path holds no NUL.", nameof(path)) : bytes;
    }

    /// <summary>One component (or <see cref="Self"/>), ended by NUL, in <paramref name="scratch"/> when it fits there.</summary>
    /// <exception cref="ArgumentException">It is more than one component.</exception>
    public static ReadOnlySpan<byte> Terminate(ReadOnlySpan<byte> name, Span<byte> scratch)
    {
        if (!RelativePath.IsName(name) && !name.SequenceEqual(Self))
        {
            throw new ArgumentException("A name in a directory is one component.", nameof(name));
        }
        var ended = name.Length < scratch.Length ? scratch[..(name.Length + 1)] : new byte[name.Length + 1];
        name.CopyTo(ended);
        ended[name.Length] = 0;
        return ended;
    }
}
