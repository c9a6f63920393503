using System.Runtime.CompilerServices;

namespace DepSync.Sftp;

/// <summary>Two ranges of two open files: what copy-data needs.</summary>
internal readonly record struct SftpCopyRange(byte[] Source, long SourceOffset, long Length, byte[] Target, long TargetOffset);

/// <summary>
/// One method for each operation of SFTP v3 and of OpenSSH's extensions. A request is queued when its method is called, so calls that are not awaited keep their order.
/// <para>Result: absent (<see cref="SftpStatus.NoSuchFile"/>) is null or false. Failure: <see cref="SftpException"/> when the server refuses, <see cref="SftpLostException"/>
/// when the session is over. Threads: safe for concurrent calls; see <see cref="SftpSession"/> for where continuations run. Each task must be awaited at most once.</para>
/// <para>An extension may only be called when <see cref="Extensions"/> offers it.</para>
/// </summary>
internal sealed partial class SftpClient : IDisposable
{
    private const int BytesPerSecondOfPatience = 8 * 1024 * 1024;

    /// <summary>fsync and copy-data work on a disk that may be slow; while they do the server answers nothing else.</summary>
    private static readonly TimeSpan DiskPatience = TimeSpan.FromSeconds(60);

    private readonly SftpSession _session;

    private SftpClient(SftpSession session) => _session = session;

    public SftpExtensions Extensions => _session.Extensions;

    /// <summary>What the server allows, once <see cref="LearnLimitsAsync"/> has asked; the least that every server takes before.</summary>
    public SftpLimits Limits { get; private set; } = SftpLimits.Default;

    /// <summary>Greets the server. Owns the stream from here on, also when this fails.</summary>
    /// <exception cref="SftpLostException">No SFTP server answers.</exception>
    public static async Task<SftpClient> ConnectAsync(Stream stream, SftpOptions options, CancellationToken cancellationToken) =>
        new(await SftpSession.OpenAsync(stream, options, cancellationToken).ConfigureAwait(false));

    /// <summary>Greets the same server once more, which is not asked again what it allows. Null when it is not the same: it names other extensions.</summary>
    /// <inheritdoc cref="ConnectAsync"/>
    public static async Task<SftpClient?> ConnectBesideAsync(SftpClient first, Stream stream, SftpOptions options, CancellationToken cancellationToken)
    {
        var client = await ConnectAsync(stream, options, cancellationToken).ConfigureAwait(false);
        if (!client.Extensions.Names.SequenceEqual(first.Extensions.Names))
        {
            client.Dispose();
            return null;
        }
        client.Limits = first.Limits;
        return client;
    }

    /// <inheritdoc cref="SftpSession.WhenLost"/>
    public Action<SftpLostException>? WhenLost
    {
        get => _session.WhenLost;
        set => _session.WhenLost = value;
    }

    /// <inheritdoc cref="SftpSession.Lost"/>
    public SftpLostException? Lost => _session.Lost;

    /// <inheritdoc cref="SftpSession.End"/>
    public void End(SftpLostException lost) => _session.End(lost);

    /// <summary>Ends when the server has carried out whatever was called before, also what was given up; or the session is over.</summary>
    public async ValueTask SettleAsync()
    {
        try
        {
            if (!_session.IsQuiet)
            {
                // Requests are carried out in order.
                await RealPathAsync("."u8, CancellationToken.None).ConfigureAwait(false);
            }
        }
        catch (Exception exception) when (exception is SftpException or SftpLostException)
        {
            // Answered too, or nothing more will be.
        }
    }

    /// <inheritdoc cref="SftpSession.Widen"/>
    public void Widen(TimeSpan roundTrip) => _session.Widen(roundTrip);

    /// <summary>Asks for the limits; without the extension nothing is asked and the least holds.</summary>
    public async ValueTask LearnLimitsAsync(CancellationToken cancellationToken)
    {
        if (!Extensions.Limits)
        {
            return;
        }
        var request = Extended("limits@openssh.com"u8, SftpExpected.Extended);
        var reply = await _session.SendAsync(request, cancellationToken).ConfigureAwait(false);
        if (reply.Status == SftpStatus.Ok)
        {
            Limits = Checked(reply.Bytes, SftpLimits.Read);
        }
    }

