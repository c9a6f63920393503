using System.Diagnostics;
using DepSync.Model;

namespace DepSync.Platform;

/// <summary>What to start. No shell is ever between: each argument arrives as it is.</summary>
internal sealed record ProcessRequest(string Program, IReadOnlyList<string> Arguments)
{
    /// <summary>
    /// The names of the environment variables that the process gets, where set; null: all of this process's. A trailing <c>*</c> stands for any ending.
    /// </summary>
    public IReadOnlyList<string>? Environment { get; init; }
}

/// <summary>The one place that starts processes. Safe for concurrent use.</summary>
internal static class ProcessRunner
{
    /// <summary>Starts with pipes at all three ends.</summary>
    /// <exception cref="DepSyncException">The program cannot be started (LocalFiles): it is missing or may not be run.</exception>
    public static RunningProcess Start(ProcessRequest request)
    {
        var start = new ProcessStartInfo(request.Program, request.Arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
            CreateNoWindow = true,
        };
        if (request.Environment is { } allowed)
        {
            foreach (var name in start.Environment.Keys.Where(name => !allowed.Any(entry => IsAllowed(name, entry))).ToArray())
            {
                start.Environment.Remove(name);
            }
        }
        try
        {
            return new RunningProcess(Process.Start(start)!);
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            throw new DepSyncException(ErrorKind.LocalFiles, $"{request.Program} cannot be started: {e.Message}", "Is it installed, and in PATH?", e);
        }
    }

    private static bool IsAllowed(string name, string entry) =>
        entry.EndsWith('*') ? name.StartsWith(entry[..^1], StringComparison.Ordinal) : string.Equals(name, entry, StringComparison.Ordinal);
}
