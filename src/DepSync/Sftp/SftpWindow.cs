namespace DepSync.Sftp;

/// <summary>How much may be asked for or sent and not be answered yet.</summary>
internal readonly record struct SftpWindow(int Requests, int Bytes)
{
    private const int MostRequests = 8192;

    /// <summary>sshd takes 2 MiB a round trip on a channel; the rest is on its way through the sockets.</summary>
    private const int MostBytes = 4 << 20;

    /// <summary>What OpenSSH's server does with small files: 10,000 of them in 0.4 s, five requests each. Below some 17 ms nothing changes, so a LAN that stumbles keeps its window.</summary>
    private const double RequestsPerMillisecond = 60;

    /// <summary>A third of what a gigabit line carries.</summary>
    private const double BytesPerMillisecond = 40_000;

    /// <summary>This, or as much more as the server could do in a round trip: with the window of a LAN it would wait most of the time.</summary>
    public SftpWindow Over(TimeSpan roundTrip)
    {
        var milliseconds = Math.Max(roundTrip.TotalMilliseconds, 0);
        return new SftpWindow(
            Math.Max(Requests, (int)Math.Min(milliseconds * RequestsPerMillisecond, MostRequests)),
            Math.Max(Bytes, (int)Math.Min(milliseconds * BytesPerMillisecond, MostBytes)));
    }
}
