using System.Text;

namespace DepSync.Reporting;

internal enum OutputFormat
{
    Human,

    /// <summary><c>--json</c>: one object a line on stdout, trouble on stderr.</summary>
    Json,
}

internal enum Verbosity
{
    /// <summary><c>-q</c>: trouble alone.</summary>
    Quiet,
    Normal,

    /// <summary><c>-v</c>: notes and whole lists too.</summary>
    Verbose,
}

/// <summary>The values of <c>--color</c> and <c>--progress</c>.</summary>
internal enum Appearance
{
    Auto,
    Always,
    Never,
}

/// <summary>One of the two standard streams, or what a test puts in its place.</summary>
internal sealed record OutputStream(TextWriter Writer, bool IsTerminal);

/// <summary>
/// How a run is shown: where, in which form, how much. Immutable. <see cref="ForProcess"/> knows this process's streams and environment; flags are added with a
/// <c>with</c> expression.
/// </summary>
internal sealed record OutputOptions
{
    /// <summary>A line with a long path still goes out in one write.</summary>
    private const int LineBuffer = 16 * 1024;

    public required OutputStream Out { get; init; }

    public required OutputStream Error { get; init; }

    public OutputFormat Format { get; init; }

    /// <summary>The run's id, for lines that are written before it begins, or when it cannot.</summary>
    public string? Run { get; init; }

    public Verbosity Verbosity { get; init; } = Verbosity.Normal;

    /// <summary><c>--itemize</c>: each change's line as soon as it is done.</summary>
    public bool Itemize { get; init; }

    public Appearance Color { get; init; }

    public Appearance Progress { get; init; }

    /// <summary><c>NO_COLOR</c> is set and not empty.</summary>
    public bool NoColor { get; init; }

    /// <summary><c>TERM=dumb</c>, or a Windows console without ANSI sequences.</summary>
    public bool DumbTerminal { get; init; }

    /// <summary><c>CI</c> is set: a terminal there is a file that somebody reads later.</summary>
    public bool ContinuousIntegration { get; init; }

    /// <summary>Columns and rows of the terminal now.</summary>
    public Func<(int Width, int Height)> Window { get; init; } = static () => (80, 24);

    /// <summary>Whether live progress is drawn. <c>--progress always</c> without a terminal that can is <see cref="PlainProgress"/> instead.</summary>
    public bool LiveProgress => Progress switch
    {
        Appearance.Always => Error.IsTerminal && !DumbTerminal,
        Appearance.Auto => Error.IsTerminal && !DumbTerminal && !ContinuousIntegration && Verbosity != Verbosity.Quiet,
        _ => false,
    };

    /// <summary>Whether progress is told in whole lines.</summary>
    public bool PlainProgress => Progress == Appearance.Always && !LiveProgress;

    public static OutputOptions ForProcess()
    {
        var utf8 = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false);
        return new OutputOptions
        {
            Out = new OutputStream(new StreamWriter(Console.OpenStandardOutput(), utf8, LineBuffer), !Console.IsOutputRedirected),
            Error = new OutputStream(new StreamWriter(Console.OpenStandardError(), utf8, LineBuffer), !Console.IsErrorRedirected),
            NoColor = IsSet("NO_COLOR"),
            DumbTerminal = Environment.GetEnvironmentVariable("TERM") == "dumb" || (OperatingSystem.IsWindows() && !WindowsShowsAnsi()),
            ContinuousIntegration = IsSet("CI"),
            Window = WindowNow,
        };
    }

    /// <summary>Whether a stream is coloured. A flag is nearer to the user than the environment.</summary>
    public bool IsColored(OutputStream stream) => Color switch
    {
        Appearance.Always => true,
        Appearance.Auto => stream.IsTerminal && !NoColor && !DumbTerminal,
        _ => false,
    };

    private static (int Width, int Height) WindowNow()
    {
        try
        {
            // A pseudo-terminal that nobody gave a size says 0.
            return (Console.WindowWidth is > 0 and var width ? width : 80, Console.WindowHeight is > 0 and var height ? height : 24);
        }
        catch (Exception exception) when (exception is IOException or PlatformNotSupportedException)
        {
            return (80, 24);
        }
    }

    private static bool IsSet(string variable) => !string.IsNullOrEmpty(Environment.GetEnvironmentVariable(variable));

    // Creating a console there also switches the sequences on where the system has them off by default.
    private static bool WindowsShowsAnsi() => Spectre.Console.AnsiConsole.Create(new Spectre.Console.AnsiConsoleSettings()).Profile.Capabilities.Ansi;
}
