namespace DepSync.Sftp;

/// <summary>How an open file is ended. <paramref name="Data"/> is written at <paramref name="Offset"/>; an owner that is refused is no failure.</summary>
internal readonly record struct SftpFinish(long Offset, ReadOnlyMemory<byte> Data)
{
    public SftpAttributes? Owner { get; init; }

    public SftpAttributes? Attributes { get; init; }

    /// <summary>Bring it to disk: the bytes that were written to it, by which the patience grows. Null: do not.</summary>
    public long? Fsync { get; init; }
}

/// <content>Requests on one handle, and the flight that ends a file.</content>
internal sealed partial class SftpClient
{
    /// <summary>
    /// Writes, sets the owner, sets attributes, looks, brings to disk and closes, in this order and in one flight. Ends when all of that has ended; throws the first failure. What
    /// the look brought is the file as it is left. Not cancelled: <see cref="SftpFinish.Data"/> must stay unchanged until then.
    /// </summary>
    public ValueTask<SftpAttributes> FinishAsync(byte[] handle, in SftpFinish finish)
    {
        var flight = _session.RentFlight();
        for (var done = 0; done < finish.Data.Length; done += Limits.MaxWrite)
        {
            var piece = finish.Data.Slice(done, Math.Min(Limits.MaxWrite, finish.Data.Length - done));
            FillWrite(flight.Add(SftpExpected.Status), handle, finish.Offset + done, piece);
        }
        if (finish.Owner is { } owner)
        {
            FillFsetstat(flight.Add(SftpExpected.Status), handle, owner).MayBeRefused = true;
        }
        if (finish.Attributes is { } attributes)
        {
            FillFsetstat(flight.Add(SftpExpected.Status), handle, attributes);
        }
        FillFstat(flight.Add(SftpExpected.Attributes), handle);
        if (finish.Fsync is { } written)
        {
            FillFsync(flight.Add(SftpExpected.Status), handle, written);
        }
        FillClose(flight.Add(SftpExpected.Status), handle);
        return _session.SendTogetherAsync(flight);
    }

    private static SftpRequest FillWrite(SftpRequest request, byte[] handle, long offset, ReadOnlyMemory<byte> data)
    {
        request.Packet.Start(SftpPacketType.Write).String(handle).UInt64((ulong)offset).UInt32((uint)data.Length);
        request.Payload = data;
        return request;
    }

    private static SftpRequest FillFsetstat(SftpRequest request, byte[] handle, in SftpAttributes attributes)
    {
        request.Packet.Start(SftpPacketType.Fsetstat).String(handle).Attributes(attributes);
        return request;
    }

    private static SftpRequest FillFstat(SftpRequest request, byte[] handle)
    {
        request.Packet.Start(SftpPacketType.Fstat).String(handle);
        return request;
    }

    private static SftpRequest FillFsync(SftpRequest request, byte[] handle, long written)
    {
        request.Packet.Start(SftpPacketType.Extended).String("fsync@openssh.com"u8).String(handle);
        request.Patience = PatienceFor(written);
        return request;
    }

    private static SftpRequest FillClose(SftpRequest request, byte[] handle)
    {
        request.Packet.Start(SftpPacketType.Close).String(handle);
        return request;
    }
}