    /// <summary>Opens or creates a file; null when it (or, creating, its folder) is absent.</summary>
    public ValueTask<byte[]?> OpenAsync(SftpPath path, SftpOpenFlags flags, SftpAttributes created, CancellationToken cancellationToken)
    {
        var request = Start(SftpPacketType.Open, SftpExpected.Handle);
        request.Packet.String(path).UInt32((uint)flags).Attributes(created);
        return BytesOrAbsentAsync(_session.SendAsync(request, cancellationToken));
    }

    public ValueTask<byte[]?> OpenDirectoryAsync(SftpPath path, CancellationToken cancellationToken)
    {
        var request = Start(SftpPacketType.OpenDirectory, SftpExpected.Handle);
        request.Packet.String(path);
        return BytesOrAbsentAsync(_session.SendAsync(request, cancellationToken));
    }

    /// <summary>Closes. Goes out even when the token was cancelled before: it ends the wait alone.</summary>
    public ValueTask CloseAsync(byte[] handle, CancellationToken cancellationToken)
    {
        var request = FillClose(_session.Rent(SftpExpected.Status), handle);
        request.AlwaysSent = true;
        return DoneAsync(_session.SendAsync(request, cancellationToken));
    }

    /// <summary>Closes, and does not look whether that went well.</summary>
    public void CloseUnwatched(byte[] handle) => _session.SendAndForget(FillClose(_session.Rent(SftpExpected.Status), handle));

    /// <summary>Reads up to <c>buffer.Length</c> bytes, at most <see cref="SftpLimits.MaxRead"/>; 0 at the end of the file.</summary>
    public ValueTask<int> ReadAsync(byte[] handle, long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        var request = Start(SftpPacketType.Read, SftpExpected.Contents);
        request.Destination = buffer.Length > Limits.MaxRead ? buffer[..Limits.MaxRead] : buffer;
        request.Packet.String(handle).UInt64((ulong)offset).UInt32((uint)request.Destination.Length);
        return LengthAsync(_session.SendAsync(request, cancellationToken));
    }

    /// <summary>Writes all of <paramref name="data"/>, which must be at most <see cref="SftpLimits.MaxWrite"/> long and stay unchanged until the task has ended.</summary>
    public ValueTask WriteAsync(byte[] handle, long offset, ReadOnlyMemory<byte> data, CancellationToken cancellationToken) =>
        DoneAsync(_session.SendAsync(FillWrite(_session.Rent(SftpExpected.Status), handle, offset, data), cancellationToken));

    /// <summary>Attributes of the entry itself; a link is not followed.</summary>
    public ValueTask<SftpAttributes?> LstatAsync(SftpPath path, CancellationToken cancellationToken) => LookAsync(SftpPacketType.Lstat, path, cancellationToken);

    /// <summary>Attributes of what the path leads to.</summary>
    public ValueTask<SftpAttributes?> StatAsync(SftpPath path, CancellationToken cancellationToken) => LookAsync(SftpPacketType.Stat, path, cancellationToken);

    public ValueTask<SftpAttributes?> FstatAsync(byte[] handle, CancellationToken cancellationToken) =>
        AttributesOrAbsentAsync(_session.SendAsync(FillFstat(_session.Rent(SftpExpected.Attributes), handle), cancellationToken));

    /// <summary>Sets attributes; follows a link.</summary>
    public ValueTask<bool> SetstatAsync(SftpPath path, SftpAttributes attributes, CancellationToken cancellationToken)
    {
        var request = Start(SftpPacketType.Setstat, SftpExpected.Status);
        request.Packet.String(path).Attributes(attributes);
        return DoneOrAbsentAsync(_session.SendAsync(request, cancellationToken));
    }

    public ValueTask FsetstatAsync(byte[] handle, SftpAttributes attributes, CancellationToken cancellationToken) =>
        DoneAsync(_session.SendAsync(FillFsetstat(_session.Rent(SftpExpected.Status), handle, attributes), cancellationToken));

    public ValueTask<bool> RemoveAsync(SftpPath path, CancellationToken cancellationToken) => OnPathAsync(SftpPacketType.Remove, path, cancellationToken);

    public ValueTask<bool> RemoveDirectoryAsync(SftpPath path, CancellationToken cancellationToken) =>
        OnPathAsync(SftpPacketType.RemoveDirectory, path, cancellationToken);

    /// <summary>False when the folder above is absent.</summary>
    public ValueTask<bool> MakeDirectoryAsync(SftpPath path, SftpAttributes created, CancellationToken cancellationToken)
    {
        var request = Start(SftpPacketType.MakeDirectory, SftpExpected.Status);
        request.Packet.String(path).Attributes(created);
        return DoneOrAbsentAsync(_session.SendAsync(request, cancellationToken));
    }

