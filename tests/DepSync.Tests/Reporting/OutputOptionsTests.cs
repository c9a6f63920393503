using DepSync.Reporting;

namespace DepSync.Tests.Reporting;

public sealed class OutputOptionsTests
{
    [Theory]
    [InlineData("auto", "terminal", true)]
    [InlineData("auto", "", false)]
    [InlineData("auto", "terminal no-color", false)]
    [InlineData("auto", "terminal dumb", false)]
    [InlineData("always", "", true)]
    [InlineData("always", "no-color dumb", true)]
    [InlineData("never", "terminal", false)]
    public void Colour_follows_the_flag_then_the_environment_then_the_terminal(string flag, string facts, bool expected)
    {
        var options = Options(facts) with { Color = Parse(flag) };
        Assert.Equal(expected, options.IsColored(options.Out));
    }

    [Fact]
    public void Each_stream_is_coloured_for_itself()
    {
        var options = Options("terminal") with { Error = new OutputStream(TextWriter.Null, IsTerminal: false) };
        Assert.True(options.IsColored(options.Out));
        Assert.False(options.IsColored(options.Error));
    }

    [Theory]
    [InlineData("auto", "terminal", true, false)]
    [InlineData("auto", "terminal ci", false, false)]
    [InlineData("auto", "terminal dumb", false, false)]
    [InlineData("auto", "terminal quiet", false, false)]
    [InlineData("auto", "", false, false)]
    [InlineData("always", "terminal ci quiet", true, false)]
    [InlineData("always", "terminal dumb", false, true)]
    [InlineData("always", "", false, true)]
    [InlineData("never", "terminal", false, false)]
    public void Progress_is_live_on_a_terminal_only(string flag, string facts, bool live, bool plain)
    {
        var options = Options(facts) with { Progress = Parse(flag) };
        Assert.Equal((live, plain), (options.LiveProgress, options.PlainProgress));
    }

    private static Appearance Parse(string flag) => Enum.Parse<Appearance>(flag, ignoreCase: true);

    private static OutputOptions Options(string facts)
    {
        var stream = new OutputStream(TextWriter.Null, facts.Contains("terminal", StringComparison.Ordinal));
        return new OutputOptions
        {
            Out = stream,
            Error = stream,
            NoColor = facts.Contains("no-color", StringComparison.Ordinal),
            DumbTerminal = facts.Contains("dumb", StringComparison.Ordinal),
            ContinuousIntegration = facts.Contains("ci", StringComparison.Ordinal),
            Verbosity = facts.Contains("quiet", StringComparison.Ordinal) ? Verbosity.Quiet : Verbosity.Normal,
        };
    }
}
