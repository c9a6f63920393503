namespace DepSync.Sftp;

/// <summary>Bounds of one session.</summary>
internal sealed record SftpOptions
{
    /// <summary>Counts while a reply is owed. fsync and copy-data have their own patience when that is longer.</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromSeconds(30);

    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>
    /// Bytes that are asked for or sent and not answered yet. OpenSSH's server copies its whole input queue for each read: with 16 MiB queued in 8 KiB
    /// writes it takes minutes for what takes 0.2 s within 1 MiB.
    /// </summary>
    public int WindowBytes { get; init; } = 1024 * 1024;

    public int WindowRequests { get; init; } = 1024;

    /// <summary>Whether <see cref="SftpSession.Widen"/> counts: not where a rate bounds what may be in flight.</summary>
    public bool WindowFollowsRoundTrip { get; init; } = true;

    /// <summary>
    /// A pause before reading while many replies are owed, so that they come in batches. Zero: none. Worth it where each reply wakes a thread and costs far more than itself.
    /// </summary>
    public TimeSpan GatherReplies { get; init; }

    /// <summary>
    /// The clock's timestamp up to which this side itself held bytes back below the session: nobody can answer what has not gone out, so idleness counts from there.
    /// </summary>
    public Func<long> HeldBackUntil { get; init; } = static () => long.MinValue;

    /// <summary>Keeps an endless listing from taking all memory; no deployment folder comes near.</summary>
    public int MaxDirectoryEntries { get; init; } = 5_000_000;
}
