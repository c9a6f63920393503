using Spectre.Console;
using Spectre.Console.Rendering;

namespace DepSync.Reporting;

/// <summary>Lays things out with Spectre.Console and gives them back as lines, so that <see cref="Screen"/> stays the one writer. Pure.</summary>
internal static class SpectreText
{
    /// <summary>Wider than any terminal: what does not fit is cut or laid out differently, never folded.</summary>
    private const int Unbounded = 4096;

    /// <summary>Styles come from <see cref="StyleOf"/> with the same ink.</summary>
    public static IReadOnlyList<string> Lines(IRenderable content, Ink ink)
    {
        using var writer = new StringWriter { NewLine = "\n" };
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(writer),
            // Without it Spectre would reset the colours of the real console, past the writer.
            Ansi = AnsiSupport.Yes,
            ColorSystem = ink.Colored ? ColorSystemSupport.Standard : ColorSystemSupport.NoColors,
            Interactive = InteractionSupport.No,
            // The environment was asked already.
            Enrichment = new ProfileEnrichment { UseDefaultEnrichers = false },
        });
        console.Profile.Width = Unbounded;
        console.Profile.Capabilities.Unicode = true;
        console.Write(content);
        return [.. writer.ToString().TrimEnd('\n').Split('\n').Select(static line => line.TrimEnd())];
    }

    /// <summary>The columns that a line takes on a terminal; it has no colour codes.</summary>
    public static int WidthOf(string line) => Segment.CellCount([new Segment(line)]);

    /// <summary>The text, filled up with blanks to a width.</summary>
    public static string Pad(string text, int width) => text + new string(' ', Math.Max(0, width - WidthOf(text)));

    /// <summary>The line, cut to a width; it has no colour codes.</summary>
    public static string Cut(string line, int width) => WidthOf(line) <= width ? line : Segment.Truncate(new Segment(line), width)?.Text ?? "";

    public static Style StyleOf(Shade shade, Ink ink) => (ink.Colored ? shade : Shade.Plain) switch
    {
        Shade.Good => new Style(Color.Green),
        Shade.Caution => new Style(Color.Olive),
        Shade.Bad => new Style(Color.Maroon, decoration: Decoration.Bold),
        Shade.Faint => new Style(decoration: Decoration.Dim),
        _ => Style.Plain,
    };
}
