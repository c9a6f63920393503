namespace DepSync.Workers;

/// <summary>How an SFTP worker is waited for.</summary>
internal sealed record SftpWorkerOptions(TimeSpan IdleTimeout, TimeProvider Clock)
{
    /// <summary>As <see cref="Sftp.SftpOptions.GatherReplies"/>.</summary>
    public TimeSpan GatherReplies { get; init; }
}
