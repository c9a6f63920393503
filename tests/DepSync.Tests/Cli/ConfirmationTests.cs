using DepSync.Cli;
using DepSync.Reporting;

namespace DepSync.Tests.Cli;

public sealed class ConfirmationTests
{
    private readonly StringWriter _screen = new();

    [Theory]
    [InlineData("y", true)]
    [InlineData(" Yes ", true)]
    [InlineData("n", false)]
    [InlineData("", false)]
    [InlineData("yeah", false)]
    public async Task Only_a_plain_yes_is_a_yes(string answer, bool expected)
    {
        Assert.Equal(expected, await On(new StringReader(answer + "\n")).AskAsync("Sure?", CancellationToken.None));
        Assert.Equal("Sure? [y/N] ", _screen.ToString());
    }

    [Fact]
    public async Task The_end_of_the_input_is_a_no() => Assert.False(await On(TextReader.Null).AskAsync("Sure?", CancellationToken.None));

    [Theory]
    [InlineData(false, true)]
    [InlineData(true, false)]
    public async Task Nobody_is_asked_without_a_terminal(bool input, bool output)
    {
        var confirmation = new Confirmation(new OutputStream(_screen, output), new InputStream(new StringReader("y\n"), input));
        Assert.False(confirmation.CanAsk);
        Assert.False(await confirmation.AskAsync("Sure?", CancellationToken.None));
        Assert.Equal("", _screen.ToString());
    }

    [Fact]
    public async Task Questions_of_several_workers_come_one_at_a_time()
    {
        var answers = new HeldReader();
        var confirmation = On(answers);
        var first = confirmation.AskAsync("One?", CancellationToken.None);
        var second = confirmation.AskAsync("Two?", CancellationToken.None);
        await answers.Asked.Task;
        Assert.Equal("One? [y/N] ", _screen.ToString());
        answers.Answer.SetResult("y");
        Assert.True(await first);
        Assert.True(await second);
        Assert.Equal("One? [y/N] Two? [y/N] ", _screen.ToString());
    }

    [Fact]
    public async Task An_interrupted_question_ends_at_once_and_the_next_one_is_not_asked()
    {
        using var stop = new CancellationTokenSource();
        var answers = new HeldReader();
        var confirmation = On(answers);
        var first = confirmation.AskAsync("One?", stop.Token);
        var second = confirmation.AskAsync("Two?", stop.Token);
        await answers.Asked.Task;
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second);
        Assert.Equal("One? [y/N] ", _screen.ToString());
    }

    [Fact]
    public async Task Live_progress_is_away_while_a_question_stands()
    {
        var paused = 0;
        var confirmation = On(new StringReader("y\n"));
        confirmation.Pause = () =>
        {
            paused++;
            return new Resumption(() => paused--);
        };
        await confirmation.AskAsync("Sure?", CancellationToken.None);
        Assert.Equal(0, paused);
    }

    private Confirmation On(TextReader reader) => new(new OutputStream(_screen, IsTerminal: true), new InputStream(reader, isTerminal: true));

    private sealed class Resumption(Action resume) : IDisposable
    {
        public void Dispose() => resume();
    }

    /// <summary>Answers when the test says so.</summary>
    private sealed class HeldReader : TextReader
    {
        public TaskCompletionSource Asked { get; } = new();

        public TaskCompletionSource<string?> Answer { get; } = new();

        public override ValueTask<string?> ReadLineAsync(CancellationToken cancellationToken)
        {
            Asked.TrySetResult();
            return new ValueTask<string?>(Answer.Task);
        }
    }
}
