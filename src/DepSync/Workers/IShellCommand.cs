using DepSync.Model;

namespace DepSync.Workers;

/// <summary>Starts a command by the login shell of a worker. The line is a constant: nothing of a path or a name may be in it.</summary>
/// <exception cref="IOException">The server starts none, or the connection ended.</exception>
/// <exception cref="WorkerLostException">The program that carries it cannot be started here.</exception>
internal delegate Task<IShellCommand> StartShellCommand(string commandLine, CancellationToken cancellationToken);

/// <summary>
/// A command that runs on a worker: a channel of the open connection, or an <c>ssh</c> process. One reader and one writer at a time. Disposing ends it and cannot hang; what
/// it was doing on the worker ends at its next output at the latest.
/// </summary>
internal interface IShellCommand : IDisposable
{
    /// <summary>What it wrote to its error stream so far, bounded.</summary>
    string ErrorText { get; }

    /// <summary>Whether it is known here that it has ended.</summary>
    bool HasEnded => false;

    /// <summary>Writes all that the command is to read, and ends its input.</summary>
    /// <exception cref="IOException">The command ended before it read all.</exception>
    Task WriteAllAsync(ReadOnlyMemory<byte> input, CancellationToken cancellationToken);

    /// <summary>0 at the end of its output.</summary>
    /// <exception cref="IOException">The connection ended.</exception>
    ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken);

    /// <summary>Its exit status, once it has ended; null when it was killed or the server does not say.</summary>
    Task<int?> WaitForExitAsync(CancellationToken cancellationToken);
}
