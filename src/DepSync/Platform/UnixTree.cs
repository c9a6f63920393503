using System.Runtime.InteropServices;
using DepSync.Model;
using Microsoft.Win32.SafeHandles;

namespace DepSync.Platform;

/// <summary>
/// Opens what lies below a root directory, by descriptors alone: no component of a path is ever followed when it is a link, and nothing outside of the root can be reached, whoever
/// changes the tree meanwhile. Paths may be longer than the system takes in one call. Absent (or behind a link, or below a file) is null; other refusals are a
/// <see cref="UnixException"/>. Safe for concurrent calls. Disposing closes the root. Never on Windows.
/// </summary>
internal sealed class UnixTree(UnixDirectory root) : IDisposable
{
    /// <summary>The system's limit is 4096 with its NUL on Linux, 1024 on macOS.</summary>
    private static readonly int LongestPath = OperatingSystem.IsLinux() ? 4000 : 0;

    private volatile bool _componentwise = !OperatingSystem.IsLinux();

    public UnixDirectory Root { get; } = root;

    /// <summary>Forces the way of systems without openat2, for tests.</summary>
    internal static UnixTree Componentwise(UnixDirectory root) => new(root) { _componentwise = true };

    /// <summary>Opens a directory; null when absent, no directory or reached through a link. The root gives a handle of its own.</summary>
    public UnixDirectory? OpenDirectory(RelativePath path)
    {
        if (path.IsRoot)
        {
            return Root.Reopen();
        }
        return OpenDirectory(path.Bytes);
    }

    /// <summary>Opens the directory that holds an entry; null as <see cref="OpenDirectory(RelativePath)"/>. The root is its own parent under <see cref="UnixPath.Self"/>.</summary>
    public UnixDirectory? OpenParent(RelativePath path)
    {
        var slash = path.Bytes.LastIndexOf((byte)'/');
        return slash < 0 ? Root.Reopen() : OpenDirectory(path.Bytes[..slash]);
    }

    public void Dispose() => Root.Dispose();

    private UnixDirectory? OpenDirectory(ReadOnlySpan<byte> path)
    {
        var current = Root;
        while (true)
        {
            var piece = NextPiece(path);
            var next = Step(current, piece);
            if (current != Root)
            {
                current.Dispose();
            }
            if (next is null || piece.Length == path.Length)
            {
                return next;
            }
            current = next;
            path = path[(piece.Length + 1)..];
        }
    }

    /// <summary>As many components as one call may take; one where each has to be opened by itself.</summary>
    private ReadOnlySpan<byte> NextPiece(ReadOnlySpan<byte> path)
    {
        if (!_componentwise && path.Length <= LongestPath)
        {
            return path;
        }
        var slash = _componentwise ? -1 : path[..LongestPath].LastIndexOf((byte)'/');
        slash = slash < 0 ? path.IndexOf((byte)'/') : slash;
        return slash < 0 ? path : path[..slash];
    }

    private UnixDirectory? Step(UnixDirectory current, ReadOnlySpan<byte> piece)
    {
        if (_componentwise)
        {
            return current.OpenDirectory(piece);
        }
        if (TryOpenConfined(current.Handle, piece, out var opened))
        {
            return opened;
        }
        // No openat2 (before Linux 5.6, or forbidden in a container): the same, component by component.
        _componentwise = true;
        return new UnixTree(current) { _componentwise = true }.OpenDirectory(piece);
    }

    private static unsafe bool TryOpenConfined(SafeFileHandle directory, ReadOnlySpan<byte> path, out UnixDirectory? opened)
    {
        if (path.Length > LongestPath)
        {
            throw new UnixException(UnixError.NameTooLong, "open the directory");
        }
        Span<byte> terminated = stackalloc byte[LongestPath + 1];
        path.CopyTo(terminated);
        terminated[path.Length] = 0;
        var flags = UnixFlags.PathOnly | UnixFlags.Directory | UnixFlags.NoFollow | UnixFlags.CloseOnExec;
        var how = new OpenHow((ulong)flags, 0, UnixFlags.ResolveConfined);
        opened = null;
        fixed (byte* start = terminated)
        {
            while (true)
            {
                var descriptor = CLibrary.OpenAt2(UnixFlags.OpenAt2Number, directory, start, &how, sizeof(OpenHow));
                if (descriptor >= 0)
                {
                    opened = UnixDirectory.Wrap(new SafeFileHandle(descriptor, ownsHandle: true));
                    return true;
                }
                var errno = Marshal.GetLastPInvokeError();
                if (UnixException.MeansAbsent(errno))
                {
                    return true;
                }
                if (errno == UnixError.NoCall || errno == UnixError.NotPermitted)
                {
                    return false;
                }
                // EAGAIN: the tree was changed meanwhile, so that the kernel could not be sure.
                if (errno != UnixError.Interrupted && errno != UnixError.Again)
                {
                    throw new UnixException(errno, "open the directory");
                }
            }
        }
    }
}
