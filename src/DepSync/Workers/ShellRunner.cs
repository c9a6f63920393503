using System.Buffers;
using DepSync.Model;

namespace DepSync.Workers;

/// <summary>A constant command line, what it reads, and how much and how long it may answer.</summary>
internal sealed record ShellRequest(string CommandLine, ReadOnlyMemory<byte> Input, int OutputLimit, TimeSpan Patience);

/// <summary>What a command answered. <see cref="Failure"/> says why it did not run to its end; what it wrote until then counts for nothing.</summary>
internal sealed record ShellAnswer(ReadOnlyMemory<byte> Output, string ErrorText, int? ExitStatus)
{
    public string? Failure { get; init; }
}

/// <summary>Runs commands on a worker to their end, within bounds of time and bytes. Never throws but for cancellation. Safe for concurrent use.</summary>
internal sealed class ShellRunner(StartShellCommand start, TimeProvider clock)
{
    private const int ReadSize = 32 << 10;

    private readonly Lock _lock = new();

    /// <summary>The lock's.</summary>
    private Begun? _begun;

    /// <summary>
    /// Waits for a place to log in, where each command comes over a connection of its own; that counts against no patience. The place is left when the command begins to answer or has
    /// ended: no connection tells sooner that its login is through.
    /// </summary>
    public Func<CancellationToken, Task<IDisposable>>? EnterLogin { private get; init; }

    /// <summary>
    /// Starts a command that is about to be run, behind <paramref name="settle"/>; it waits for its input, so that to run it takes one round trip where it would take three. One at a time, and none where each is a
    /// login; running another command ends it. One that cannot be started, or that has ended by then, is started when it is run: only then does a failure count. What is never run ends with the connection.
    /// </summary>
    public void Begin(string commandLine, Func<Task> settle)
    {
        lock (_lock)
        {
            if (EnterLogin is null && _begun is null)
            {
                _begun = new Begun(commandLine, Task.Run(() => StartAheadAsync(commandLine, settle)));
            }
        }
    }

    public async Task<ShellAnswer> RunAsync(ShellRequest request, CancellationToken cancellationToken)
    {
        using var place = EnterLogin is null ? null : await EnterLogin(cancellationToken);
        using var deadline = new CancellationTokenSource(request.Patience, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token);
        var token = either.Token;
        try
        {
            // Never on the thread that asks, which may be the one that reads the connection's replies: to begin a command is to send, and a send blocks for as long as a peer does not
            // read. What is given up here ends with the connection.
            return await Task.Run(() => RunOnceAsync(request, place, token), CancellationToken.None).WaitAsync(token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return Failed($"it did not end within {request.Patience.TotalSeconds:0} s");
        }
        catch (Exception e) when (e is IOException or WorkerLostException)
        {
            return Failed(e.Message);
        }
    }

    private async Task<ShellAnswer> RunOnceAsync(ShellRequest request, IDisposable? place, CancellationToken cancellationToken)
    {
        using var command = await TakeAsync(request.CommandLine, cancellationToken) ?? await start(request.CommandLine, cancellationToken);
        return await ExchangeAsync(command, request, place, cancellationToken);
    }

    private async Task<IShellCommand?> StartAheadAsync(string commandLine, Func<Task> settle)
    {
        try
        {
            await settle();
            return await start(commandLine, CancellationToken.None);
        }
        catch (Exception e) when (e is IOException or WorkerFileException or WorkerLostException)
        {
            return null;
        }
    }

    /// <summary>The command that was begun for this; null when there is none.</summary>
    private async Task<IShellCommand?> TakeAsync(string commandLine, CancellationToken cancellationToken)
    {
        Begun? begun;
        lock (_lock)
        {
            (begun, _begun) = (_begun, null);
        }
        if (begun is null)
        {
            return null;
        }
        var isWanted = false;
        try
        {
            var command = begun.CommandLine == commandLine ? await begun.Start.WaitAsync(cancellationToken) : null;
            isWanted = command is { HasEnded: false };
            return isWanted ? command : null;
        }
        finally
        {
            if (!isWanted)
            {
                _ = EndAsync(begun.Start);
            }
        }

        static async Task EndAsync(Task<IShellCommand?> start) => (await start)?.Dispose();
    }

    private static async Task<ShellAnswer> ExchangeAsync(IShellCommand command, ShellRequest request, IDisposable? place, CancellationToken cancellationToken)
    {
        var writing = WriteAsync(command, request.Input, cancellationToken);
        try
        {
            var output = new ArrayBufferWriter<byte>();
            while (await command.ReadAsync(output.GetMemory(ReadSize), cancellationToken) is var count and > 0)
            {
                place?.Dispose();
                output.Advance(count);
                if (output.WrittenCount > request.OutputLimit)
                {
                    // More than any honest answer: there is a text in it that is not the command's.
                    return new ShellAnswer(output.WrittenMemory, command.ErrorText, null) { Failure = "it writes more than it was asked for" };
                }
            }
            var status = await command.WaitForExitAsync(cancellationToken);
            return new ShellAnswer(output.WrittenMemory, command.ErrorText, status);
        }
        finally
        {
            command.Dispose();
            await writing;
        }
    }

    /// <summary>A command that does not read all tells why in its output and its status.</summary>
    private static async Task WriteAsync(IShellCommand command, ReadOnlyMemory<byte> input, CancellationToken cancellationToken)
    {
        try
        {
            await command.WriteAllAsync(input, cancellationToken);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException)
        {
        }
    }

    private static ShellAnswer Failed(string reason) => new(ReadOnlyMemory<byte>.Empty, "", null) { Failure = reason };

    /// <summary>A command that waits for its input; null where it could not be started.</summary>
    private sealed record Begun(string CommandLine, Task<IShellCommand?> Start);
}
