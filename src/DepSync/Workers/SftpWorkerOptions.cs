namespace DepSync.Workers;

/// <summary>How an SFTP worker is waited for.</summary>
internal sealed record SftpWorkerOptions(TimeSpan IdleTimeout, TimeProvider Clock)
{
    /// <summary>As <see cref="Sftp.SftpOptions.GatherReplies"/>.</summary>
    public TimeSpan GatherReplies { get; init; }

    /// <summary>As <see cref="Sftp.SftpOptions.WindowBytes"/>; null: its default.</summary>
    public int? WindowBytes { get; init; }

    /// <summary>How many sessions a load is worth; what is known of this worker is filled in.</summary>
    public SftpLaneRules Lanes { get; init; } = new();

    /// <summary>As <see cref="ShellRunner.EnterLogin"/>.</summary>
    public Func<CancellationToken, Task<IDisposable>>? EnterLogin { get; init; }

    /// <summary>Null: nothing is asked before the target is found.</summary>
    public PlaceGuess? Guess { get; init; }

    /// <summary>Is told what the log should have of this worker; any thread.</summary>
    public Action<string> Tell { get; init; } = static _ => { };
}
