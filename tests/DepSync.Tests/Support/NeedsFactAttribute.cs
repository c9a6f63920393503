namespace DepSync.Tests.Support;

/// <summary>A fact that needs programs of a Unix machine. It is skipped where one is missing, but never on CI (CI=true): there it runs and fails.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class NeedsFactAttribute : FactAttribute
{
    public NeedsFactAttribute(params string[] programs) => Skip = Requirement.Missing(programs);
}

/// <summary>As <see cref="NeedsFactAttribute"/>, for a theory.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class NeedsTheoryAttribute : TheoryAttribute
{
    public NeedsTheoryAttribute(params string[] programs) => Skip = Requirement.Missing(programs);
}

/// <summary>What a test needs of the machine, and whether it is there.</summary>
internal static class Requirement
{
    /// <summary>In place of a program's name: the test must run as root.</summary>
    public const string Root = "(root)";

    private static readonly string[] Folders =
        [.. (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator), "/usr/sbin", "/usr/local/sbin", "/sbin", "/opt/homebrew/sbin"];

    /// <summary>Null when all is there, or when the test has to run whatever is missing.</summary>
    public static string? Missing(string[] programs)
    {
        if (OperatingSystem.IsWindows())
        {
            return "needs a Unix system";
        }
        if (programs.Contains(Root) && !Libc.IsRoot)
        {
            return "needs root";
        }
        var missing = programs.Where(p => p != Root && !Folders.Any(f => File.Exists(Path.Combine(f, p)))).ToArray();
        return missing.Length == 0 || IsCi ? null : $"needs {string.Join(", ", missing)} (sh tests/run.sh installs it)";
    }

    public static bool IsCi => Environment.GetEnvironmentVariable("CI") == "true";
}
