using System.IO.Hashing;

namespace DepSync.Sftp;

/// <content>Listing a directory.</content>
internal sealed partial class SftpClient
{
    private const int MaxEmptyReplies = 3;

    /// <summary>What OpenSSH's server tells in one reply.</summary>
    private const int NamesInReply = 100;

    /// <summary>READDIRs of one directory in flight: some 800 KB of names.</summary>
    private const int MostAhead = 64;

    /// <summary>
    /// All entries of an open directory, without <c>.</c> and <c>..</c>. Closes the handle, which is not waited for.
    /// READDIRs go out in rounds, the first with as many as <paramref name="expected"/> entries need and one that meets the end, each further one with twice as many:
    /// a directory that is known or small costs one round trip beside the opening, any other a number that grows with the logarithm of its size.
    /// </summary>
    /// <exception cref="SftpLostException">Also when a name stands twice, the listing does not end, or it is larger than the options allow.</exception>
    public async ValueTask<List<SftpName>> ListAsync(byte[] handle, int expected, CancellationToken cancellationToken)
    {
        var found = new FoundNames(this);
        var round = new Queue<Task<SftpReply>>();
        try
        {
            for (var ahead = Math.Min((expected / NamesInReply) + 2, MostAhead); !found.HasEnded; ahead = Math.Min(2 * ahead, MostAhead))
            {
                while (round.Count < ahead)
                {
                    round.Enqueue(ReadDirectoryAsync(handle, cancellationToken).AsTask());
                }
                while (round.TryDequeue(out var next))
                {
                    found.Take(await next.ConfigureAwait(false));
                }
            }
        }
        finally
        {
            CloseUnwatched(handle);
        }
        return found.Refusal is { } refusal ? throw Refused(refusal) : found.Entries;
    }

    private ValueTask<SftpReply> ReadDirectoryAsync(byte[] handle, CancellationToken cancellationToken)
    {
        var request = Start(SftpPacketType.ReadDirectory, SftpExpected.Entries);
        request.Packet.String(handle);
        return _session.SendAsync(request, cancellationToken);
    }

    /// <summary>The replies of one listing, in their order.</summary>
    private sealed class FoundNames(SftpClient client)
    {
        private readonly HashSet<byte[]> _seen = new(NameComparer.Instance);
        private int _empty;

        public List<SftpName> Entries { get; } = [];

        /// <summary>The end was told, or why there is none.</summary>
        public bool HasEnded { get; private set; }

        public SftpReply? Refusal { get; private set; }

        public void Take(SftpReply reply)
        {
            if (reply.Status != SftpStatus.Ok)
            {
                HasEnded = true;
                Refusal = reply.Status == SftpStatus.EndOfFile ? Refusal : reply;
                return;
            }
            _empty = reply.Sent == 0 ? _empty + 1 : 0;
            Add(reply.Names!);
            if (_empty > MaxEmptyReplies)
            {
                throw client._session.Break(new SftpProtocolException("a listing that goes on without entries"));
            }
        }

        private void Add(SftpName[] names)
        {
            var most = client._session.Options.MaxDirectoryEntries;
            if (Entries.Count + names.Length > most)
            {
                throw client._session.Break(new SftpProtocolException($"a directory of more than {most} entries"));
            }
            foreach (var entry in names)
            {
                if (!_seen.Add(entry.Name))
                {
                    throw client._session.Break(new SftpProtocolException($"the file name {SftpText.Quote(entry.Name)} twice in one directory"));
                }
            }
            Entries.AddRange(names);
        }
    }

    private sealed class NameComparer : IEqualityComparer<byte[]>
    {
        private static readonly long Seed = Random.Shared.NextInt64();

        public static NameComparer Instance { get; } = new();

        public bool Equals(byte[]? left, byte[]? right) => left.AsSpan().SequenceEqual(right);

        /// <summary>Seeded anew in each process: a server cannot easily choose names that collide.</summary>
        public int GetHashCode(byte[] name) => (int)XxHash3.HashToUInt64(name, Seed);
    }
}
