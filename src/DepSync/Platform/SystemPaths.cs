using DepSync.Model;

namespace DepSync.Platform;

/// <summary>What the places depend on; a record so that the choice is pure.</summary>
internal sealed record SystemFacts
{
    public required bool IsWindows { get; init; }

    public required bool IsRoot { get; init; }

    /// <summary>The user's home folder; empty when the system knows none.</summary>
    public required string Home { get; init; }

    /// <summary>A variable of the environment; null when it is not set.</summary>
    public required Func<string, string?> Environment { get; init; }

    /// <summary>Windows: whether the folder for all users can be written.</summary>
    public Func<string, bool> IsWritable { get; init; } = _ => false;

    /// <summary>Those of this process.</summary>
    public static SystemFacts Current { get; } = new()
    {
        IsWindows = OperatingSystem.IsWindows(),
        IsRoot = !OperatingSystem.IsWindows() && CLibrary.GetEUid() == 0,
        Home = System.Environment.GetFolderPath(System.Environment.SpecialFolder.UserProfile),
        Environment = System.Environment.GetEnvironmentVariable,
        IsWritable = CanCreateIn,
    };

    private static bool CanCreateIn(string folder)
    {
        try
        {
            using var probe = new FileStream(Path.Combine(folder, Path.GetRandomFileName()), FileMode.CreateNew, FileAccess.Write, FileShare.None, 1, FileOptions.DeleteOnClose);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}

/// <summary>Where state and logs lie. Pure: nothing is created (<see cref="PrivateFolder.Prepare"/> does that).</summary>
internal sealed record SystemPaths(string State, string Logs)
{
    /// <summary>
    /// A setting (flag or config file), else the folder that the service manager gave, else the system's place for root or for the user.
    /// </summary>
    /// <exception cref="DepSyncException">LocalFiles: the user has no home folder.</exception>
    public static SystemPaths Choose(string? stateSetting, string? logSetting, SystemFacts facts)
    {
        var state = stateSetting ?? Given(facts, "STATE_DIRECTORY") ?? (facts.IsWindows ? WindowsState(facts) : UnixState(facts));
        var logs = logSetting ?? Given(facts, "LOGS_DIRECTORY") ?? (facts.IsRoot ? "/var/log/depsync" : Join(facts, state, "logs"));
        return new SystemPaths(state, logs);
    }

    // systemd writes several folders with colons between them; Windows has no such variable, and its paths have colons.
    private static string? Given(SystemFacts facts, string variable) =>
        !facts.IsWindows && facts.Environment(variable)?.Split(':')[0] is { } folder && folder.StartsWith('/') ? folder : null;

    private static string UnixState(SystemFacts facts)
    {
        if (facts.IsRoot)
        {
            return "/var/lib/depsync";
        }
        if (facts.Environment("XDG_STATE_HOME") is { } given && given.StartsWith('/'))
        {
            return Join(facts, given, "depsync");
        }
        return facts.Home.StartsWith('/')
            ? Join(facts, facts.Home, ".local/state/depsync")
            : throw new DepSyncException(ErrorKind.LocalFiles, "there is no home folder for DepSync's state", "give --state-dir, or set HOME");
    }

    private static string WindowsState(SystemFacts facts)
    {
        if (facts.Environment("ProgramData") is { Length: > 0 } shared && facts.IsWritable(shared))
        {
            return Join(facts, shared, "DepSync");
        }
        return facts.Environment("LOCALAPPDATA") is { Length: > 0 } own
            ? Join(facts, own, "DepSync")
            : throw new DepSyncException(ErrorKind.LocalFiles, "there is no folder for DepSync's state", "give --state-dir, or set LOCALAPPDATA");
    }

    // Not Path.Combine: its separator is that of the machine on which a test runs.
    private static string Join(SystemFacts facts, string folder, string name) => facts.IsWindows ? $@"{folder.TrimEnd('\\')}\{name}" : $"{folder.TrimEnd('/')}/{name}";
}
