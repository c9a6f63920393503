using DepSync.Model;
using DepSync.Tests.Support;
using DepSync.Workers;

namespace DepSync.Tests.Workers;

/// <summary>Who connects for whom.</summary>
public sealed class SharedConnectionsTests
{
    private readonly FakeTimeProvider _clock = new();

    /// <summary>How many targets each connection is made for, in the order in which the targets come.</summary>
    [Theory]
    [InlineData(1, 8, "1")]
    [InlineData(2, 8, "2")]
    [InlineData(4, 8, "4")]
    [InlineData(5, 8, "3 2")]
    [InlineData(6, 8, "3 3")]
    [InlineData(9, 8, "3 3 3")]
    [InlineData(11, 8, "4 4 3")]
    [InlineData(3, 1, "1 1 1")]
    [InlineData(6, 2, "2 2 2")]
    public async Task Connections_are_for_as_many_as_come_and_are_served_at_once(int targets, int atOnce, string connections)
    {
        var shared = new SharedConnections(Enumerable.Repeat("login", targets).Append("another"), atOnce, _clock);
        var made = new List<int>();
        for (var i = 0; i < targets; i++)
        {
            await shared.OpenAsync("login", Connect, default);
        }
        Assert.Equal(connections, string.Join(' ', made));

        Task<TransportStream> Connect(int places)
        {
            made.Add(places);
            return Task.FromResult(Stream() with { Targets = places, Others = Others([.. Enumerable.Range(1, places - 1).Select<int, TakeStream>(_ => () => Stream())]) });
        }
    }

    [Fact]
    public async Task Logins_that_nobody_counted_and_second_tries_have_their_own()
    {
        var shared = new SharedConnections(["login", "login"], 8, _clock) { LongTry = TimeSpan.FromSeconds(5) };
        var made = new List<int>();
        foreach (var login in new[] { "login", "login", "login", "login", "never seen" })
        {
            await shared.OpenAsync(login, places => Made(made, places, [() => Stream()]), default);
        }
        Assert.Equal([2, 1, 1, 1], made);
    }

    [Fact]
    public async Task A_place_that_is_not_to_be_had_is_a_connection_of_its_own()
    {
        var shared = new SharedConnections(Enumerable.Repeat("login", 4), 8, _clock) { LongTry = TimeSpan.FromSeconds(5) };
        var made = new List<int>();
        var streams = new List<TransportStream>();
        for (var i = 0; i < 4; i++)
        {
            // One is gone by then, another one was never granted.
            streams.Add(await shared.OpenAsync("login", places => Made(made, places, [() => Stream(), () => null]), default));
        }
        Assert.Equal([4, 1, 1], made);
        Assert.Equal([4, 4, 1, 1], streams.Select(stream => stream.Targets));
    }

    [Theory]
    [InlineData(nameof(ErrorKind.Login), 0)]
    [InlineData(nameof(ErrorKind.HostKey), 0)]
    [InlineData(nameof(ErrorKind.Unreachable), 5)]
    public async Task What_keeps_the_first_out_keeps_out_those_that_wait_for_it(string kind, int seconds)
    {
        var shared = new SharedConnections(["login", "login", "login"], 8, _clock) { LongTry = TimeSpan.FromSeconds(5) };
        var first = new TaskCompletionSource<TransportStream>();
        var connecting = shared.OpenAsync("login", _ => first.Task, default);
        var waiting = shared.OpenAsync("login", _ => throw new InvalidOperationException("connects too"), default);
        Assert.False(waiting.IsCompleted);
        _clock.Advance(TimeSpan.FromSeconds(seconds));
        first.SetException(new WorkerLostException(Enum.Parse<ErrorKind>(kind), "refused", null));
        await Assert.ThrowsAsync<WorkerLostException>(() => connecting);
        Assert.Equal("refused", (await Assert.ThrowsAsync<WorkerLostException>(() => waiting)).Message);
        // It may be mended by the time that another one comes.
        var own = Stream();
        Assert.Equal(own, await shared.OpenAsync("login", _ => Task.FromResult(own), default));
    }

    /// <summary>sshd drops one of many logins that come at once.</summary>
    [Fact]
    public async Task A_connection_that_fails_quickly_may_have_had_bad_luck()
    {
        var shared = new SharedConnections(["login", "login"], 8, _clock) { LongTry = TimeSpan.FromSeconds(5) };
        var first = new TaskCompletionSource<TransportStream>();
        var connecting = shared.OpenAsync("login", _ => first.Task, default);
        var own = Stream();
        var waiting = shared.OpenAsync("login", _ => Task.FromResult(own), default);
        first.SetException(new WorkerLostException(ErrorKind.Unreachable, "dropped", null));
        await Assert.ThrowsAsync<WorkerLostException>(() => connecting);
        Assert.Equal(own, await waiting);
    }

    [Fact]
    public async Task What_else_ends_the_first_says_nothing_of_the_others()
    {
        var shared = new SharedConnections(["login", "login"], 8, _clock) { LongTry = TimeSpan.FromSeconds(5) };
        var first = new TaskCompletionSource<TransportStream>();
        var connecting = shared.OpenAsync("login", _ => first.Task, default);
        var own = Stream();
        var waiting = shared.OpenAsync("login", places => Task.FromResult(own with { Targets = places }), default);
        first.SetCanceled();
        await Assert.ThrowsAsync<TaskCanceledException>(() => connecting);
        Assert.Equal((own.Stream, 1), ((await waiting).Stream, (await waiting).Targets));
    }

    [Fact]
    public async Task A_target_that_is_cancelled_does_not_wait_for_the_first()
    {
        var shared = new SharedConnections(["login", "login"], 8, _clock) { LongTry = TimeSpan.FromSeconds(5) };
        using var cancelled = new CancellationTokenSource();
        _ = shared.OpenAsync("login", _ => new TaskCompletionSource<TransportStream>().Task, default);
        var waiting = shared.OpenAsync("login", _ => throw new InvalidOperationException("connects"), cancelled.Token);
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
    }

    private static Task<TransportStream> Made(List<int> made, int places, TakeStream[] others)
    {
        made.Add(places);
        return Task.FromResult(Stream() with { Targets = places, Others = Others(others) });
    }

    private static Task<IReadOnlyList<TakeStream>> Others(TakeStream[] streams) => Task.FromResult<IReadOnlyList<TakeStream>>(streams);

    private static TransportStream Stream() => new(System.IO.Stream.Null, () => "");
}
