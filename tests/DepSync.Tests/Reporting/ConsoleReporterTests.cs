using DepSync.Model;
using DepSync.Reporting;
using static DepSync.Tests.Reporting.ReportingFixture;

namespace DepSync.Tests.Reporting;

public sealed class ConsoleReporterTests
{
    private readonly ReportingFixture _fixture = new();

    [Fact]
    public void A_run_tells_what_changed_how_each_worker_ended_and_failures_last()
    {
        _fixture.Show(_fixture.Options, Run(
            [
                Started("web", "worker-10", "worker-2"),
                Created("worker-10", "carbonapps/Shop.car"),
                Created("web", "carbonapps/Shop.car"),
                Deleted("web", RelativePath.Parse("api/old.xml")),
            ],
            Done(23, Failed("web"), Synced("worker-10"), Unchanged("worker-2"))));

        Assert.Equal(
            """
            deleted     api/old.xml  (web; drift)
            created     carbonapps/Shop.car  (worker-10, web)

            worker-10  synced     3 created, 1 updated, 0 deleted, 1.2 MB in 0.8 s (generation 12)
            worker-2   unchanged  no differences in 0.2 s (generation 12)
            web        failed     unreachable in 10.0 s
            3 workers: 1 synced, 1 unchanged, 1 failed, in 2.1 s (exit 23)
            """,
            Text(_fixture.Out));
        Assert.Equal("error: web: 10.0.0.2 port 22: connection refused\n  hint: is sshd running there?", Text(_fixture.Error));
    }

    [Fact]
    public void One_worker_needs_no_names_and_no_total()
    {
        _fixture.Show(_fixture.Options, Run([Started("worker-1"), Created("worker-1", "a.xml")], Done(0, Synced("worker-1"))));

        Assert.Equal(
            """
            created     a.xml

            worker-1  synced  3 created, 1 updated, 0 deleted, 1.2 MB in 0.8 s (generation 12)
            """,
            Text(_fixture.Out));
        Assert.Equal("", Text(_fixture.Error));
    }

    [Fact]
    public void A_terminal_gets_a_table()
    {
        _fixture.Show(_fixture.TerminalOptions, Run(
            [Started("web", "worker-10", "漢字")],
            Done(23, Failed("web"), Synced("worker-10"), Unchanged("漢字"))));

        Assert.Equal(
            """
            WORKER    RESULT    CREATED UPDATED DELETED  BYTES   TIME GENERATION
            worker-10 synced          3       1       - 1.2 MB  0.8 s         12
            漢字      unchanged       -       -       -      -  0.2 s         12
            web       failed          -       -       -      - 10.0 s          -
            3 workers: 1 synced, 1 unchanged, 1 failed, in 2.1 s (exit 23)
            """,
            Text(_fixture.Out));
    }

    [Fact]
    public void A_narrow_terminal_gets_lines()
    {
        _fixture.Show(_fixture.TerminalOptions with { Window = static () => (60, 20) }, Run([Started("worker-1")], Done(0, Unchanged("worker-1"))));

        Assert.Equal("worker-1  unchanged  no differences in 0.2 s (generation 12)", Text(_fixture.Out));
    }

    [Fact]
    public void A_dry_run_prints_each_workers_itemized_lines_in_one_piece_then_a_summary()
    {
        var planned = Synced("a") with { Status = WorkerStatus.Planned, BytesSent = 0, Generation = null };
        _fixture.Show(_fixture.Options, Run(
            [Started("a", "worker-2") with { DryRun = true }, Created("worker-2", "x"), Created("a", "x"), Created("worker-2", "y")],
            Done(0, planned, planned with { Worker = "worker-2" })));

        Assert.Equal(
            """
            a <f+++++++++ x
            worker-2 <f+++++++++ x
            worker-2 <f+++++++++ y

            a         planned  3 to create, 1 to update, 0 to delete, 1.3 MB to send in 0.8 s
            worker-2  planned  3 to create, 1 to update, 0 to delete, 1.3 MB to send in 0.8 s
            dry run, nothing was changed. 2 workers: 2 planned, in 2.1 s
            """,
            Text(_fixture.Out));
    }

    [Fact]
    public void A_dry_run_without_differences_says_so()
    {
        _fixture.Show(_fixture.Options, Run(
            [Started("a") with { DryRun = true }],
            Done(0, new WorkerResult { Worker = "a", Status = WorkerStatus.Planned, Elapsed = TimeSpan.FromSeconds(0.1) })));

        Assert.Equal("a  unchanged  no differences in 0.1 s\ndry run, nothing was changed. 1 worker: 1 unchanged, in 2.1 s", Text(_fixture.Out));
    }

    [Fact]
    public void Itemized_lines_of_one_worker_bear_no_name_and_come_when_they_happen()
    {
        using var output = new RunOutput(_fixture.Options with { Itemize = true }, _fixture.Time, static _ => 0);
        output.On(Started("worker-1"));
        output.On(Created("worker-1", "x"));

        Assert.Equal("<f+++++++++ x\n", _fixture.Out.ToString());
    }

