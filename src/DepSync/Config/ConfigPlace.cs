namespace DepSync.Config;

/// <summary>What the configuration takes from its surroundings, so that reading it stays free of globals. Paths are absolute. Immutable.</summary>
internal sealed record ConfigPlace(string CurrentFolder, string Home, Func<string, string?> Variable)
{
    public bool IsWindows { get; init; } = OperatingSystem.IsWindows();

    /// <summary>The place of this process.</summary>
    public static ConfigPlace OfProcess()
    {
        var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile, Environment.SpecialFolderOption.DoNotVerify);
        return new ConfigPlace(Environment.CurrentDirectory, home.Length > 0 ? home : Environment.CurrentDirectory, Environment.GetEnvironmentVariable);
    }

    /// <summary>
    /// The absolute form of a path as a user wrote it: <c>~/</c> is the home folder, a relative path starts at <paramref name="folder"/>. <c>..</c> is left to the system
    /// on Unix, which goes through links where collapsing text would not.
    /// </summary>
    /// <exception cref="FormatException">Empty, with control characters, or <c>~other</c>; the message says what was expected.</exception>
    public string Absolute(string text, string folder)
    {
        if (text.Length == 0)
        {
            throw new FormatException("expected a path, not an empty value");
        }
        if (ForbiddenCharacter.FirstIn(text) is { } forbidden)
        {
            throw new FormatException($"expected a path without {forbidden}");
        }
        if (text[0] == '~')
        {
            if (text.Length > 1 && !IsSeparator(text[1]))
            {
                throw new FormatException($"expected '~/…' or a whole path: '{text}' would be the home folder of another user, write ./{text} for a file of that name");
            }
            return Tidy(Home + text[1..]);
        }
        return Tidy(IsWindows ? Path.Combine(folder, text) : text[0] == '/' ? text : $"{folder}/{text}");
    }

    private bool IsSeparator(char c) => c == '/' || (IsWindows && c == '\\');

    private string Tidy(string path)
    {
        if (IsWindows)
        {
            return OperatingSystem.IsWindows() ? Path.TrimEndingDirectorySeparator(Path.GetFullPath(path)) : path;
        }
        return "/" + string.Join('/', path.Split('/').Where(part => part.Length > 0 && part != "."));
    }
}
