using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;
using DepSync.Sftp;

namespace DepSync.Tests.Support;

/// <summary>
/// A connection to an SFTP server that counts round trips as a long line would make them: replies are held back until the server has answered everything that was asked and the client
/// has asked for nothing more for a while; then all of them arrive at once, which ends a flight. A client that is slower than that shows more flights than it needs, never
/// fewer: what was counted is enough, whatever the machine did meanwhile. A flight of closes alone is held until something else is asked for, because nobody waits for it.
/// </summary>
internal sealed class RoundTripStream : Stream
{
    /// <summary>So long nobody computes between two requests: whoever is silent for that time waits for a close.</summary>
    private const int QuietTimesForCloses = 40;

    private readonly Stream _server;
    private readonly TimeSpan _quiet;
    private readonly Pipe _arrived = new(new PipeOptions(pauseWriterThreshold: 0, useSynchronizationContext: false));
    private readonly Lock _lock = new();
    private readonly PacketCutter _asking = new();
    private readonly PacketCutter _answering = new();
    private readonly List<byte[]> _held = [];
    private readonly List<Flight> _flights = [];
    private readonly CancellationTokenSource _ended = new();
    private Flight _flight = new();
    private int _asked;
    private int _answered;
    private int _writes;

    public RoundTripStream(Stream server, TimeSpan quiet)
    {
        (_server, _quiet) = (server, quiet);
        _ = ReceiveAsync();
        _ = DeliverAsync();
    }

    /// <summary>What was asked for together, in order; the first is the greeting.</summary>
    public IReadOnlyList<Flight> Flights
    {
        get
        {
            lock (_lock)
            {
                return [.. _flights];
            }
        }
    }

    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => _arrived.Reader.AsStream(leaveOpen: true).ReadAsync(buffer, cancellationToken);

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        lock (_lock)
        {
            _writes++;
            _flight.BytesOut += buffer.Length;
            foreach (var packet in _asking.Cut(buffer.Span))
            {
                _asked++;
                _flight.Add(packet);
            }
        }
        await _server.WriteAsync(buffer, cancellationToken).ConfigureAwait(false);
        await _server.FlushAsync(cancellationToken).ConfigureAwait(false);
    }

    private async Task ReceiveAsync()
    {
        var buffer = new byte[1 << 16];
        try
        {
            while (await _server.ReadAsync(buffer).ConfigureAwait(false) is var count and > 0)
            {
                lock (_lock)
                {
                    _flight.BytesIn += count;
                    foreach (var packet in _answering.Cut(buffer.AsSpan(0, count)))
                    {
                        _answered++;
                        _held.Add(packet);
                    }
                }
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or InvalidOperationException)
        {
        }
        await _ended.CancelAsync();
    }

    private async Task DeliverAsync()
    {
        try
        {
            for (var (seen, silent) = (0, 0); ;)
            {
                await Task.Delay(_quiet, _ended.Token).ConfigureAwait(false);
                byte[][] replies;
                lock (_lock)
                {
                    silent = _writes == seen ? silent + 1 : 0;
                    seen = _writes;
                    if (silent == 0 || _held.Count == 0 || _asked != _answered || (_flight.IsClosesAlone && silent < QuietTimesForCloses))
                    {
                        continue;
                    }
                    replies = [.. _held];
                    _held.Clear();
                    _flights.Add(_flight);
                    _flight = new Flight();
                    silent = 0;
                }
                foreach (var reply in replies)
                {
                    _arrived.Writer.Write(reply);
                }
                await _arrived.Writer.FlushAsync(CancellationToken.None).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
            await _arrived.Writer.CompleteAsync();
        }
    }

    public override int Read(byte[] buffer, int offset, int count) => ReadAsync(buffer.AsMemory(offset, count)).AsTask().GetAwaiter().GetResult();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush()
    {
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _server.Dispose();
            _ended.Cancel();
        }
        base.Dispose(disposing);
    }

    /// <summary>Requests that were sent without waiting for any of their replies.</summary>
    internal sealed class Flight
    {
        private readonly SortedDictionary<string, int> _requests = [];

        public long BytesOut { get; set; }

        public long BytesIn { get; set; }

        public int Requests => _requests.Values.Sum();

        public bool IsClosesAlone => _requests.Count > 0 && _requests.Keys.All(name => name == nameof(SftpPacketType.Close));

        public void Add(byte[] packet)
        {
            var name = packet[4] == (byte)SftpPacketType.Extended ? ExtensionOf(packet) : ((SftpPacketType)packet[4]).ToString();
            _requests[name] = Of(name) + 1;
        }

        public int Of(string name) => _requests.GetValueOrDefault(name);

        public override string ToString() => string.Join(" ", _requests.Select(pair => $"{pair.Key}x{pair.Value}"));

        private static string ExtensionOf(byte[] packet)
        {
            var name = System.Text.Encoding.ASCII.GetString(packet, 13, BinaryPrimitives.ReadInt32BigEndian(packet.AsSpan(9)));
            return name.Split('@')[0];
        }
    }

    /// <summary>Cuts a stream of bytes into packets.</summary>
    private sealed class PacketCutter
    {
        private readonly MemoryStream _rest = new();

        public List<byte[]> Cut(ReadOnlySpan<byte> bytes)
        {
            _rest.Position = _rest.Length;
            _rest.Write(bytes);
            var all = _rest.GetBuffer().AsSpan(0, (int)_rest.Length);
            var packets = new List<byte[]>();
            while (all.Length >= 4 && 4 + BinaryPrimitives.ReadInt32BigEndian(all) is var length && length <= all.Length)
            {
                packets.Add(all[..length].ToArray());
                all = all[length..];
            }
            var rest = all.ToArray();
            _rest.SetLength(0);
            _rest.Write(rest);
            return packets;
        }
    }
}
