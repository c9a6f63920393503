namespace DepSync.Sftp;

/// <content>Listing a directory.</content>
internal sealed partial class SftpClient
{
    private const int MaxEmptyReplies = 3;

    /// <summary>
    /// All entries of an open directory, without <c>.</c> and <c>..</c>. Closes the handle, which is not waited for.
    /// Two READDIRs are in flight: a small directory costs one round trip beside the opening, and the end of a big one is not waited for separately.
    /// </summary>
    /// <exception cref="SftpLostException">Also when a name stands twice, the listing does not end, or it is larger than the options allow.</exception>
    public async ValueTask<List<SftpName>> ListAsync(byte[] handle, CancellationToken cancellationToken)
    {
        var entries = new List<SftpName>();
        var seen = new HashSet<byte[]>(NameComparer.Instance);
        var empty = 0;
        var ended = false;
        SftpReply refusal = default;
        var next = ReadDirectoryAsync(handle, cancellationToken);
        var afterNext = ReadDirectoryAsync(handle, cancellationToken);
        try
        {
            for (var inFlight = 2; inFlight > 0; inFlight--)
            {
                var reply = await next.ConfigureAwait(false);
                next = afterNext;
                if (reply.Status != SftpStatus.Ok)
                {
                    ended = true;
                    refusal = reply.Status == SftpStatus.EndOfFile ? refusal : reply;
                    continue;
                }
                empty = reply.Sent == 0 ? empty + 1 : 0;
                Add(reply.Names!, entries, seen);
                if (empty > MaxEmptyReplies)
                {
                    throw _session.Break(new SftpProtocolException("a listing that goes on without entries"));
                }
                if (!ended)
                {
                    afterNext = ReadDirectoryAsync(handle, cancellationToken);
                    inFlight++;
                }
            }
        }
        finally
        {
            CloseUnwatched(handle);
        }
        return refusal.Status == SftpStatus.Ok ? entries : throw Refused(refusal);
    }

    private void Add(SftpName[] names, List<SftpName> entries, HashSet<byte[]> seen)
    {
        if (entries.Count + names.Length > _session.Options.MaxDirectoryEntries)
        {
            throw _session.Break(new SftpProtocolException($"a directory of more than {_session.Options.MaxDirectoryEntries} entries"));
        }
        foreach (var entry in names)
        {
            if (!seen.Add(entry.Name))
            {
                throw _session.Break(new SftpProtocolException($"the file name {SftpText.Quote(entry.Name)} twice in one directory"));
            }
        }
        entries.AddRange(names);
    }

    private ValueTask<SftpReply> ReadDirectoryAsync(byte[] handle, CancellationToken cancellationToken)
    {
        var request = Start(SftpPacketType.ReadDirectory, SftpExpected.Entries);
        request.Packet.String(handle);
        return _session.SendAsync(request, cancellationToken);
    }

    private sealed class NameComparer : IEqualityComparer<byte[]>
    {
        public static NameComparer Instance { get; } = new();

        public bool Equals(byte[]? left, byte[]? right) => left.AsSpan().SequenceEqual(right);

        /// <summary>Seeded anew in each process: a server cannot choose names that collide.</summary>
        public int GetHashCode(byte[] name)
        {
            var hash = new HashCode();
            hash.AddBytes(name);
            return hash.ToHashCode();
        }
    }
}
