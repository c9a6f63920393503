namespace DepSync.Workers;

/// <summary>
/// Opens a duplex byte stream to an SFTP server: over an <c>ssh</c> process or over SSH.NET. The stream ends (read 0 or IOException) when the connection does;
/// disposing it ends the connection at once and cannot hang.
/// </summary>
internal interface IWorkerTransport
{
    /// <exception cref="Model.WorkerLostException">Not reached (Unreachable), host key refused (HostKey), not let in (Login); the message names host and reason, the hint the mend.</exception>
    Task<TransportStream> OpenAsync(CancellationToken cancellationToken);
}

/// <summary>The open stream, and what the peer wrote to its error channel so far (bounded, unescaped), for the message when the session fails.</summary>
internal sealed record TransportStream(Stream Stream, Func<string> ErrorText)
{
    /// <summary>Starts commands beside it; null where none may be run.</summary>
    public StartShellCommand? StartCommand { get; init; }

    /// <summary>Whether each of these comes over a connection of its own.</summary>
    public bool EachCommandIsALogin { get; init; }
}
