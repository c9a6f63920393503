using System.Diagnostics;

namespace DepSync.Tests.Support;

/// <summary>A fact that mounts small filesystems of its own, in a mount namespace that nobody else sees. Skipped where this user may not mount.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class MountFactAttribute : FactAttribute
{
    public MountFactAttribute() => Skip = Mounting.Missing.Value;
}

/// <summary>As <see cref="MountFactAttribute"/>, for a theory.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class MountTheoryAttribute : TheoryAttribute
{
    public MountTheoryAttribute() => Skip = Mounting.Missing.Value;
}

/// <summary>Whether this user may mount here.</summary>
internal static class Mounting
{
    public static Lazy<string?> Missing { get; } = new(Find);

    private static string? Find()
    {
        if (Requirement.Missing(["unshare", "mount", Requirement.Root]) is { } missing)
        {
            return missing;
        }
        using var process = Process.Start(new ProcessStartInfo("unshare", ["-m", "mount", "-t", "tmpfs", "none", "/mnt"]) { RedirectStandardError = true })!;
        process.StandardError.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? null : "needs the right to mount";
    }
}
