namespace DepSync.Workers;

/// <summary>How an SFTP worker is waited for.</summary>
internal sealed record SftpWorkerOptions(TimeSpan IdleTimeout, TimeProvider Clock);
