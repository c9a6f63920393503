namespace DepSync.Sftp;

/// <content>OpenSSH's extensions.</content>
internal sealed partial class SftpClient
{
    /// <summary>
    /// Beside large copies half of the window is left for writes. Without that a push of copies and writes took 3.07 s, with it 0.52 s: the server's queue fills while it copies, and it
    /// moves the whole queue for each read. Short copies count for little, so that many of them may be in flight.
    /// </summary>
    private const int CopiedBytesPerWeight = 16;

    private const int MostWeight = 512 * 1024;

    private delegate T Decoder<T>(ReadOnlySpan<byte> body);

    /// <summary>Renames over whatever file or link is at <paramref name="to"/>.</summary>
    public ValueTask<bool> PosixRenameAsync(SftpPath from, SftpPath to, CancellationToken cancellationToken) =>
        OnTwoPathsAsync("posix-rename@openssh.com"u8, from, to, cancellationToken);

    /// <summary>Makes a second name; a link is not followed.</summary>
    public ValueTask<bool> HardlinkAsync(SftpPath existing, SftpPath added, CancellationToken cancellationToken) =>
        OnTwoPathsAsync("hardlink@openssh.com"u8, existing, added, cancellationToken);

    /// <summary>Brings an open file to disk, or a directory that was opened with OPEN and READ. <paramref name="written"/>: its bytes, by which the patience grows.</summary>
    public ValueTask FsyncAsync(byte[] handle, long written, CancellationToken cancellationToken) =>
        DoneAsync(_session.SendAsync(FillFsync(_session.Rent(SftpExpected.Status), handle, written), cancellationToken));

    /// <summary>Sets attributes of the entry itself; a link is not followed.</summary>
    public ValueTask<bool> LsetstatAsync(SftpPath path, SftpAttributes attributes, CancellationToken cancellationToken)
    {
        var request = Extended("lsetstat@openssh.com"u8, SftpExpected.Status);
        request.Packet.String(path).Attributes(attributes);
        return DoneOrAbsentAsync(_session.SendAsync(request, cancellationToken));
    }

    /// <summary>Null when absent.</summary>
    public async ValueTask<SftpSpace?> StatvfsAsync(byte[] path, CancellationToken cancellationToken)
    {
        var request = Extended("statvfs@openssh.com"u8, SftpExpected.Extended);
        request.Packet.String(path);
        var body = await BytesOrAbsentAsync(_session.SendAsync(request, cancellationToken)).ConfigureAwait(false);
        return body is null ? null : Checked(body, SftpSpace.Read);
    }

    /// <summary>A canonical path, with a leading <c>~</c> expanded.</summary>
    public ValueTask<byte[]?> ExpandPathAsync(SftpPath path, CancellationToken cancellationToken)
    {
        var request = Extended("expand-path@openssh.com"u8, SftpExpected.OnePath);
        request.Packet.String(path);
        return BytesOrAbsentAsync(_session.SendAsync(request, cancellationToken));
    }

    /// <summary>
    /// Copies between two open files on the server. Servers are known that answer OK although the copy failed or was cut short (a read-only handle, a full disk):
    /// the size that is there must be checked after each.
    /// </summary>
    public ValueTask CopyAsync(SftpCopyRange range, CancellationToken cancellationToken)
    {
        var request = Extended("copy-data"u8, SftpExpected.Status);
        request.Packet.String(range.Source).UInt64((ulong)range.SourceOffset).UInt64((ulong)range.Length).String(range.Target).UInt64((ulong)range.TargetOffset);
        request.Patience = PatienceFor(range.Length);
        request.Weight = (int)Math.Min(range.Length / CopiedBytesPerWeight, MostWeight);
        return DoneAsync(_session.SendAsync(request, cancellationToken));
    }

    internal static TimeSpan PatienceFor(long bytes) => DiskPatience + TimeSpan.FromSeconds(bytes / BytesPerSecondOfPatience);

    private ValueTask<bool> OnTwoPathsAsync(ReadOnlySpan<byte> name, SftpPath first, SftpPath second, CancellationToken cancellationToken)
    {
        var request = Extended(name, SftpExpected.Status);
        request.Packet.String(first).String(second);
        return DoneOrAbsentAsync(_session.SendAsync(request, cancellationToken));
    }

    private SftpRequest Extended(ReadOnlySpan<byte> name, SftpExpected expected)
    {
        var request = Start(SftpPacketType.Extended, expected);
        request.Packet.String(name);
        return request;
    }

    private T Checked<T>(byte[]? body, Decoder<T> decode)
    {
        try
        {
            return decode(body);
        }
        catch (SftpProtocolException violation)
        {
            throw _session.Break(violation);
        }
    }
}
