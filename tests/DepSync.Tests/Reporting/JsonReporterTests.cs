using System.Text.Json;
using DepSync.Model;
using DepSync.Reporting;
using static DepSync.Tests.Reporting.ReportingFixture;

namespace DepSync.Tests.Reporting;

public sealed class JsonReporterTests
{
    private const string Head = """{"schema":1,"ts":"2026-03-04T05:06:07.089Z","run":"r1","type":""";

    private readonly ReportingFixture _fixture = new();

    [Fact]
    public void A_run_is_one_object_a_line_with_every_field()
    {
        Show(
            [Started("worker-1", "worker-2"), Created("worker-1", "carbonapps/Shop.car", 1_200_000), Deleted("worker-1", RelativePath.Parse("old.xml"))],
            Done(23, Synced("worker-1"), Failed("worker-2")));

        Assert.Equal(
            Head + """
            "run_started","manager_dir":"/srv/manager","workers":["worker-1","worker-2"],"dry_run":false}
            """ + "\n" + Head + """
            "change","worker":"worker-1","path":"carbonapps/Shop.car","action":"create","kind":"file","reason":"source","size":1200000,"itemize":"<f+++++++++ carbonapps/Shop.car"}
            """ + "\n" + Head + """
            "change","worker":"worker-1","path":"old.xml","action":"delete","kind":"file","reason":"drift","size":null,"itemize":"*deleting   old.xml"}
            """ + "\n" + Head + """
            "worker_done","worker":"worker-1","status":"synced","created":3,"updated":1,"deleted":0,"attributes":0,"deferred":0,"deletes_held":0,"bytes_sent":1200000,"bytes_total":1300000,"seconds":0.834,"commit_ms":42,"generation":12,"code":0,"error":null}
            """ + "\n" + Head + """
            "worker_done","worker":"worker-2","status":"failed","created":0,"updated":0,"deleted":0,"attributes":0,"deferred":0,"deletes_held":0,"bytes_sent":0,"bytes_total":0,"seconds":10,"commit_ms":0,"generation":null,"code":45,"error":{"kind":"unreachable","message":"10.0.0.2 port 22: connection refused","hint":"is sshd running there?"}}
            """ + "\n" + Head + """
            "run_done","exit_code":23,"workers_total":2,"workers_ok":1,"workers_failed":1,"seconds":2.14,"error":null}
            """ + "\n",
            _fixture.Out.ToString());
    }

    [Fact]
    public void Deferred_files_problems_and_notes_are_lines_of_their_own()
    {
        var problem = new Problem(RelativePath.Parse("a/b"), "permission denied");
        Show(
            [
                Started("worker-1"),
                Deferred("worker-1", "x.car"),
                new EntryFailed(problem) { Worker = "worker-1" },
                new EntryFailed(new Problem(RelativePath.Parse("c"), "I/O error")),
                new Note(NoteLevel.Detail, "for the log") { Worker = "worker-1" },
                new Note(NoteLevel.Warning, "not atomic on this server") { Worker = "worker-1" },
            ],
            Done(23, Synced("worker-1") with { Problems = [problem] }));

        Assert.Equal(
            [
                """
                "deferred","worker":"worker-1","path":"x.car","deferral":"unsettled"}
                """,
                """
                "problem","worker":"worker-1","path":"a/b","message":"permission denied"}
                """,
                """
                "problem","worker":null,"path":"c","message":"I/O error"}
                """,
                """
                "note","worker":"worker-1","level":"warning","message":"not atomic on this server"}
                """,
            ],
            Lines()[1..5].Select(line => line[Head.Length..]));
        Assert.Equal(7, Lines().Length);
    }

