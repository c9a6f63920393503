using DepSync.Model;
using static DepSync.Tests.Reporting.ReportingFixture;

namespace DepSync.Tests.Reporting;

public sealed class TroubleReporterTests
{
    private readonly ReportingFixture _fixture = new();

    [Fact]
    public void Deferred_files_and_held_deletes_come_with_the_reason()
    {
        var result = Synced("a") with { Deferred = 1, DeletesHeld = 4 };
        Show([Started("a", "b"), Deferred("a", "carbonapps/big.car"), Deferred("b", "carbonapps/big.car")], Done(24, result, result with { Worker = "b", DeletesHeld = 0 }));

        Assert.Equal(
            """
            deferred: all 2 workers: carbonapps/big.car: somebody was still writing it a moment ago
              hint: the workers keep their old version of it; the next run tries again (exit 24)
            held: a: 4 deletes not made, because files in the same top folders are deferred
            """,
            Text(_fixture.Error));
    }

    [Fact]
    public void Deletes_that_a_failure_holds_back_do_not_speak_of_deferred_files()
    {
        Show([Started("a")], Done(23, Synced("a") with { DeletesHeld = 2 }));
        Assert.StartsWith("held: a: 2 deletes not made, because other changes in the same top folders failed", Text(_fixture.Error), StringComparison.Ordinal);
    }

    [Fact]
    public void An_unreadable_source_entry_explains_why_nothing_is_removed()
    {
        var done = Done(23, Synced("a") with { DeletesHeld = 1 });
        done = done with { Report = done.Report with { SourceProblems = [new Problem(RelativePath.Parse("lib/x"), "permission denied")] } };
        Show([Started("a")], done);

        Assert.Equal(
            """
            held: a: 1 delete not made, because the manager directory could not be read whole
            error: manager: lib/x: permission denied
              hint: nothing is removed on any worker until the whole manager directory can be read (exit 23)
            """,
            Text(_fixture.Error));
    }

    [Fact]
    public void A_problem_raised_and_in_the_result_is_told_once_with_all_its_workers()
    {
        var problem = new Problem(RelativePath.Parse("x"), "owned by root, the login is wso2");
        var result = Synced("a") with { Problems = [problem] };
        Show(
            [Started("a", "b", "c"), new EntryFailed(problem) { Worker = "a" }],
            Done(23, result, result with { Worker = "b" }, Unchanged("c")));

        Assert.Equal("error: a, b: x: owned by root, the login is wso2", Text(_fixture.Error));
        Assert.Contains("a  incomplete  3 created, 1 updated, 0 deleted, 1.2 MB, 1 problem in 0.8 s (generation 12)", _fixture.Out.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_thousand_problems_do_not_bury_the_error()
    {
        var problems = Enumerable.Range(0, 1000).Select(i => new Problem(RelativePath.Parse($"f{i:000}"), "no space")).ToArray();
        Show([Started("web")], Done(23, Failed("web") with { Problems = problems }));

        var lines = Text(_fixture.Error).Split('\n');
        Assert.Equal("... and 980 more problems (-v shows all)", lines[^3]);
        Assert.Equal("error: web: 10.0.0.2 port 22: connection refused", lines[^2]);
    }

    [Fact]
    public void A_worker_that_is_the_same_directory_as_another_is_skipped_with_the_reason()
    {
        Show(
            [Started("a", "b")],
            Done(0, Synced("a"), Unchanged("b") with { Status = WorkerStatus.Skipped, Error = new WorkerError(ErrorKind.Duplicate, "same directory as a", null) }));

        Assert.Equal("skipped: b: same directory as a", Text(_fixture.Error));
    }

    [Fact]
    public void A_message_that_names_the_worker_itself_is_not_given_its_name_again()
    {
        Show([Started("node-1")], Done(45, Failed("node-1") with { Error = new WorkerError(ErrorKind.HostKey, "node-1: unknown host key", null) }));

        Assert.Equal("error: node-1: unknown host key", Text(_fixture.Error));
    }

    [Fact]
    public void An_interrupted_run_says_so()
    {
        var done = Done(20, Synced("a"));
        Show([Started("a")], done with { Report = done.Report with { Ended = ErrorKind.Interrupted } });

        Assert.Equal("error: the run was interrupted\n  hint: what is not done yet is done by the next run", Text(_fixture.Error));
    }

    private void Show(RunEvent[] events, RunDone done) => _fixture.Show(_fixture.Options, Run(events, done));
}
