namespace DepSync.Workers;

/// <summary>How an SFTP worker is waited for.</summary>
internal sealed record SftpWorkerOptions(TimeSpan IdleTimeout, TimeProvider Clock)
{
    /// <summary>As <see cref="Sftp.SftpOptions.GatherReplies"/>.</summary>
    public TimeSpan GatherReplies { get; init; }

    /// <summary>As <see cref="Sftp.SftpOptions.WindowBytes"/>; null: its default.</summary>
    public int? WindowBytes { get; init; }

    /// <summary>How many sessions a load is worth, asked for each load; what is known of this worker is filled in.</summary>
    public Func<SftpLaneRules> Lanes { get; init; } = static () => new SftpLaneRules();

    /// <summary>Is told once that the worker was disposed.</summary>
    public Action Ended { get; init; } = static () => { };

    /// <summary>As <see cref="ShellRunner.EnterLogin"/>.</summary>
    public Func<CancellationToken, Task<IDisposable>>? EnterLogin { get; init; }

    /// <summary>Is told what the log should have of this worker; any thread.</summary>
    public Action<string> Tell { get; init; } = static _ => { };
}
