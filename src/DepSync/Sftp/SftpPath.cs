namespace DepSync.Sftp;

/// <summary>A path as it goes on the wire: a folder and what lies below it, joined by a slash without being copied together first. An empty part is left out.</summary>
internal readonly ref struct SftpPath(ReadOnlySpan<byte> folder, ReadOnlySpan<byte> below)
{
    /// <summary>Without its trailing slash, except for the root, of which nothing remains.</summary>
    private readonly ReadOnlySpan<byte> _folder = below.IsEmpty ? folder : folder.TrimEnd((byte)'/');

    private readonly ReadOnlySpan<byte> _below = below;

    public int Length => _below.IsEmpty ? _folder.Length : _folder.Length + 1 + _below.Length;

    public static implicit operator SftpPath(ReadOnlySpan<byte> path) => new(path, []);

    public static implicit operator SftpPath(byte[] path) => new(path, []);

    public void CopyTo(Span<byte> destination)
    {
        _folder.CopyTo(destination);
        if (!_below.IsEmpty)
        {
            destination[_folder.Length] = (byte)'/';
            _below.CopyTo(destination[(_folder.Length + 1)..]);
        }
    }
}
