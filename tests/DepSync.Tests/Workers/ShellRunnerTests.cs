using DepSync.Tests.Support;
using DepSync.Workers;

namespace DepSync.Tests.Workers;

/// <summary>When a command waits, and when it lets others log in.</summary>
public sealed class ShellRunnerTests
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(30);

    private readonly FakeTimeProvider _clock = new();
    private readonly FakeCommand _command = new();

    [Fact]
    public async Task A_place_to_log_in_is_waited_for_outside_of_the_patience_and_left_at_the_first_answer()
    {
        using var gate = new SemaphoreSlim(0);
        var left = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var runner = new ShellRunner((_, _) => Task.FromResult<IShellCommand>(_command), _clock)
        {
            EnterLogin = async token =>
            {
                await gate.WaitAsync(token);
                return new Place(left);
            },
        };
        var running = runner.RunAsync(new ShellRequest("command", default, 100, TimeSpan.FromSeconds(60)), default);
        _clock.Advance(TimeSpan.FromHours(1));
        gate.Release();
        await _command.Reading.Task.WaitAsync(Soon);
        Assert.False(left.Task.IsCompleted);
        _command.Output.SetResult(3);
        await left.Task.WaitAsync(Soon);
        Assert.False(running.IsCompleted);
        _command.End.SetResult(0);
        Assert.Equal((null, 0, 3), await running.WaitAsync(Soon) is var answer ? (answer.Failure, answer.ExitStatus, answer.Output.Length) : default);
    }

    [Fact]
    public async Task A_command_that_does_not_end_leaves_its_place_with_its_patience()
    {
        var left = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var runner = new ShellRunner((_, _) => Task.FromResult<IShellCommand>(_command), _clock) { EnterLogin = _ => Task.FromResult<IDisposable>(new Place(left)) };
        var running = runner.RunAsync(new ShellRequest("command", default, 100, TimeSpan.FromSeconds(60)), default);
        await _command.Reading.Task.WaitAsync(Soon);
        _clock.Advance(TimeSpan.FromSeconds(60));
        Assert.Contains("60 s", (await running.WaitAsync(Soon)).Failure, StringComparison.Ordinal);
        Assert.True(left.Task.IsCompleted);
    }

    [Fact]
    public async Task A_command_that_was_begun_is_the_one_that_is_run()
    {
        var starts = new List<string>();
        var runner = new ShellRunner(Start, _clock);
        runner.Begin("command", Settled);
        runner.Begin("command", Settled);
        var running = runner.RunAsync(new ShellRequest("command", default, 100, TimeSpan.FromSeconds(60)), default);
        Assert.Equal(3, await AnswerAsync(running, _command));
        Assert.Equal(["command"], starts);
        // And for one run alone.
        var second = runner.RunAsync(new ShellRequest("command", default, 100, TimeSpan.FromSeconds(60)), default);
        Assert.Equal(0, (await second.WaitAsync(Soon)).Output.Length);
        Assert.Equal(["command", "command"], starts);

        Task<IShellCommand> Start(string commandLine, CancellationToken cancellationToken)
        {
            starts.Add(commandLine);
            return Task.FromResult<IShellCommand>(starts.Count == 1 ? _command : FakeCommand.Mute());
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task One_that_could_not_be_begun_or_has_ended_is_started_when_it_is_run(bool hasEnded)
    {
        var (starts, early) = (0, new FakeCommand { HasEnded = hasEnded });
        var runner = new ShellRunner(Start, _clock);
        runner.Begin("command", Settled);
        var running = runner.RunAsync(new ShellRequest("command", default, 100, TimeSpan.FromSeconds(60)), default);
        Assert.Equal(3, await AnswerAsync(running, _command));
        Assert.Equal((2, hasEnded), (starts, early.Disposed.Task.IsCompleted));

        Task<IShellCommand> Start(string commandLine, CancellationToken cancellationToken) =>
            ++starts > 1 ? Task.FromResult<IShellCommand>(_command) : hasEnded ? Task.FromResult<IShellCommand>(early) : throw new IOException("no channel");
    }

    [Fact]
    public async Task Another_command_ends_the_one_that_was_begun()
    {
        var early = new FakeCommand();
        var runner = new ShellRunner((line, _) => Task.FromResult<IShellCommand>(line == "begun" ? early : _command), _clock);
        runner.Begin("begun", Settled);
        var running = runner.RunAsync(new ShellRequest("command", default, 100, TimeSpan.FromSeconds(60)), default);
        Assert.Equal(3, await AnswerAsync(running, _command));
        await early.Disposed.Task.WaitAsync(Soon);
    }

    /// <summary>A server that says nothing to it is waited for as long as to any command.</summary>
    [Fact]
    public async Task One_that_never_began_counts_against_the_patience_and_is_ended_when_it_comes_late()
    {
        var (asked, late) = (new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously), new TaskCompletionSource<IShellCommand>());
        var runner = new ShellRunner((_, _) => asked.TrySetResult() ? late.Task : throw new InvalidOperationException("started twice"), _clock);
        runner.Begin("command", Settled);
        await asked.Task.WaitAsync(Soon);
        var running = runner.RunAsync(new ShellRequest("command", default, 100, TimeSpan.FromSeconds(60)), default);
        _clock.Advance(TimeSpan.FromSeconds(60));
        Assert.Contains("60 s", (await running.WaitAsync(Soon)).Failure, StringComparison.Ordinal);
        late.SetResult(_command);
        await _command.Disposed.Task.WaitAsync(Soon);
    }

    [Fact]
    public async Task None_is_begun_where_each_is_a_login()
    {
        var starts = new List<string>();
        var runner = new ShellRunner(Start, _clock) { EnterLogin = _ => Task.FromResult<IDisposable>(new Place(new TaskCompletionSource())) };
        runner.Begin("begun", () => throw new InvalidOperationException("begun"));
        await runner.RunAsync(new ShellRequest("command", default, 100, TimeSpan.FromSeconds(60)), default).WaitAsync(Soon);
        Assert.Equal(["command"], starts);

        Task<IShellCommand> Start(string commandLine, CancellationToken cancellationToken)
        {
            starts.Add(commandLine);
            return Task.FromResult<IShellCommand>(FakeCommand.Mute());
        }
    }

    private static Task Settled() => Task.CompletedTask;

    /// <summary>How much it says.</summary>
    private static async Task<int> AnswerAsync(Task<ShellAnswer> running, FakeCommand command)
    {
        await command.Reading.Task.WaitAsync(Soon);
        command.Output.SetResult(3);
        command.End.SetResult(0);
        var answer = await running.WaitAsync(Soon);
        Assert.Equal((null, 0), (answer.Failure, answer.ExitStatus));
        return answer.Output.Length;
    }

    private sealed class Place(TaskCompletionSource left) : IDisposable
    {
        public void Dispose() => left.TrySetResult();
    }

    /// <summary>Answers once, ends later.</summary>
    private sealed class FakeCommand : IShellCommand
    {
        private int _reads;

        public TaskCompletionSource Reading { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource<int> Output { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource<int> End { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource Disposed { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public string ErrorText => "";

        public bool HasEnded { get; init; }

        /// <summary>Ends without a word.</summary>
        public static FakeCommand Mute()
        {
            var command = new FakeCommand();
            command.Output.SetResult(0);
            return command;
        }

        public Task WriteAllAsync(ReadOnlyMemory<byte> input, CancellationToken cancellationToken) => Task.CompletedTask;

        public async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken)
        {
            Reading.TrySetResult();
            return await (_reads++ == 0 ? Output : End).Task.WaitAsync(cancellationToken);
        }

        public Task<int?> WaitForExitAsync(CancellationToken cancellationToken) => Task.FromResult<int?>(0);

        public void Dispose() => Disposed.TrySetResult();
    }
}
