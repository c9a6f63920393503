using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.IO.Pipelines;
using DepSync.Sftp;

namespace DepSync.Tests.Support;

/// <summary>A request as it came off the wire.</summary>
internal sealed record ReceivedRequest(SftpPacketType Type, uint Id, byte[] Body)
{
    /// <summary>The first string of the body: a path, a handle, or the name of an extension.</summary>
    public byte[] First => Body.AsSpan(4, BinaryPrimitives.ReadInt32BigEndian(Body)).ToArray();
}

/// <summary>
/// A server in this process that says what its test tells it to. It greets with <see cref="Greeting"/> and then writes, for each request, what <see cref="Answer"/> returns.
/// Requests that came are in <see cref="Received"/>. The streams are as narrow as pipes can be, so whoever writes without reading blocks.
/// </summary>
internal sealed class HostileSftpServer : IDisposable
{
    private readonly Pipe _toServer = NewPipe();
    private readonly Pipe _toClient = NewPipe();
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public HostileSftpServer()
    {
        Stream = new DuplexStream(_toClient.Reader.AsStream(), _toServer.Writer.AsStream(), () => _ended.TrySetResult());
    }

    /// <summary>The client's end.</summary>
    public DuplexStream Stream { get; }

    public byte[] Greeting { get; set; } = SftpPacket.Version(3);

    /// <summary>Bytes to write for a request; empty for none, null to end the connection.</summary>
    public Func<ReceivedRequest, byte[]?> Answer { get; set; } = request => SftpPacket.Status(request.Id, 4);

    public ConcurrentQueue<ReceivedRequest> Received { get; } = new();

    /// <summary>Ends when the client has disposed its end.</summary>
    public Task Ended => _ended.Task;

    /// <summary>Starts the server and greets it.</summary>
    public async Task<SftpClient> ConnectAsync(SftpOptions? options = null)
    {
        Start();
        return await SftpClient.ConnectAsync(Stream, options ?? new SftpOptions(), default);
    }

    public void Start() => _ = Task.Run(RunAsync);

    /// <summary>Writes out of turn.</summary>
    public async Task SayAsync(params byte[] bytes) => await _toClient.Writer.WriteAsync(bytes);

    /// <summary>Ends when that many requests have come.</summary>
    public Task ReceivedAsync(int count) => UntilAsync(() => Received.Count >= count);

    /// <summary>Ends when that many bytes are written or being written to the server.</summary>
    public Task OfferedAsync(long bytes) => UntilAsync(() => Stream.Offered >= bytes);

    public void Dispose() => Stream.Dispose();

    private static async Task UntilAsync(Func<bool> reached)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!reached())
        {
            await Task.Yield();
            limit.Token.ThrowIfCancellationRequested();
        }
    }

    private static Pipe NewPipe() => new(new PipeOptions(pauseWriterThreshold: 4096, resumeWriterThreshold: 2048, useSynchronizationContext: false));

    private async Task RunAsync()
    {
        try
        {
            await using var input = _toServer.Reader.AsStream();
            await ReadPacketAsync(input);
            await SayAsync(Greeting);
            while (true)
            {
                var packet = await ReadPacketAsync(input);
                var request = new ReceivedRequest((SftpPacketType)packet[0], BinaryPrimitives.ReadUInt32BigEndian(packet.AsSpan(1)), packet[5..]);
                Received.Enqueue(request);
                if (Answer(request) is not { } reply)
                {
                    await _toClient.Writer.CompleteAsync();
                    return;
                }
                await SayAsync(reply);
            }
        }
        catch (Exception exception) when (exception is IOException or InvalidOperationException)
        {
            // The client has gone.
        }
    }

    private static async Task<byte[]> ReadPacketAsync(Stream input)
    {
        var length = new byte[4];
        await input.ReadExactlyAsync(length);
        var packet = new byte[BinaryPrimitives.ReadInt32BigEndian(length)];
        await input.ReadExactlyAsync(packet);
        return packet;
    }
}
