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

        public string ErrorText => "";

        public Task WriteAllAsync(ReadOnlyMemory<byte> input, CancellationToken cancellationToken) => Task.CompletedTask;

        public async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken)
        {
            Reading.TrySetResult();
            return await (_reads++ == 0 ? Output : End).Task.WaitAsync(cancellationToken);
        }

        public Task<int?> WaitForExitAsync(CancellationToken cancellationToken) => Task.FromResult<int?>(0);

        public void Dispose()
        {
        }
    }
}