    /// <summary>The rename of version 3: fails when <paramref name="to"/> exists.</summary>
    public ValueTask<bool> RenameAsync(SftpPath from, SftpPath to, CancellationToken cancellationToken)
    {
        var request = Start(SftpPacketType.Rename, SftpExpected.Status);
        request.Packet.String(from).String(to);
        return DoneOrAbsentAsync(_session.SendAsync(request, cancellationToken));
    }

    public ValueTask<byte[]?> ReadLinkAsync(SftpPath path, CancellationToken cancellationToken)
    {
        var request = Start(SftpPacketType.ReadLink, SftpExpected.OnePath);
        request.Packet.String(path);
        return BytesOrAbsentAsync(_session.SendAsync(request, cancellationToken));
    }

    public ValueTask<byte[]?> RealPathAsync(SftpPath path, CancellationToken cancellationToken)
    {
        var request = Start(SftpPacketType.RealPath, SftpExpected.OnePath);
        request.Packet.String(path);
        return BytesOrAbsentAsync(_session.SendAsync(request, cancellationToken));
    }

    /// <summary>Creates a symlink; false when the folder of <paramref name="link"/> is absent.</summary>
    public ValueTask<bool> SymlinkAsync(ReadOnlySpan<byte> target, SftpPath link, CancellationToken cancellationToken)
    {
        var request = Start(SftpPacketType.Symlink, SftpExpected.Status);
        // OpenSSH has the arguments the other way round than the draft, and by now so has everyone who talks to it.
        request.Packet.String(target).String(link);
        return DoneOrAbsentAsync(_session.SendAsync(request, cancellationToken));
    }

    public void Dispose() => _session.Dispose();

    private ValueTask<bool> OnPathAsync(SftpPacketType type, SftpPath path, CancellationToken cancellationToken)
    {
        var request = Start(type, SftpExpected.Status);
        request.Packet.String(path);
        return DoneOrAbsentAsync(_session.SendAsync(request, cancellationToken));
    }

    private ValueTask<SftpAttributes?> LookAsync(SftpPacketType type, SftpPath path, CancellationToken cancellationToken)
    {
        var request = Start(type, SftpExpected.Attributes);
        request.Packet.String(path);
        return AttributesOrAbsentAsync(_session.SendAsync(request, cancellationToken));
    }

    private SftpRequest Start(SftpPacketType type, SftpExpected expected)
    {
        var request = _session.Rent(expected);
        request.Packet.Start(type);
        return request;
    }

    // The one table of what a status means. Absent is an answer; anything else that is not OK is thrown.

    private static bool IsAbsent(SftpStatus status) => status is SftpStatus.NoSuchFile or SftpStatus.NoSuchPath;

    internal static SftpException Refused(in SftpReply reply) =>
        new(reply.Status, string.IsNullOrEmpty(reply.Message) ? $"status {(uint)reply.Status}" : reply.Message);

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private static async ValueTask DoneAsync(ValueTask<SftpReply> pending)
    {
        var reply = await pending.ConfigureAwait(false);
        if (reply.Status != SftpStatus.Ok)
        {
            throw Refused(reply);
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private static async ValueTask<bool> DoneOrAbsentAsync(ValueTask<SftpReply> pending)
    {
        var reply = await pending.ConfigureAwait(false);
        return reply.Status == SftpStatus.Ok || (IsAbsent(reply.Status) ? false : throw Refused(reply));
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private static async ValueTask<byte[]?> BytesOrAbsentAsync(ValueTask<SftpReply> pending)
    {
        var reply = await pending.ConfigureAwait(false);
        return reply.Status == SftpStatus.Ok ? reply.Bytes : IsAbsent(reply.Status) ? null : throw Refused(reply);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private static async ValueTask<SftpAttributes?> AttributesOrAbsentAsync(ValueTask<SftpReply> pending)
    {
        var reply = await pending.ConfigureAwait(false);
        return reply.Status == SftpStatus.Ok ? reply.Attributes : IsAbsent(reply.Status) ? null : throw Refused(reply);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private static async ValueTask<int> LengthAsync(ValueTask<SftpReply> pending)
    {
        var reply = await pending.ConfigureAwait(false);
        return reply.Status switch
        {
            SftpStatus.Ok => reply.Length,
            SftpStatus.EndOfFile => 0,
            _ => throw Refused(reply),
        };
    }
}
