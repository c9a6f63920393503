namespace DepSync.Workers;

/// <summary>
/// Opens a duplex byte stream to an SFTP server: over an <c>ssh</c> process or over SSH.NET. The stream ends (read 0 or IOException) when the connection does;
/// disposing it ends the connection at once and cannot hang; where others have taken streams of it, the connection ends with the last of them.
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

    /// <summary>
    /// Opens further SFTP servers for the same login on the same connection; null where there is no way. Disposing one of the streams ends that server alone, and waits for nothing.
    /// </summary>
    public OpenMoreStreams? OpenMore { get; init; }

    /// <summary>How many targets the connection is for.</summary>
    public int Targets { get; init; } = 1;

    /// <summary>The streams of the other targets, as soon as they are open and as many as the server lets be; does not fail.</summary>
    public Task<IReadOnlyList<TakeStream>> Others { get; init; } = Task.FromResult<IReadOnlyList<TakeStream>>([]);

    /// <summary>As <see cref="Sftp.SftpOptions.HeldBackUntil"/>; null: nothing is held back.</summary>
    public Func<long>? HeldBackUntil { get; init; }

    /// <summary>Whether each of its commands comes over a connection of its own.</summary>
    public bool EachCommandIsALogin { get; init; }
}

/// <summary>The stream of another target, which is the caller's from then on; null when a target has left the connection by then, for whatever reason. To be called once.</summary>
internal delegate TransportStream? TakeStream();

/// <summary>As many of so many further streams as the server lets be, and leaves room for a command of each target beside them; none when it refuses or the connection is over.</summary>
internal delegate Task<IReadOnlyList<TransportStream>> OpenMoreStreams(int count, CancellationToken cancellationToken);
