using System.Collections.Concurrent;
using DepSync.Config;
using DepSync.Sftp;
using DepSync.Tests.Support;
using DepSync.Workers;

namespace DepSync.Tests.Workers;

/// <summary>The bandwidth limit, by a clock that moves only when told.</summary>
public sealed class LimitedStreamTests
{
    private const long Rate = 100_000;
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(30);

    private readonly FakeTimeProvider _clock = new();
    private readonly ConcurrentQueue<(TimeSpan At, int Count)> _gone = new();

    [Fact]
    public async Task By_no_moment_more_has_gone_than_the_rate_allows_and_it_is_used()
    {
        var started = _clock.GetUtcNow();
        var limit = new BandwidthLimit(Rate, _clock);
        using var stream = Stream(limit, started);
        await RunAsync(stream.WriteAsync(new byte[250_000]).AsTask());
        var total = 0L;
        Assert.All(_gone, piece => Assert.True((total += piece.Count) * TimeSpan.TicksPerSecond <= Rate * piece.At.Ticks, $"{total} bytes after {piece.At}"));
        Assert.Equal(250_000, total);
        Assert.InRange(_gone.Last().At.TotalSeconds, 2.5, 2.51);
    }

    [Fact]
    public async Task All_workers_together_get_the_rate_and_each_its_turn()
    {
        // What waits goes on while the clock is moved, before it is moved again, and not when a scheduler comes to it.
        SynchronizationContext.SetSynchronizationContext(null);
        var started = _clock.GetUtcNow();
        var limit = new BandwidthLimit(Rate, _clock);
        using var large = Stream(limit, started);
        using var small = Stream(limit, started);
        var first = large.WriteAsync(new byte[1_000_000]).AsTask();
        var second = small.WriteAsync(new byte[100]).AsTask();
        await RunAsync(second);
        Assert.False(first.IsCompleted);
        Assert.True(_gone.Sum(piece => piece.Count) <= (2 * limit.Piece) + 100, "a small request waits for one piece of a large one, not for all of it");
        await RunAsync(first);
        var total = 0L;
        Assert.All(_gone, piece => Assert.True((total += piece.Count) * TimeSpan.TicksPerSecond <= Rate * piece.At.Ticks, $"{total} bytes after {piece.At}"));
    }

    [Fact]
    public async Task Further_streams_of_a_transport_share_its_rate()
    {
        var started = _clock.GetUtcNow();
        var limit = new BandwidthLimit(Rate, _clock);
        var recorded = new TransportStream(Record(started), () => "")
        {
            OpenMore = (count, _) => Task.FromResult<IReadOnlyList<TransportStream>>([.. Enumerable.Range(0, count).Select(_ => new TransportStream(Record(started), () => ""))]),
        };
        var main = LimitedStream.Around(recorded, limit, limit, _clock);
        var further = await main.OpenMore!(2, default);
        await RunAsync(Task.WhenAll(further.Append(main).Select(transport => transport.Stream.WriteAsync(new byte[100_000]).AsTask()).ToList()));
        var total = 0L;
        Assert.All(_gone, piece => Assert.True((total += piece.Count) * TimeSpan.TicksPerSecond <= Rate * piece.At.Ticks, $"{total} bytes after {piece.At}"));
        Assert.Equal(300_000, total);
        Assert.All(further.Append(main), transport => Assert.NotNull(transport.HeldBackUntil));
    }

    [Fact]
    public void A_pause_is_made_up_for_by_a_tenth_of_a_second_at_most()
    {
        var limit = new BandwidthLimit(Rate, _clock);
        _clock.Advance(TimeSpan.FromHours(1));
        var now = _clock.GetTimestamp();
        var atOnce = 0;
        while (limit.Reserve(100) <= now)
        {
            atOnce += 100;
        }
        Assert.Equal(Rate / 10, atOnce);
    }

    [Theory]
    [InlineData(512)]
    [InlineData(1 << 30)]
    public void Many_small_pieces_are_no_faster_than_a_large_one(long rate)
    {
        var (small, large) = (new BandwidthLimit(rate, _clock), new BandwidthLimit(rate, _clock));
        var last = 0L;
        for (var i = 0; i < 1000; i++)
        {
            last = small.Reserve(3);
        }
        Assert.True(last >= large.Reserve(3000));
    }

    [Fact]
    public async Task What_is_read_is_limited_too()
    {
        var limit = new BandwidthLimit(Rate, _clock);
        using var stream = new LimitedStream(new MemoryStream(new byte[50_000]), new BandwidthLimit(Rate, _clock), limit, _clock);
        var (began, read) = (_clock.GetUtcNow(), 0L);
        var reading = Task.Run(async () =>
        {
            while (await stream.ReadAsync(new byte[100_000]) is var count and > 0)
            {
                Assert.True(read * TimeSpan.TicksPerSecond <= Rate * (_clock.GetUtcNow() - began).Ticks, $"{read} bytes are read and not waited for");
                read += count;
            }
        });
        await RunAsync(reading);
        Assert.Equal(50_000, read);
    }

