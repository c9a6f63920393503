using DepSync.Reporting;
using static DepSync.Tests.Reporting.ReportingFixture;

namespace DepSync.Tests.Reporting;

public sealed class ScreenTests
{
    private readonly ReportingFixture _fixture = new();

    [Fact]
    public void A_printed_line_takes_the_live_area_away_first()
    {
        var screen = new Screen(_fixture.TerminalOptions);
        screen.Draw(["one", "two"]);
        screen.Print("a line");
        screen.Draw(["one"]);

        Assert.Equal("a line\n", _fixture.Out.ToString());
        Assert.Equal("one\e[K\ntwo\e[K\n\e[J" + "\r\e[2A\e[K\n\e[K\n\r\e[2A" + "one\e[K\n\e[J", _fixture.Error.ToString());
    }

    [Fact]
    public void A_redraw_overwrites_in_place()
    {
        var screen = new Screen(_fixture.TerminalOptions);
        screen.Draw(["one", "two"]);
        screen.Draw(["three"]);
        screen.Draw([]);
        screen.Draw([]);

        Assert.Equal("one\e[K\ntwo\e[K\n\e[J" + "\r\e[2Athree\e[K\n\e[J" + "\r\e[1A\e[K\n\r\e[1A", _fixture.Error.ToString());
    }

    [Fact]
    public void Nothing_is_drawn_during_a_question()
    {
        var screen = new Screen(_fixture.TerminalOptions);
        screen.Draw(["one"]);
        using (screen.Pause())
        {
            screen.Draw(["two"]);
            screen.PrintError("yes or no?");
        }
        screen.Draw(["three"]);

        Assert.Equal("one\e[K\n\e[J" + "\r\e[1A\e[K\n\r\e[1A" + "yes or no?\n" + "three\e[K\n\e[J", _fixture.Error.ToString());
    }

    [Fact]
    public void A_reader_that_left_is_no_trouble()
    {
        var screen = new Screen(_fixture.Options with { Out = new OutputStream(new BrokenWriter(32), IsTerminal: false) });
        screen.Print("x");
        screen.Print("y");

        Assert.Equal("", Text(_fixture.Error));
    }

    [Fact]
    public void A_stdout_that_cannot_be_written_is_told_once()
    {
        var screen = new Screen(_fixture.Options with { Out = new OutputStream(new BrokenWriter(28), IsTerminal: false) });
        screen.Print("x");
        screen.Print("y");

        Assert.Equal("error: standard output cannot be written: broken", Text(_fixture.Error));
    }

    private sealed class BrokenWriter(int code) : StringWriter
    {
        public override void Write(string? value) => throw new IOException("broken", code);
    }
}
