namespace DepSync.Reporting;

/// <summary>What a coloured word says. The word says it as well.</summary>
internal enum Shade
{
    Plain,
    Good,
    Caution,
    Bad,
    Faint,
}

/// <summary>Colours words for one stream, or leaves them as they are. Pure.</summary>
internal readonly record struct Ink(bool Colored)
{
    public string Paint(Shade shade, string text) => Code(shade) is { } code && Colored ? $"\e[{code}m{text}\e[0m" : text;

    // The sixteen colours of the terminal's own theme: readable on dark and on light.
    private static string? Code(Shade shade) => shade switch
    {
        Shade.Good => "32",
        Shade.Caution => "33",
        Shade.Bad => "1;31",
        Shade.Faint => "2",
        _ => null,
    };
}