    [Fact]
    public async Task A_wait_ends_with_its_token_and_when_the_stream_is_closed()
    {
        using var stream = Stream(new BandwidthLimit(Rate, _clock), _clock.GetUtcNow());
        using var cancel = new CancellationTokenSource();
        var cancelled = stream.WriteAsync(new byte[1000], cancel.Token).AsTask();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled.WaitAsync(Soon));
        var closed = stream.WriteAsync(new byte[1000]).AsTask();
        await stream.DisposeAsync();
        await Assert.ThrowsAsync<IOException>(() => closed.WaitAsync(Soon));
        Assert.Empty(_gone);
    }

    [Fact]
    public async Task What_waits_for_its_turn_is_no_reply_that_is_owed_and_a_server_that_is_silent_is_given_up_after_it()
    {
        using var server = new HostileSftpServer { Answer = request => request.Body.Length > 50_000 ? SftpPacket.Status(request.Id, 0) : [] };
        server.Start();
        using var stream = new LimitedStream(server.Stream, new BandwidthLimit(1024, _clock), new BandwidthLimit(1024, _clock), _clock);
        var options = new SftpOptions { Clock = _clock, IdleTimeout = TimeSpan.FromSeconds(30), HeldBackUntil = stream.HeldBackUntil };
        var connecting = SftpClient.ConnectAsync(stream, options, default);
        await PassAsync(stream, connecting);
        using var client = await connecting;
        var began = _clock.GetUtcNow();
        var slow = client.WriteAsync("h"u8.ToArray(), 0, new byte[60_000], default).AsTask();
        await PassAsync(stream, slow);
        await slow;
        Assert.True(_clock.GetUtcNow() - began > TimeSpan.FromSeconds(55), "a minute of throttling is longer than idle_timeout");

        var silent = client.RemoveAsync("x"u8, default).AsTask();
        await PassAsync(stream, server.ReceivedAsync(2));
        _clock.Advance(TimeSpan.FromSeconds(29));
        Assert.False(silent.IsCompleted);
        using var limit = new CancellationTokenSource(Soon);
        while (!silent.IsCompleted)
        {
            await Task.Yield();
            limit.Token.ThrowIfCancellationRequested();
            _clock.Advance(TimeSpan.FromSeconds(9));
        }
        Assert.Equal(SftpLoss.Idle, (await Assert.ThrowsAsync<SftpLostException>(() => silent)).Loss);
    }

    [SshdTheory]
    [InlineData("Builtin")]
    [InlineData("OpenSsh")]
    public async Task The_limit_holds_for_either_client(string client)
    {
        using var server = SshdServer.Start();
        var config = SshRun.For(SshRun.Settings(server, Enum.Parse<SshClientKind>(client))).Config;
        var connecting = new WorkerConnector(config with { BytesPerSecond = 1024 }, new SshRun { Config = config }, null, _clock).ConnectAsync(SshRun.Worker(server, server.Folder), default);
        await Until.TrueAsync(() => _clock.WaitForTimerAsync().IsCompleted || connecting.IsCompleted, "something that is held back");
        Assert.False(connecting.IsCompleted, "bytes went out without their turn");
        await RunAsync(connecting);
        await (await connecting).DisposeAsync();
    }

    private LimitedStream Stream(BandwidthLimit sending, DateTimeOffset started) => new(Record(started), sending, sending, _clock);

    private Recorder Record(DateTimeOffset started) => new(count => _gone.Enqueue((_clock.GetUtcNow() - started, count)));

    /// <summary>Moves the clock to each moment that somebody waits for, until the task has ended; a wait for what a peer owes is far longer and left alone.</summary>
    private async Task RunAsync(Task task)
    {
        using var limit = new CancellationTokenSource(Soon);
        while (!task.IsCompleted)
        {
            limit.Token.ThrowIfCancellationRequested();
            var timer = _clock.WaitForTimerAsync();
            if (timer.IsCompletedSuccessfully && await timer is var wait && wait < TimeSpan.FromSeconds(5))
            {
                _clock.Advance(wait);
            }
            await Task.Yield();
        }
        await task;
    }

    /// <summary>As <see cref="RunAsync"/> where an idle timer runs beside: the clock moves only while the stream holds something back.</summary>
    private async Task PassAsync(LimitedStream stream, Task task)
    {
        using var limit = new CancellationTokenSource(Soon);
        while (!task.IsCompleted)
        {
            limit.Token.ThrowIfCancellationRequested();
            if (stream.HeldBackUntil() >= _clock.GetTimestamp())
            {
                _clock.Advance(TimeSpan.FromMilliseconds(100));
            }
            await Task.Yield();
        }
    }

    private sealed class Recorder(Action<int> gone) : MemoryStream
    {
        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            gone(buffer.Length);
            return ValueTask.CompletedTask;
        }
    }
}
