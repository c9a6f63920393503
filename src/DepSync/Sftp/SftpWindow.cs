namespace DepSync.Sftp;

/// <summary>How much may be asked for or sent and not be answered yet.</summary>
internal readonly record struct SftpWindow(int Requests, int Bytes)
{
    /// <summary>
    /// On a LAN the window fills the server's time between two reads and nothing more: OpenSSH's server copies its whole input queue for each read, so with 16 MiB queued in 8 KiB
    /// writes it takes minutes for what takes 0.2 s within 1 MiB.
    /// </summary>
    public static SftpWindow Lan { get; } = new(1024, 1024 * 1024);

    private static readonly TimeSpan LanRoundTrip = TimeSpan.FromMilliseconds(4);

    /// <summary>With a long round trip the window has to hold what the server could do meanwhile: 10,000 small files take 2.4 times as long at 100 ms with the LAN's window.</summary>
    public static SftpWindow For(TimeSpan roundTrip)
    {
        var factor = Math.Max(roundTrip / LanRoundTrip, 1);
        return new SftpWindow((int)Math.Min(Lan.Requests * factor, 8 * Lan.Requests), (int)Math.Min(Lan.Bytes * factor, 4.0 * Lan.Bytes));
    }
}
