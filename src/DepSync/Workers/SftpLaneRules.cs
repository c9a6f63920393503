namespace DepSync.Workers;

/// <summary>
/// How many sessions of one connection a load is worth. Where answers come soon one is enough: the client has more to do than the server, which works beside it. Over a long line each of them carries
/// what sshd takes on a channel, and has as many files and directories under way as its server has handles for. Pure.
/// </summary>
internal sealed record SftpLaneRules
{
    /// <summary>What sshd takes on a channel until it has told that it went on.</summary>
    private const double BytesOfRoundTrip = 2 << 20;

    /// <summary>Beside a file's bytes: opening, attributes, size, close.</summary>
    private const long BytesOfFile = 500;

    /// <summary>About what the client can send: a session more than that takes would be idle.</summary>
    private const double BytesPerMillisecond = 80_000;

    /// <summary>A file and a directory: opened, then all the rest.</summary>
    private const double TripsOfHandle = 2;

    /// <summary>Another session takes three round trips to open, and saves those that it takes over.</summary>
    private const int TripsOfSession = 3;

    /// <summary>Where anything is staged.</summary>
    public int Least { get; init; } = 1;

    /// <summary>sshd's MaxSessions is 10 unless it was changed, and each session takes a process on the worker.</summary>
    public int Most { get; init; } = 4;

    /// <summary>Null: as it is measured when the worker is connected.</summary>
    public TimeSpan? RoundTrip { get; init; }

    /// <summary>What one session may have open.</summary>
    public int Files { get; init; } = WorkerCapabilities.UsualFilesInFlight;

    public int SessionsFor(WorkLoad load)
    {
        var useful = Math.Ceiling((RoundTrip?.TotalMilliseconds ?? 0) * BytesPerMillisecond / BytesOfRoundTrip);
        var bytes = (load.Bytes + (load.Files * BytesOfFile)) / BytesOfRoundTrip;
        var files = TripsOfHandle * load.Files / Files;
        var directories = TripsOfHandle * load.Directories / WorkerCapabilities.UsualListingsInFlight;
        var trips = Math.Max(Math.Max(bytes, files), directories);
        return (int)Math.Clamp(Math.Min(useful, trips / TripsOfSession), load.Files > 0 ? Math.Min(Least, Most) : 1, Most);
    }
}
