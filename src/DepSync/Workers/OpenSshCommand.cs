using DepSync.Platform;

namespace DepSync.Workers;

/// <summary>A command in an <c>ssh</c> process of its own. As <see cref="IShellCommand"/>; ssh's own failures show as no output, status 255 and its words.</summary>
internal sealed class OpenSshCommand(RunningProcess process) : IShellCommand
{
    /// <summary>How long a process that closed its output may take to end and to say why.</summary>
    private static readonly TimeSpan LastWords = TimeSpan.FromSeconds(2);

    public string ErrorText => process.ErrorText;

    public async Task WriteAllAsync(ReadOnlyMemory<byte> input, CancellationToken cancellationToken)
    {
        await using var killing = cancellationToken.UnsafeRegister(static process => ((RunningProcess)process!).Kill(), process);
        await process.Input.WriteAsync(input, cancellationToken);
        await process.Input.DisposeAsync();
    }

    /// <summary>A read of a pipe cannot be cancelled; the end of the process ends it.</summary>
    public async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        await using var killing = cancellationToken.UnsafeRegister(static process => ((RunningProcess)process!).Kill(), process);
        var count = await process.Output.ReadAsync(buffer, cancellationToken);
        cancellationToken.ThrowIfCancellationRequested();
        return count;
    }

    public Task<int?> WaitForExitAsync(CancellationToken cancellationToken) => process.WaitForExitAsync(LastWords).WaitAsync(cancellationToken);

    public void Dispose() => process.Dispose();
}
