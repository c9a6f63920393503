using System.Diagnostics;

namespace DepSync.Tests.Support;

/// <summary>A fact that mounts small filesystems of its own, in a mount namespace that nobody else sees. Skipped where this user may not; on CI only root may not skip it.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class MountFactAttribute : FactAttribute
{
    private static readonly Lazy<string?> Reason = new(Find);

    public MountFactAttribute() => Skip = Reason.Value;

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