    [Fact]
    public void Itemized_lines_on_a_terminal_stand_in_columns()
    {
        _fixture.Show(_fixture.TerminalOptions with { Itemize = true }, [Started("a", "worker-2"), Created("a", "x"), Created("worker-2", "x")]);

        Assert.Equal("a        <f+++++++++ x\nworker-2 <f+++++++++ x", Text(_fixture.Out));
    }

    [Fact]
    public void Hostile_names_cannot_act_on_the_terminal()
    {
        _fixture.Show(_fixture.Options with { Verbosity = Verbosity.Verbose }, Run(
            [
                Started("w\e[2J", "b"),
                Deleted("b", Raw("a\n\u00E9")),
                new Note(NoteLevel.Notice, "made\u202E it") { Worker = "b" },
                new Note(NoteLevel.Warning, "odd\r") { Worker = "w\e[2J" },
            ],
            Done(0, Synced("w\e[2J"), Unchanged("b"))));

        Assert.Equal(
            """
            note: b: made\xE2\x80\xAE it
            deleted     a\x0A\xE9  (b; drift)

            w\x1B[2J  synced     3 created, 1 updated, 0 deleted, 1.2 MB in 0.8 s (generation 12)
            b         unchanged  no differences in 0.2 s (generation 12)
            2 workers: 1 synced, 1 unchanged, in 2.1 s
            """,
            Text(_fixture.Out));
        Assert.Equal("""warning: w\x1B[2J: odd\x0D""", Text(_fixture.Error));
    }

    [Fact]
    public void A_long_list_of_changes_ends_with_how_many_more()
    {
        var events = Enumerable.Range(0, 25).Select(i => (RunEvent)Created("worker-1", $"f{i:00}"));
        _fixture.Show(_fixture.Options, Run([Started("worker-1"), .. events], Done(0, Synced("worker-1"))));

        Assert.Contains("created     f19\n... and 5 more paths (-v lists all, --itemize as they happen)\n\n", _fixture.Out.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("f20", _fixture.Out.ToString(), StringComparison.Ordinal);
    }

    public static TheoryData<string, bool, bool, bool, bool> SilentRule => new()
    {
        // what happened, terminal, dry run, verbose -> printed
        { "unchanged", false, false, false, false },
        { "unchanged", false, false, true, false },
        { "unchanged", true, false, false, true },
        { "unchanged", false, true, false, true },
        { "warned", false, false, false, false },
        { "skipped", false, false, false, false },
        { "synced", false, false, false, true },
        { "failed", false, false, false, true },
        { "deferred", false, false, false, true },
        { "problem", false, false, false, true },
        { "interrupted", false, false, false, true },
    };

    [Theory, MemberData(nameof(SilentRule))]
    public void A_run_off_the_terminal_with_nothing_to_say_says_nothing(string what, bool terminal, bool dryRun, bool verbose, bool printed)
    {
        var result = what switch
        {
            "synced" => Synced("a"),
            "failed" => Failed("a"),
            "deferred" => Unchanged("a") with { Deferred = 1 },
            "problem" => Unchanged("a") with { Problems = [new Problem(RelativePath.Parse("x"), "no")] },
            "skipped" => Unchanged("a") with { Status = WorkerStatus.Skipped, Error = new WorkerError(ErrorKind.Duplicate, "same directory as b", null) },
            _ => Unchanged("a"),
        };
        var done = Done(0, result);
        done = what == "interrupted" ? done with { Report = done.Report with { Ended = ErrorKind.Interrupted } } : done;
        RunEvent[] events = what == "warned" ? [Started("a"), new Note(NoteLevel.Warning, "odd")] : [Started("a") with { DryRun = dryRun }];
        var options = terminal ? _fixture.TerminalOptions : _fixture.Options;
        _fixture.Show(options with { Verbosity = verbose ? Verbosity.Verbose : Verbosity.Normal }, Run(events, done));

        Assert.Equal(printed, _fixture.Out.ToString().Length + _fixture.Error.ToString().Length > 0);
    }

    [Fact]
    public void Quiet_leaves_trouble_alone()
    {
        _fixture.Show(
            _fixture.TerminalOptions with { Verbosity = Verbosity.Quiet, Itemize = true },
            Run([Started("a", "web"), Created("a", "x")], Done(23, Synced("a"), Failed("web"))));

        Assert.Equal("", _fixture.Out.ToString());
        Assert.Equal("error: web: 10.0.0.2 port 22: connection refused\n  hint: is sshd running there?", Text(_fixture.Error));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Colour_adds_to_the_words_and_replaces_none(bool terminal)
    {
        var run = Run([Started("a", "web"), Created("a", "x")], Done(23, Synced("a"), Failed("web")));
        _fixture.Show(terminal ? _fixture.TerminalOptions : _fixture.Options, run);
        var plain = _fixture.Out.ToString() + _fixture.Error;
        var colored = new ReportingFixture();
        colored.Show((terminal ? colored.TerminalOptions : colored.Options) with { Color = Appearance.Always }, run);
        var text = colored.Out.ToString() + colored.Error;

        Assert.Contains("\e[32msynced\e[0m", text, StringComparison.Ordinal);
        Assert.Contains("\e[1;31merror:\e[0m web: ", text, StringComparison.Ordinal);
        Assert.Equal(plain, System.Text.RegularExpressions.Regex.Replace(text, "\e\\[[0-9;]*m", ""));
    }
}
