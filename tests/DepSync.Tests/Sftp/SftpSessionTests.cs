using DepSync.Sftp;
using DepSync.Tests.Support;

namespace DepSync.Tests.Sftp;

/// <summary>The pipeline: window, time, cancellation, the end.</summary>
public sealed class SftpSessionTests : IDisposable
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(30);
    private static readonly byte[] Handle = "h"u8.ToArray();

    private readonly HostileSftpServer _server = new();
    private readonly FakeTimeProvider _clock = new();

    public void Dispose() => _server.Dispose();

    private static byte[] Done(ReceivedRequest request) => SftpPacket.Status(request.Id, 0);

    private Task<SftpClient> ConnectAsync() => _server.ConnectAsync(new SftpOptions { Clock = _clock, IdleTimeout = TimeSpan.FromSeconds(30) });

    private static async Task<SftpLostException> LostAsync(SftpLoss loss, Task call)
    {
        var lost = await Assert.ThrowsAsync<SftpLostException>(() => call.WaitAsync(Soon));
        Assert.True(lost.Loss == loss, lost.ToString());
        return lost;
    }

    /// <summary>
    /// Moves the clock until the call has ended. More than once: time does not count while the read loop hands out replies, and it may still be at the last one.
    /// </summary>
    private async Task OverdueAsync(Task call)
    {
        using var limit = new CancellationTokenSource(Soon);
        while (!call.IsCompleted && !limit.IsCancellationRequested)
        {
            await Task.Yield();
            _clock.Advance(TimeSpan.FromSeconds(9));
        }
        await LostAsync(SftpLoss.Idle, call);
    }

    /// <summary>Moves the clock when the session waits for it.</summary>
    private async Task PassAsync(TimeSpan span)
    {
        await _clock.WaitForTimerAsync();
        _clock.Advance(span);
    }

    // Window

    [Fact]
    public async Task No_more_bytes_are_in_flight_than_the_window_holds()
    {
        _server.Answer = _ => [];
        using var client = await ConnectAsync();
        var data = new byte[32 * 1024];
        var calls = Enumerable.Range(0, 100).Select(i => client.WriteAsync(Handle, i * data.Length, data, default).AsTask()).ToArray();
        await _server.ReceivedAsync(31);
        await SettleAsync();
        Assert.Equal(31, _server.Received.Count);
        _server.Answer = Done;
        await _server.SayAsync([.. _server.Received.SelectMany(Done)]);
        await Task.WhenAll(calls).WaitAsync(Soon);
        Assert.Equal(100, _server.Received.Count);
    }

    [Fact]
    public async Task No_more_requests_are_in_flight_than_the_window_holds()
    {
        _server.Answer = _ => [];
        using var client = await ConnectAsync();
        var calls = Enumerable.Range(0, 3000).Select(_ => client.RemoveAsync("x"u8, default).AsTask()).ToArray();
        await _server.ReceivedAsync(1024);
        await SettleAsync();
        Assert.Equal(1024, _server.Received.Count);
        _server.Answer = Done;
        await _server.SayAsync([.. _server.Received.SelectMany(Done)]);
        Assert.All(await Task.WhenAll(calls).WaitAsync(Soon), Assert.True);
    }

    [Fact]
    public async Task What_reads_ask_for_counts_too()
    {
        _server.Answer = _ => [];
        using var client = await ConnectAsync();
        var calls = Enumerable.Range(0, 100).Select(_ => client.ReadAsync(Handle, 0, new byte[32 * 1024], default).AsTask()).ToArray();
        await _server.ReceivedAsync(31);
        await SettleAsync();
        Assert.Equal(31, _server.Received.Count);
        client.Dispose();
        foreach (var call in calls)
        {
            await LostAsync(SftpLoss.Disposed, call);
        }
    }

    /// <summary>A request behind the window has had every chance to come.</summary>
    private static async Task SettleAsync()
    {
        for (var i = 0; i < 200; i++)
        {
            await Task.Yield();
        }
    }

    [Fact]
    public async Task Replies_are_read_while_writes_block()
    {
        // Each reply is longer than the pipe is wide, so this server takes no request before its reply is read.
        _server.Answer = request => SftpPacket.Status(request.Id, 4, new string('x', 20_000));
        using var client = await ConnectAsync();
        var data = new byte[30_000];
        var calls = Enumerable.Range(0, 200).Select(_ => client.WriteAsync(Handle, 0, data, default).AsTask()).ToArray();
        foreach (var call in calls)
        {
            await Assert.ThrowsAsync<SftpException>(() => call.WaitAsync(Soon));
        }
    }

    [Fact]
    public async Task Requests_go_out_in_the_order_of_their_calls()
    {
        _server.Answer = Done;
        using var client = await ConnectAsync();
        var calls = Enumerable.Range(0, 2000).Select(i => client.RemoveAsync(BitConverter.GetBytes(i), default).AsTask()).ToArray();
        await Task.WhenAll(calls).WaitAsync(Soon);
        Assert.Equal(Enumerable.Range(0, 2000), _server.Received.Select(request => BitConverter.ToInt32(request.First)));
    }

    [Fact]
    public async Task Payloads_of_any_size_arrive_whole()
    {
        _server.Answer = Done;
        using var client = await ConnectAsync();
        var sizes = new[] { 0, 1, 16 * 1024, 16 * 1024 + 1, 32 * 1024, 200_000 };
        foreach (var size in sizes)
        {
            var data = new byte[size];
            new Random(size).NextBytes(data);
            await client.WriteAsync(Handle, 5, data, default);
            Assert.Equal(SftpPacket.Fields("h", 5ul, data), _server.Received.Last().Body);
        }
    }

    [Fact]
    public async Task A_path_that_no_packet_holds_fails_alone()
    {
        _server.Answer = Done;
        using var client = await ConnectAsync();
        var refusal = await Assert.ThrowsAsync<SftpException>(async () => await client.RemoveAsync(new byte[300_000], default));
        Assert.Equal(SftpStatus.BadMessage, refusal.Status);
        Assert.True(await client.RemoveAsync(new byte[100_000], default));
    }

    // Time

    [Fact]
    public async Task A_reply_that_is_owed_for_too_long_ends_the_session()
    {
        _server.Answer = _ => [];
        using var client = await ConnectAsync();
        var first = client.RemoveAsync("x"u8, default).AsTask();
        var second = client.RemoveAsync("x"u8, default).AsTask();
        await _server.ReceivedAsync(2);
        await PassAsync(TimeSpan.FromSeconds(29));
        Assert.False(first.IsCompleted);
        await OverdueAsync(first);
        await LostAsync(SftpLoss.Idle, second);
        await LostAsync(SftpLoss.Idle, client.RemoveAsync("x"u8, default).AsTask());
        await _server.Ended.WaitAsync(Soon);
    }

    [Fact]
    public async Task A_server_that_never_greets_is_given_up()
    {
        _server.Greeting = [];
        var connecting = ConnectAsync();
        await OverdueAsync(connecting);
    }

    [Fact]
    public async Task A_server_that_sends_a_byte_now_and_then_is_given_up()
    {
        _server.Answer = _ => [];
        using var client = await ConnectAsync();
        var call = client.RemoveAsync("x"u8, default).AsTask();
        await _server.ReceivedAsync(1);
        var drops = Task.Run(async () =>
        {
            foreach (var drop in SftpPacket.Status(_server.Received.First().Id, 4, new string('x', 100_000)))
            {
                await _server.SayAsync(drop);
                _clock.Advance(TimeSpan.FromSeconds(9));
                if (call.IsCompleted)
                {
                    return;
                }
                await Task.Yield();
            }
        });
        await LostAsync(SftpLoss.Idle, call);
        await drops;
    }

    [Fact]
    public async Task Time_does_not_count_while_nothing_is_owed()
    {
        _server.Answer = Done;
        using var client = await ConnectAsync();
        for (var i = 0; i < 5; i++)
        {
            Assert.True(await client.RemoveAsync("x"u8, default));
            _clock.Advance(TimeSpan.FromMinutes(10));
        }
    }

    [Fact]
    public async Task Fsync_and_copies_may_take_longer_the_more_they_write()
    {
        _server.Greeting = SftpPacket.Version(3, "fsync@openssh.com", "1");
        _server.Answer = _ => [];
        using var client = await ConnectAsync();
        var flush = client.FsyncAsync(Handle, 80 * 1024 * 1024, default).AsTask();
        await _server.ReceivedAsync(1);
        await PassAsync(TimeSpan.FromSeconds(31));
        await PassAsync(TimeSpan.FromSeconds(38));
        Assert.False(flush.IsCompleted);
        await OverdueAsync(flush);
    }

    // Cancellation

    [Fact]
    public async Task A_handle_that_comes_too_late_is_closed()
    {
        _server.Answer = _ => [];
        using var client = await ConnectAsync();
        using var source = new CancellationTokenSource();
        var opening = client.OpenAsync("x"u8, SftpOpenFlags.Read, default, source.Token).AsTask();
        await _server.ReceivedAsync(1);
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => opening.WaitAsync(Soon));
        _server.Answer = Done;
        await _server.SayAsync(SftpPacket.Handle(_server.Received.First().Id, "late"));
        await _server.ReceivedAsync(2);
        Assert.Equal(SftpPacketType.Close, _server.Received.Last().Type);
        Assert.Equal("late"u8.ToArray(), _server.Received.Last().First);
        Assert.True(await client.RemoveAsync("x"u8, default));
    }

    [Fact]
    public async Task A_call_that_was_cancelled_before_it_was_sent_is_never_sent()
    {
        _server.Answer = _ => [];
        using var client = await ConnectAsync();
        using var source = new CancellationTokenSource();
        var sent = Enumerable.Range(0, 1024).Select(_ => client.RemoveAsync("sent"u8, default).AsTask()).ToArray();
        var queued = client.RemoveAsync("queued"u8, source.Token).AsTask();
        var closing = client.CloseAsync(Handle, source.Token).AsTask();
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => queued.WaitAsync(Soon));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => closing.WaitAsync(Soon));
        await _server.ReceivedAsync(1024);
        _server.Answer = Done;
        await _server.SayAsync([.. _server.Received.SelectMany(Done)]);
        await Task.WhenAll(sent).WaitAsync(Soon);
        Assert.True(await client.RemoveAsync("after"u8, default));
        Assert.DoesNotContain(_server.Received, request => request.First.AsSpan().SequenceEqual("queued"u8));
        Assert.Contains(_server.Received, request => request.Type == SftpPacketType.Close);
    }

    [Fact]
    public async Task A_read_that_was_cancelled_leaves_its_buffer_alone()
    {
        _server.Answer = _ => [];
        using var client = await ConnectAsync();
        using var source = new CancellationTokenSource();
        var buffer = new byte[100];
        var reading = client.ReadAsync(Handle, 0, buffer, source.Token).AsTask();
        await _server.ReceivedAsync(1);
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading.WaitAsync(Soon));
        _server.Answer = Done;
        await _server.SayAsync(SftpPacket.Contents(_server.Received.First().Id, "late"u8.ToArray()));
        Assert.True(await client.RemoveAsync("x"u8, default));
        Assert.All(buffer, value => Assert.Equal(0, value));
    }

    [Fact]
    public async Task A_write_that_is_cancelled_on_its_way_ends_when_its_memory_is_free()
    {
        using var held = new ManualResetEventSlim();
        _server.Answer = request =>
        {
            held.Wait(Soon);
            return Done(request);
        };
        using var client = await ConnectAsync();
        using var source = new CancellationTokenSource();
        var first = client.RemoveAsync("x"u8, default).AsTask();
        await _server.ReceivedAsync(1);
        var data = new byte[200_000];
        new Random(1).NextBytes(data);
        var writing = client.WriteAsync(Handle, 0, data, source.Token).AsTask();
        await _server.OfferedAsync(data.Length);
        await source.CancelAsync();
        await SettleAsync();
        Assert.False(writing.IsCompleted);
        held.Set();
        // It may have been answered by the time its last byte was on the way.
        await Task.WhenAny(writing).WaitAsync(Soon);
        Assert.False(writing.IsFaulted);
        Assert.True(await first);
        Assert.True(await client.RemoveAsync("y"u8, default));
        Assert.Contains(_server.Received, request => request.Body.AsSpan().EndsWith(data));
    }

    [Fact]
    public async Task A_connect_that_is_cancelled_gives_up_the_stream()
    {
        _server.Greeting = [];
        _server.Start();
        using var source = new CancellationTokenSource();
        var connecting = SftpClient.ConnectAsync(_server.Stream, new SftpOptions(), source.Token);
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => connecting.WaitAsync(Soon));
        await _server.Ended.WaitAsync(Soon);
    }

    // The end

    [Fact]
    public async Task A_connection_that_ends_fails_all_that_is_pending()
    {
        var requests = 0;
        _server.Answer = _ => ++requests < 5 ? [] : null;
        using var client = await ConnectAsync();
        var calls = Enumerable.Range(0, 5).Select(_ => client.RemoveAsync("x"u8, default).AsTask()).ToArray();
        foreach (var call in calls)
        {
            await LostAsync(SftpLoss.Closed, call);
        }
    }

    [Fact]
    public async Task What_a_server_said_last_is_shown()
    {
        _server.Greeting = "No!"u8.ToArray();
        _server.Answer = _ => null;
        _server.Start();
        var connecting = SftpClient.ConnectAsync(_server.Stream, new SftpOptions(), default);
        await _server.Stream.WriteAsync(SftpPacket.Status(1, 0));
        Assert.Contains("\"No!\"", (await LostAsync(SftpLoss.Closed, connecting)).Message);
    }

    [Fact]
    public async Task Disposing_ends_what_is_pending_and_may_run_in_a_continuation()
    {
        _server.Answer = request => request.Type == SftpPacketType.Remove ? Done(request) : [];
        using var client = await ConnectAsync();
        var pending = client.LstatAsync("x"u8, default).AsTask();
        await client.RemoveAsync("x"u8, default).AsTask()
            .ContinueWith(_ => client.Dispose(), default, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default).WaitAsync(Soon);
        await LostAsync(SftpLoss.Disposed, pending);
        await LostAsync(SftpLoss.Disposed, client.RemoveAsync("x"u8, default).AsTask());
        client.CloseUnwatched(Handle);
        client.Dispose();
    }

    /// <summary>Other sessions on the same connection are ended by it, and their waiters may then use memory again that is being sent.</summary>
    [Fact]
    public async Task Its_end_is_told_when_the_stream_has_ended_and_no_waiter_knows_of_it()
    {
        _server.Answer = _ => [];
        using var client = await ConnectAsync();
        var call = client.WriteAsync(Handle, 0, new byte[10], default).AsTask();
        (bool StreamHasEnded, bool WaiterKnows)? told = null;
        client.WhenLost = _ => told = (_server.Ended.IsCompleted, call.IsCompleted);
        client.Dispose();
        Assert.Equal((true, false), told);
        await LostAsync(SftpLoss.Disposed, call);
    }
}
