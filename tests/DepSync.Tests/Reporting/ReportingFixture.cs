using System.Text;
using DepSync.Model;
using DepSync.Reporting;

namespace DepSync.Tests.Reporting;

/// <summary>Events to feed a reporter with, and the two streams it writes to.</summary>
internal sealed class ReportingFixture
{
    public static readonly DateTimeOffset Start = new(2026, 3, 4, 5, 6, 7, 89, TimeSpan.Zero);

    public StringWriter Out { get; } = new();

    public StringWriter Error { get; } = new();

    public ManualTime Time { get; } = new(Start);

    public OutputOptions Options => new() { Out = new OutputStream(Out, IsTerminal: false), Error = new OutputStream(Error, IsTerminal: false) };

    public OutputOptions TerminalOptions => Options with
    {
        Out = new OutputStream(Out, IsTerminal: true),
        Error = new OutputStream(Error, IsTerminal: true),
        Color = Appearance.Never,
        Progress = Appearance.Never,
        Window = static () => (120, 40),
    };

    public static RunStarted Started(params string[] workers) => new("r1", "/srv/manager", workers, DryRun: false, []);

    public static RelativePath Raw(string latin1) =>
        RelativePath.TryParse(Encoding.Latin1.GetBytes(latin1), out var path) ? path : throw new FormatException(latin1);

    public static EntryChanged Created(string worker, string path, long size = 12) => Changed(worker, new Change
    {
        Path = RelativePath.Parse(path),
        Action = ChangeAction.Create,
        Kind = EntryKind.File,
        Reason = ChangeReason.Source,
        Source = new FileEntry { Path = RelativePath.Parse(path), Kind = EntryKind.File, Size = size },
    });

    public static EntryChanged Deleted(string worker, RelativePath path) => Changed(worker, new Change
    {
        Path = path,
        Action = ChangeAction.Delete,
        Kind = EntryKind.File,
        Reason = ChangeReason.Drift,
        Worker = new FileEntry { Path = path, Kind = EntryKind.File, Size = 99 },
    });

    public static EntryChanged Changed(string worker, Change change) => new(change) { Worker = worker };

    public static EntryDeferred Deferred(string worker, string path) =>
        new(new FileEntry { Path = RelativePath.Parse(path), Kind = EntryKind.File, Deferral = Deferral.Unsettled }) { Worker = worker };

    public static WorkerResult Synced(string worker) => new()
    {
        Worker = worker,
        Status = WorkerStatus.Synced,
        Created = 3,
        Updated = 1,
        BytesSent = 1_200_000,
        BytesTotal = 1_300_000,
        Elapsed = TimeSpan.FromMilliseconds(834),
        CommitTime = TimeSpan.FromMilliseconds(41.6),
        Generation = 12,
    };

    public static WorkerResult Unchanged(string worker) => new() { Worker = worker, Status = WorkerStatus.Unchanged, Elapsed = TimeSpan.FromSeconds(0.2), Generation = 12 };

    public static WorkerResult Failed(string worker) => new()
    {
        Worker = worker,
        Status = WorkerStatus.Failed,
        Elapsed = TimeSpan.FromSeconds(10),
        Error = new WorkerError(ErrorKind.Unreachable, "10.0.0.2 port 22: connection refused", "is sshd running there?"),
    };

    public static RunDone Done(int exitCode, params WorkerResult[] results) =>
        new(new RunReport { Workers = results, Elapsed = TimeSpan.FromSeconds(2.14) }, exitCode);

    /// <summary>A run: the given events, then each result as done, then the end.</summary>
    public static IEnumerable<RunEvent> Run(RunEvent[] events, RunDone done) =>
        [.. events, .. done.Report.Workers.Select(static result => new WorkerDone(result) { Worker = result.Worker }), done];

    public void Show(OutputOptions options, IEnumerable<RunEvent> events)
    {
        using var output = new RunOutput(options, Time, static result => result.Status == WorkerStatus.Failed ? 45 : 0);
        foreach (var runEvent in events)
        {
            output.On(runEvent);
        }
    }

    /// <summary>What was written, with LF ends and without the last one.</summary>
    public static string Text(StringWriter writer) => writer.ToString().TrimEnd('\n');
}

/// <summary>A clock that a test moves; its timers fire when it is moved past them.</summary>
internal sealed class ManualTime(DateTimeOffset start) : TimeProvider
{
    private readonly List<ManualTimer> _timers = [];
    private TimeSpan _passed;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override TimeZoneInfo LocalTimeZone { get; } = TimeZoneInfo.CreateCustomTimeZone("test", TimeSpan.FromHours(2), "test", "test");

    public override DateTimeOffset GetUtcNow() => start + _passed;

    public override long GetTimestamp() => 1_000_000 + _passed.Ticks;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new ManualTimer(this, () => callback(state));
        timer.Change(dueTime, period);
        _timers.Add(timer);
        return timer;
    }

    /// <summary>Moves the clock and fires every timer that is due by then, once.</summary>
    public void Pass(TimeSpan time)
    {
        _passed += time;
        _timers.Where(timer => timer.Due <= _passed).ToList().ForEach(static timer => timer.Fire());
    }

    private sealed class ManualTimer(ManualTime clock, Action fire) : ITimer
    {
        private TimeSpan _period;

        /// <summary>Null when nothing is to come.</summary>
        public TimeSpan? Due { get; private set; }

        public void Fire()
        {
            Due = From(_period);
            fire();
        }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            (Due, _period) = (From(dueTime), period);
            return true;
        }

        public void Dispose() => Due = null;

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }

        private TimeSpan? From(TimeSpan span) => span == Timeout.InfiniteTimeSpan ? null : clock._passed + span;
    }
}
