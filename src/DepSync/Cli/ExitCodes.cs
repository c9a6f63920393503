using DepSync.Config;
using DepSync.Model;

namespace DepSync.Cli;

/// <summary>Every exit code and what it means. Numbers are shared with rsync where the meaning is the same, so that existing monitors keep working. Pure.</summary>
internal static class ExitCodes
{
    public const int Success = 0;
    public const int Usage = 1;
    public const int Differences = 2;
    public const int Source = 3;
    public const int LocalFiles = 11;
    public const int Interrupted = 20;
    public const int Partial = 23;
    public const int Deferred = 24;
    public const int Guard = 25;
    public const int MaxTime = 30;
    public const int LockHeld = 40;
    public const int Fenced = 41;
    public const int Unreachable = 45;

    /// <summary>By number, as the help shows them.</summary>
    public static IReadOnlyList<(int Code, string Meaning)> Meanings { get; } =
    [
        (Success, "every worker is in sync, changed or not (dry run: a plan was made)"),
        (Usage, "usage or configuration"),
        (Differences, "only with --detailed-exitcode: fine, and there are (dry run) or were differences"),
        (Source, "manager directory missing, unreadable or not a directory; workers list missing or empty"),
        (LocalFiles, "this machine's files: state, log or lock cannot be written"),
        (Interrupted, "interrupted (SIGINT, SIGTERM, SIGHUP)"),
        (Partial, "some workers or entries failed, the others are done"),
        (Deferred, "done, but files were deferred"),
        (Guard, "a guard refused a worker"),
        (MaxTime, "--max-time is over"),
        (LockHeld, "another run holds the lock"),
        (Fenced, "fenced: another manager owns a worker, or owned it meanwhile"),
        (Unreachable, "no worker could be reached or logged in to"),
    ];

    /// <summary>Where several apply, the first of these counts: what keeps the next run from working too comes before what it puts right.</summary>
    public static IReadOnlyList<int> Order { get; } =
        [Usage, Source, LocalFiles, LockHeld, Interrupted, MaxTime, Fenced, Guard, Unreachable, Partial, Deferred, Differences, Success];

    /// <summary>Those of the verbs that only look.</summary>
    public static IReadOnlyList<int> OfLooking { get; } = [Success, Usage, Source, Interrupted, Partial, Unreachable];

    public static int ForError(ErrorKind kind) => kind switch
    {
        ErrorKind.Usage or ErrorKind.Config => Usage,
        ErrorKind.Source => Source,
        ErrorKind.LocalFiles => LocalFiles,
        ErrorKind.LockHeld => LockHeld,
        ErrorKind.Interrupted => Interrupted,
        ErrorKind.MaxTime => MaxTime,
        ErrorKind.Fenced => Fenced,
        ErrorKind.Guard => Guard,
        ErrorKind.Unreachable or ErrorKind.HostKey or ErrorKind.Login => Unreachable,
        // The directory was pushed under its other name.
        ErrorKind.Duplicate => Success,
        _ => Partial,
    };

    /// <summary>A worker's own code: 0, 20, 23, 24, 25, 30, 41 or 45.</summary>
    public static int ForWorker(WorkerResult result)
    {
        var error = OfError(result);
        return Worst([
            error is Usage or Source or LocalFiles or LockHeld ? Partial : error,
            result.Problems.Count > 0 ? Partial : Success,
            result.Deferred > 0 ? Deferred : Success,
        ]);
    }

    public static int ForRun(RunReport report, RunConfig config)
    {
        var code = Worst([
            .. OfWorkers(report.Workers.Select(ForWorker)),
            .. report.Workers.Where(w => w.Error?.Kind == ErrorKind.LocalFiles).Select(_ => LocalFiles),
            report.Ended is { } ended ? ForError(ended) : Success,
            report.SourceProblems.Count > 0 ? Partial : Success,
        ]);
        return code == Success && config.DetailedExitCode && report.Workers.Any(w => w.HasDifferences) ? Differences : code;
    }

    /// <summary>The code of several workers: 45 only if it is every worker's, otherwise the others went on and it is 23.</summary>
    public static int ForWorkers(IEnumerable<int> codes) => Worst(OfWorkers(codes));

    /// <summary>The first of <see cref="Order"/> that is among the codes; 0 for none.</summary>
    public static int Worst(IEnumerable<int> codes)
    {
        var all = codes.ToHashSet();
        return Order.FirstOrDefault(all.Contains, Success);
    }

    private static List<int> OfWorkers(IEnumerable<int> codes)
    {
        var all = codes.ToList();
        return all.TrueForAll(c => c == Unreachable) ? all : [.. all.Select(c => c == Unreachable ? Partial : c)];
    }

    private static int OfError(WorkerResult result) => result switch
    {
        { Error.Kind: var kind } => ForError(kind),
        { Status: WorkerStatus.Failed } => Partial,
        { Status: WorkerStatus.Refused } => Guard,
        _ => Success,
    };
}
