using DepSync.Cli;
using DepSync.Config;
using DepSync.Model;

namespace DepSync.Tests.Cli;

public sealed class ExitCodesTests
{
    private static readonly int[] Promised = [1, 3, 11, 40, 20, 30, 41, 25, 45, 23, 24, 2, 0];

    [Fact]
    public void The_order_is_the_promised_one_and_each_code_has_a_meaning()
    {
        Assert.Equal(Promised, ExitCodes.Order);
        Assert.Equal(Promised.Order(), ExitCodes.Meanings.Select(m => m.Code));
    }

    [Fact]
    public void Of_every_two_codes_the_first_of_the_order_counts()
    {
        for (var first = 0; first < Promised.Length; first++)
        {
            for (var second = first; second < Promised.Length; second++)
            {
                Assert.Equal(Promised[first], ExitCodes.Worst([Promised[first], Promised[second]]));
                Assert.Equal(Promised[first], ExitCodes.Worst([Promised[second], Promised[first]]));
            }
        }
    }

    [Theory]
    [InlineData(nameof(ErrorKind.Usage), 1)]
    [InlineData(nameof(ErrorKind.Config), 1)]
    [InlineData(nameof(ErrorKind.Source), 3)]
    [InlineData(nameof(ErrorKind.LocalFiles), 11)]
    [InlineData(nameof(ErrorKind.Interrupted), 20)]
    [InlineData(nameof(ErrorKind.Protocol), 23)]
    [InlineData(nameof(ErrorKind.ConnectionLost), 23)]
    [InlineData(nameof(ErrorKind.IdleTimeout), 23)]
    [InlineData(nameof(ErrorKind.Target), 23)]
    [InlineData(nameof(ErrorKind.Entries), 23)]
    [InlineData(nameof(ErrorKind.Guard), 25)]
    [InlineData(nameof(ErrorKind.MaxTime), 30)]
    [InlineData(nameof(ErrorKind.LockHeld), 40)]
    [InlineData(nameof(ErrorKind.Fenced), 41)]
    [InlineData(nameof(ErrorKind.Unreachable), 45)]
    [InlineData(nameof(ErrorKind.HostKey), 45)]
    [InlineData(nameof(ErrorKind.Login), 45)]
    [InlineData(nameof(ErrorKind.Duplicate), 0)]
    public void Every_kind_of_error_has_its_code(string kind, int code) => Assert.Equal(code, ExitCodes.ForError(Enum.Parse<ErrorKind>(kind)));

    [Fact]
    public void No_kind_of_error_is_forgotten() =>
        Assert.Equal(
            Enum.GetNames<ErrorKind>().Order(),
            typeof(ExitCodesTests).GetMethod(nameof(Every_kind_of_error_has_its_code))!.GetCustomAttributesData()
                .Where(a => a.AttributeType == typeof(InlineDataAttribute))
                .Select(a => (string)((IReadOnlyList<System.Reflection.CustomAttributeTypedArgument>)a.ConstructorArguments[0].Value!)[0].Value!)
                .Order());

    [Fact]
    public void A_worker_has_its_own_code()
    {
        Assert.Equal(0, ExitCodes.ForWorker(Worker()));
        Assert.Equal(0, ExitCodes.ForWorker(Worker() with { Created = 3 }));
        Assert.Equal(24, ExitCodes.ForWorker(Worker() with { Deferred = 1 }));
        Assert.Equal(23, ExitCodes.ForWorker(Worker() with { Deferred = 1, Problems = [Trouble] }));
        Assert.Equal(23, ExitCodes.ForWorker(Worker(ErrorKind.ConnectionLost)));
        Assert.Equal(25, ExitCodes.ForWorker(Worker(ErrorKind.Guard) with { Deferred = 1 }));
        Assert.Equal(41, ExitCodes.ForWorker(Worker(ErrorKind.Fenced) with { Problems = [Trouble] }));
        Assert.Equal(45, ExitCodes.ForWorker(Worker(ErrorKind.Login)));
        Assert.Equal(0, ExitCodes.ForWorker(Worker(ErrorKind.Duplicate)));
        Assert.Equal(23, ExitCodes.ForWorker(Worker() with { Status = WorkerStatus.Failed }));
        Assert.Equal(25, ExitCodes.ForWorker(Worker() with { Status = WorkerStatus.Refused }));
    }

    [Fact]
    public void A_worker_never_shows_a_code_of_the_run()
    {
        foreach (var kind in Enum.GetValues<ErrorKind>())
        {
            Assert.Contains(ExitCodes.ForWorker(Worker(kind)), new[] { 0, 20, 23, 24, 25, 30, 41, 45 });
        }
    }

    [Theory]
    [InlineData("45 45", 45)]
    [InlineData("45", 45)]
    [InlineData("45 0", 23)]
    [InlineData("45 24", 23)]
    [InlineData("45 23", 23)]
    [InlineData("45 25", 25)]
    [InlineData("45 41 0", 41)]
    [InlineData("24 0", 24)]
    [InlineData("0 0", 0)]
    [InlineData("", 0)]
    public void Forty_five_is_only_for_all_workers(string codes, int expected) =>
        Assert.Equal(expected, ExitCodes.ForWorkers(codes.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(c => int.Parse(c, System.Globalization.CultureInfo.InvariantCulture))));

    [Fact]
    public void The_run_has_the_code_of_what_counts_most()
    {
        Assert.Equal(0, Run(Report(Worker())));
        Assert.Equal(45, Run(Report(Worker(ErrorKind.Unreachable), Worker(ErrorKind.HostKey))));
        Assert.Equal(23, Run(Report(Worker(ErrorKind.Unreachable), Worker())));
        Assert.Equal(41, Run(Report(Worker(ErrorKind.Guard), Worker(ErrorKind.Fenced), Worker(ErrorKind.Unreachable))));
        Assert.Equal(20, Run(Report(Worker(ErrorKind.Fenced)) with { Ended = ErrorKind.Interrupted }));
        Assert.Equal(30, Run(Report(Worker()) with { Ended = ErrorKind.MaxTime }));
        Assert.Equal(23, Run(Report(Worker()) with { SourceProblems = [Trouble] }));
        Assert.Equal(25, Run(Report(Worker(ErrorKind.Guard)) with { SourceProblems = [Trouble] }));
        Assert.Equal(11, Run(Report(Worker(), Worker(ErrorKind.LocalFiles))));
    }

    [Fact]
    public void Differences_are_a_code_only_when_asked_for_and_nothing_else_is()
    {
        Assert.Equal(0, Run(Report(Worker() with { Deleted = 1 })));
        Assert.Equal(2, Run(Report(Worker(), Worker() with { Deleted = 1 }), detailed: true));
        Assert.Equal(0, Run(Report(Worker()), detailed: true));
        Assert.Equal(24, Run(Report(Worker() with { Updated = 1, Deferred = 1 }), detailed: true));
    }

    private static readonly Problem Trouble = new(RelativePath.Parse("a"), "cannot be read");

    private static int Run(RunReport report, bool detailed = false) => ExitCodes.ForRun(report, new RunConfig { ManagerDir = "/m", Workers = [], DetailedExitCode = detailed });

    private static RunReport Report(params WorkerResult[] workers) => new() { Workers = workers, Elapsed = TimeSpan.Zero };

    private static WorkerResult Worker(ErrorKind? error = null) => new()
    {
        Worker = "w",
        Status = error is null ? WorkerStatus.Synced : WorkerStatus.Failed,
        Error = error is { } kind ? new WorkerError(kind, "m", null) : null,
    };
}
