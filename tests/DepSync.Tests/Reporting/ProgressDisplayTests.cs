using DepSync.Model;
using DepSync.Reporting;
using static DepSync.Tests.Reporting.ReportingFixture;

namespace DepSync.Tests.Reporting;

public sealed class ProgressDisplayTests
{
    private readonly ReportingFixture _fixture = new();

    private OutputOptions Live => _fixture.TerminalOptions with { Progress = Appearance.Always };

    [Fact]
    public void Each_worker_has_a_row_with_phase_bar_bytes_files_and_rate()
    {
        using var display = Display(Live);
        display.On(Started("web", "worker-10", "漢字"));
        display.On(new PhaseChanged(WorkerPhase.Staging) { Worker = "web" });
        display.On(new PhaseChanged(WorkerPhase.Comparing) { Worker = "漢字" });
        _fixture.Time.Pass(TimeSpan.FromSeconds(1.9));
        display.On(new StagingProgress(6_000_000, 8_000_000, 3, 12) { Worker = "web" });
        _fixture.Error.GetStringBuilder().Clear();
        _fixture.Time.Pass(TimeSpan.FromSeconds(0.1));

        Assert.Equal(
            """
            web       staging   ███████████████░░░░░  75%  3/12 files  3.0 MB/s  6.0 MB of 8.0 MB
            worker-10 waiting
            漢字      comparing
            0 of 3 workers done, 2.0 s
            """,
            Drawn());
    }

    [Fact]
    public void Ended_workers_show_how_they_ended_and_the_end_takes_all_rows_away()
    {
        using var display = Display(Live);
        display.On(Started("web", "worker-10"));
        display.On(new WorkerDone(Failed("web")) { Worker = "web" });
        display.On(new WorkerDone(Synced("worker-10")) { Worker = "worker-10" });
        _fixture.Time.Pass(TimeSpan.FromSeconds(1));

        Assert.Equal("web       failed in 10.0 s\nworker-10 synced in 0.8 s\n2 of 2 workers done, 1 failed, 1.0 s", Drawn());

        _fixture.Error.GetStringBuilder().Clear();
        display.On(Done(23));
        _fixture.Time.Pass(TimeSpan.FromSeconds(1));
        Assert.Equal("\r\e[3A\e[K\n\e[K\n\e[K\n\r\e[3A", _fixture.Error.ToString());
    }

    [Fact]
    public void No_line_is_wider_than_the_terminal_and_no_more_rows_than_fit()
    {
        using var display = Display(Live with { Window = static () => (40, 10) });
        string[] workers = [.. Enumerable.Range(0, 50).Select(i => $"a-worker-with-a-name-that-is-long-{i}")];
        display.On(Started(workers));
        foreach (var worker in workers[..30])
        {
            display.On(new PhaseChanged(WorkerPhase.Staging) { Worker = worker });
            display.On(new StagingProgress(1, 2, 1, 2) { Worker = worker });
        }
        _fixture.Time.Pass(TimeSpan.FromSeconds(1));

        var lines = Drawn().Split('\n');
        Assert.InRange(lines.Length, 2, 9);
        Assert.All(lines, line => Assert.InRange(line.Length, 1, 39));
        Assert.Equal("0 of 50 workers done, 1.0 s", lines[^1]);
    }

    [Fact]
    public void Progress_without_a_terminal_is_a_line_a_phase()
    {
        using var display = Display(_fixture.Options with { Progress = Appearance.Always });
        display.On(Started("web"));
        display.On(new PhaseChanged(WorkerPhase.Connecting) { Worker = "web" });
        display.On(new PhaseChanged(WorkerPhase.Staging) { Worker = "web" });
        display.On(new StagingProgress(1, 2, 1, 2) { Worker = "web" });
        display.On(new PhaseChanged(WorkerPhase.Committing) { Worker = "web" });
        display.On(new PhaseChanged(WorkerPhase.Finished) { Worker = "web" });
        display.On(new WorkerDone(Synced("web")) { Worker = "web" });

        Assert.Equal(
            "web: connecting\nweb: staging\nweb: committing ██████████░░░░░░░░░░  50%  1/2 files  1 B of 2 B\nweb: synced in 0.8 s",
            Text(_fixture.Error));
    }

    [Fact]
    public void A_terminal_that_cannot_be_asked_ends_the_display_and_not_the_run()
    {
        using var display = Display(Live with { Window = static () => throw new IOException() });
        display.On(Started("web"));
        _fixture.Time.Pass(TimeSpan.FromSeconds(1));

        Assert.Equal("", _fixture.Error.ToString());
    }

    [Fact]
    public void Nothing_is_shown_where_it_was_not_asked_for()
    {
        using var display = Display(_fixture.Options);
        display.On(Started("web"));
        display.On(new PhaseChanged(WorkerPhase.Connecting) { Worker = "web" });
        _fixture.Time.Pass(TimeSpan.FromSeconds(1));

        Assert.Equal("", _fixture.Error.ToString());
    }

    private ProgressDisplay Display(OutputOptions options) => new(new Screen(options), options, _fixture.Time);

    /// <summary>The last drawn area as a person sees it.</summary>
    private string Drawn()
    {
        var text = _fixture.Error.ToString().Replace("\e[K", "", StringComparison.Ordinal);
        var area = text[..text.LastIndexOf("\e[J", StringComparison.Ordinal)];
        return area[(area.LastIndexOf('A') is var up and >= 0 && area[..up].Contains('\e', StringComparison.Ordinal) ? up + 1 : 0)..].TrimEnd('\n');
    }
}
