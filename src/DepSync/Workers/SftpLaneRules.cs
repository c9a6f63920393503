namespace DepSync.Workers;

/// <summary>
/// How many sessions of one connection a load is worth, and how many files are under way on them.
/// <para>Over a long line each carries what sshd takes on a channel, and has as many files and directories under way as its server has handles for. Where answers come soon, further sessions are for many
/// files or entries, because a server does one thing at a time. Measured over loopback on two processors, medians of 8: 10,000 files take 0.69 s on one, 0.56 on two, 0.51 on three and on four; the client takes 0.60, 0.48
/// and 0.45 s of processor time, because replies wait for each other instead of waking it one by one. 1,000 files: 0.13 and 0.11 s. With many workers at once the manager has enough to do: eight with
/// 10,000 files each take 3.7 s on one session each, 4.0 on two, 4.3 on four; two workers 1.3, 1.0 and 0.9 s.</para>
/// <para>Pure.</para>
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

    /// <summary>Nearby, a session for so many: it takes some milliseconds to open.</summary>
    private const int FilesOfSession = 1_000;

    /// <summary>
    /// Nearby, to list so many: a server looks at each. A run without changes of 10,000 files takes 0.12 s with two, 0.14 s with one (medians of 15, <c>fast</c>); of 100,000 on a busy machine
    /// 1.4 s with four, 1.6 s with one.
    /// </summary>
    private const int EntriesOfSession = 5_000;

    /// <summary>Directories under way on a session where no round trip is to be hidden: more would be asked of the first session before another one is there.</summary>
    private const int ListingsNearby = 64;

    /// <summary>A server takes some 5 microseconds an entry; few directories hold fewer than ten.</summary>
    private const int DirectoriesPerMillisecond = 20;

    /// <summary>With so many sessions of all workers under way the manager has no time to wait for a server.</summary>
    private const int SessionsOfProcessor = 4;

    /// <summary>OpenSSH's server takes some 40 microseconds a small file, and the manager as much of a processor's time.</summary>
    private const int FilesPerMillisecond = 25;

    /// <summary>Of one worker. Small ones of 4 KiB fill the bytes that may be under way with half of that.</summary>
    private const int MostFiles = 8_192;

    /// <summary>Of all workers that are served at once. Eight with 2,000 files each take as long with 128 under way on each as with 256, and 70 MB instead of 97.</summary>
    private const int FilesOfWorkers = 1_024;

    /// <summary>Measured with 32 workers and 2,000 files each: 32 take as long as 64 (2.87 s), and 114 MB instead of 128.</summary>
    private const int FewestFiles = 32;

    /// <summary>Of all workers that are served at once: what is read to be sent and not acknowledged.</summary>
    private const long BytesOfWorkers = 16 << 20;

    /// <summary>Two of the longest writes: one is on its way while the other is read and hashed.</summary>
    private const long FewestBytes = 512 << 10;

    /// <summary>sshd's MaxSessions unless it was changed.</summary>
    private const int SessionsOfConnection = 10;

    /// <summary>Where anything is staged.</summary>
    public int Least { get; init; } = 1;

    /// <summary>Each takes a process on the worker.</summary>
    public int Most { get; init; } = 4;

    /// <summary>Where no round trip speaks for them, only the number of files or entries.</summary>
    public int MostNearby { get; init; } = 4;

    /// <summary>Null: as it is measured when the worker is connected.</summary>
    public TimeSpan? RoundTrip { get; init; }

    /// <summary>What one session may have open.</summary>
    public int Files { get; init; } = WorkerCapabilities.UsualFilesInFlight;

    /// <summary>What is under way where no round trip is to be hidden.</summary>
    public int FilesNearby { get; init; } = WorkerCapabilities.UsualFilesInFlight;

    /// <summary>What the manager has time to send to one worker: processors for each of those that are served at once.</summary>
    public double Processors { get; init; } = 1;

    /// <summary>Bytes under way on one session where no round trip is to be hidden.</summary>
    public long BytesNearby { get; init; } = WorkerCapabilities.UsualBytesInFlight;

    private double Milliseconds => RoundTrip?.TotalMilliseconds ?? 0;

    /// <summary>These, where so many workers are served at once.</summary>
    public SftpLaneRules Among(int workers, int processors) => this with
    {
        MostNearby = Math.Max(SessionsOfProcessor * processors / Math.Max(workers, 1), 1),
        FilesNearby = Math.Clamp(FilesOfWorkers / Math.Max(workers, 1), FewestFiles, WorkerCapabilities.UsualFilesInFlight),
        BytesNearby = Math.Clamp(BytesOfWorkers / Math.Max(workers, 1), FewestBytes, WorkerCapabilities.UsualBytesInFlight),
        Processors = Math.Min((double)processors / Math.Max(workers, 1), 1),
    };

    /// <summary>
    /// These, where so many targets share a connection. If all open further sessions at once there are, for each of n targets: its sessions, a command, and n that are opened to try whether there is room for a
    /// command of each. That is n (sessions + n + 1), no more than the server allows.
    /// </summary>
    public SftpLaneRules Beside(int targets) => this with { Most = Math.Clamp((SessionsOfConnection / targets) - targets - 1, 1, Most) };

    public int SessionsFor(WorkLoad load)
    {
        var useful = Math.Ceiling(Milliseconds * BytesPerMillisecond / BytesOfRoundTrip);
        var bytes = (load.Bytes + (load.Files * BytesOfFile)) / BytesOfRoundTrip;
        var files = TripsOfHandle * load.Files / Files;
        var directories = TripsOfHandle * load.Directories / WorkerCapabilities.UsualListingsInFlight;
        var trips = Math.Max(Math.Max(bytes, files), directories);
        var far = Math.Min(useful, trips / TripsOfSession);
        var toStage = Math.Ceiling(load.Files / Math.Max(FilesOfSession, TripsOfSession * Milliseconds * FilesPerMillisecond));
        var near = Math.Min(MostNearby, Math.Max(toStage, load.Entries / EntriesOfSession));
        return (int)Math.Clamp(Math.Max(far, near), load.Files > 0 ? Math.Min(Least, Most) : 1, Most);
    }

    /// <summary>As many directories as the servers list in the round trips of one, beside those that they are at work on.</summary>
    public int ListingsInFlight(int sessions) => sessions * (int)Math.Min(ListingsNearby + (TripsOfHandle * DirectoriesPerMillisecond * Milliseconds), WorkerCapabilities.UsualListingsInFlight);

    /// <summary>What the manager and the servers could stage in the round trips of a file, beside those that they are at work on, so that no round trip is waited for.</summary>
    public int FilesUnderWay => (int)Math.Min(FilesNearby + (TripsOfHandle * Milliseconds * FilesPerMillisecond * Processors), MostFiles);

    /// <summary>Of those, how many may be open: no more than the servers have handles for.</summary>
    public int FilesInFlight(int sessions) => (int)Math.Min(FilesUnderWay, (long)Files * sessions);

    /// <summary>What the manager could send in a round trip, beside that which it is at work on.</summary>
    public long BytesInFlight(int sessions) =>
        sessions * (long)Math.Min(BytesNearby + (Milliseconds * BytesPerMillisecond * Processors), WorkerCapabilities.UsualBytesInFlight);
}
