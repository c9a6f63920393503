using DepSync.Model;
using DepSync.Platform;
using Microsoft.Win32.SafeHandles;

namespace DepSync.Scanning;

/// <summary>
/// An open regular file of the manager directory. A refusal of the system is an <see cref="IOException"/>. Safe for concurrent calls.
/// </summary>
internal sealed class SourceFile(SafeFileHandle handle, SourceEntry? opened = null) : IFileContent, IDisposable
{
    private readonly SourceEntry? _opened = opened;

    /// <summary>What Windows has no counterpart of.</summary>
    internal const int WindowsFileMode = 0x1A4;

    /// <summary>As <see cref="Look"/>, but of the moment before the opening where that is known: what begins a read, and is compared with a later look.</summary>
    public SourceEntry Opened => _opened ?? Look();

    /// <summary>The file as it is now: two equal stamps around a read prove that one state was read.</summary>
    public FileStamp Stamp() => Look().Stamp;

    /// <summary>Mode and stamp as they are now; the name is empty.</summary>
    public SourceEntry Look()
    {
        if (!OperatingSystem.IsWindows())
        {
            return UnixSourceTree.ToEntry([], UnixFile.Stat(handle));
        }
        var modified = WindowsSourceTree.ToNanoseconds(File.GetLastWriteTimeUtc(handle));
        var created = WindowsSourceTree.ToNanoseconds(File.GetCreationTimeUtc(handle));
        return new SourceEntry([], EntryKind.File, WindowsFileMode, new FileStamp(RandomAccess.GetLength(handle), modified, Math.Max(modified, created), 0, 0));
    }

    /// <summary>Reads up to <c>buffer.Length</c> bytes; 0 only at the end of the file. May return fewer.</summary>
    public int ReadAt(long offset, Span<byte> buffer) => OperatingSystem.IsWindows() ? RandomAccess.Read(handle, buffer, offset) : UnixFile.Read(handle, offset, buffer);

    ValueTask<int> IFileContent.ReadAtAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken) => new(ReadAt(offset, buffer.Span));

    public void Dispose() => handle.Dispose();

    ValueTask IAsyncDisposable.DisposeAsync()
    {
        Dispose();
        return default;
    }
}
