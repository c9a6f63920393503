using DepSync.Reporting;

namespace DepSync.Cli;

/// <summary>Whether a yes stands on the command line or is to be asked for.</summary>
internal enum Consent
{
    Asked,
    Given,
}

/// <summary>
/// Questions to the user, on stderr, answered on stdin, one at a time however many workers ask. Only a terminal is asked: without one the answer is no, and nothing is
/// printed. Safe for concurrent calls.
/// </summary>
internal sealed class Confirmation(OutputStream output, InputStream input)
{
    private readonly Lock _lock = new();
    private Task<bool> _last = Task.FromResult(false);

    /// <summary>Whether there is somebody to ask: stdin and stderr are terminals.</summary>
    public bool CanAsk => input.IsTerminal && output.IsTerminal;

    /// <summary>Takes the live progress away while a question stands; set by whoever draws one.</summary>
    public Func<IDisposable?> Pause { get; set; } = static () => null;

    /// <summary>True only for <c>y</c> or <c>yes</c>.</summary>
    /// <param name="question">Whole lines, escaped already; " [y/N] " is added.</param>
    /// <exception cref="OperationCanceledException">The run is interrupted.</exception>
    public Task<bool> AskAsync(string question, CancellationToken cancellationToken)
    {
        if (!CanAsk)
        {
            return Task.FromResult(false);
        }
        lock (_lock)
        {
            return _last = AskAfterAsync(_last, question, cancellationToken);
        }
    }

    private async Task<bool> AskAfterAsync(Task previous, string question, CancellationToken cancellationToken)
    {
        await previous.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ForceYielding);
        cancellationToken.ThrowIfCancellationRequested();
        using var pause = Pause();
        await output.Writer.WriteAsync($"{question} [y/N] ".AsMemory(), cancellationToken);
        await output.Writer.FlushAsync(cancellationToken);
        // A terminal's read does not end with the token; the process does not wait for it.
        var answer = await input.Reader.ReadLineAsync(CancellationToken.None).AsTask().WaitAsync(cancellationToken);
        return answer?.Trim().ToUpperInvariant() is "Y" or "YES";
    }
}

/// <summary>Standard input, or what a test puts in its place. Opened with the first question: the runtime then switches the terminal's keypad mode, and leaves it so.</summary>
internal sealed record InputStream(Lazy<TextReader> Source, bool IsTerminal)
{
    public InputStream(TextReader reader, bool isTerminal)
        : this(new Lazy<TextReader>(reader), isTerminal)
    {
    }

    public TextReader Reader => Source.Value;
}