    [Theory]
    [InlineData("a\nb", "a\\nb")]
    [InlineData("a\e[2Jb", "a\\u001B[2Jb")]
    [InlineData("a\u007Fb", "a\\u007Fb")]
    [InlineData("a\u009Bb", "a\\u009Bb")]
    [InlineData("a\u202Eb", "a\\u202Eb")]
    [InlineData("a\u2028b", "a\\u2028b")]
    [InlineData("ä漢<&'+", "ä漢<&'+")]
    [InlineData("q\"\\", "q\\\"\\\\")]
    public void A_hostile_name_stays_inside_its_string_and_reads_back_the_same(string name, string written)
    {
        Show([Started("worker-1"), Deleted("worker-1", RelativePath.Parse(name))], Done(0, Synced("worker-1")));

        Assert.Contains($"\"path\":\"{written}\"", Lines()[1], StringComparison.Ordinal);
        using var json = JsonDocument.Parse(Lines()[1]);
        Assert.Equal(name, json.RootElement.GetProperty("path").GetString());
    }

    [Fact]
    public void Bytes_that_are_not_UTF8_come_in_base64_as_well()
    {
        Show([Started("worker-1"), Deleted("worker-1", Raw("caf\u00E9"))], Done(0, Synced("worker-1")));

        Assert.Contains("\"path\":\"caf\uFFFD\",\"path_base64\":\"Y2Fm6Q==\",", Lines()[1], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(EntryKind.File, ChangeAction.Update, "7")]
    [InlineData(EntryKind.File, ChangeAction.Attributes, "7")]
    [InlineData(EntryKind.File, ChangeAction.Delete, "null")]
    [InlineData(EntryKind.Directory, ChangeAction.Create, "null")]
    [InlineData(EntryKind.Symlink, ChangeAction.Create, "3")]
    public void Size_is_null_for_deletes_and_directories(object kind, object action, string size)
    {
        var path = RelativePath.Parse("x");
        Show(
            [
                Started("worker-1"),
                Changed("worker-1", new Change
                {
                    Path = path,
                    Action = (ChangeAction)action,
                    Kind = (EntryKind)kind,
                    Reason = ChangeReason.Source,
                    Source = new FileEntry { Path = path, Kind = (EntryKind)kind, Size = (EntryKind)kind == EntryKind.File ? 7 : 0, LinkTarget = "abc"u8.ToArray() },
                }),
            ],
            Done(0, Synced("worker-1")));

        Assert.Contains($"\"size\":{size},", Lines()[1], StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_that_cannot_go_on_still_ends_with_run_done_and_the_reason()
    {
        _fixture.Show(Options, [new RunFailed(ErrorKind.LockHeld, "another run holds the lock", null, 40)]);

        Assert.Equal(
            """
            {"schema":1,"ts":"2026-03-04T05:06:07.089Z","run":null,"type":"run_done","exit_code":40,"workers_total":0,"workers_ok":0,"workers_failed":0,"seconds":0,"error":{"kind":"lock_held","message":"another run holds the lock","hint":null}}
            """,
            Text(_fixture.Out));
        Assert.Equal("error: another run holds the lock", Text(_fixture.Error));
    }

    [Fact]
    public void Trouble_goes_to_stderr_and_nothing_but_JSON_to_stdout()
    {
        Show([Started("worker-2")], Done(45, Failed("worker-2")));

        Assert.All(Lines(), line => JsonDocument.Parse(line).Dispose());
        Assert.Equal("error: worker-2: 10.0.0.2 port 22: connection refused\n  hint: is sshd running there?", Text(_fixture.Error));
    }

    [Fact]
    public void Lines_of_many_threads_stay_whole()
    {
        var reporter = new JsonReporter(new Screen(Options), _fixture.Time, static _ => 0);
        Parallel.For(0, 400, i => reporter.On(Created($"worker-{i}", $"file-{i}")));

        Assert.Equal(400, Lines().Select(line => JsonDocument.Parse(line).RootElement.GetProperty("worker").GetString()).Distinct().Count());
    }

    private OutputOptions Options => _fixture.Options with { Format = OutputFormat.Json };

    private void Show(RunEvent[] events, RunDone done) => _fixture.Show(Options, Run(events, done));

    private string[] Lines() => Text(_fixture.Out).Split('\n');
}
