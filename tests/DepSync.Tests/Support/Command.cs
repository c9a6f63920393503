using System.Diagnostics;
using System.Globalization;

namespace DepSync.Tests.Support;

/// <summary>What a command of the system answered.</summary>
internal sealed record CommandOutcome(int ExitCode, string Output, string Error);

/// <summary>Runs commands of the system that tests use as tools and oracles. No shell. Safe for concurrent use.</summary>
internal static class Command
{
    /// <summary>Runs to the end; the standard output.</summary>
    /// <exception cref="InvalidOperationException">The command failed; the message has what it wrote.</exception>
    public static string Run(string program, params string[] arguments)
    {
        var outcome = Try(program, arguments);
        return outcome.ExitCode == 0
            ? outcome.Output
            : throw new InvalidOperationException($"{program} {string.Join(' ', arguments)}: exit {outcome.ExitCode}\n{outcome.Output}{outcome.Error}");
    }

    /// <summary>Runs to the end, whatever the exit code.</summary>
    public static CommandOutcome Try(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return new CommandOutcome(process.ExitCode, output, error.GetAwaiter().GetResult());
    }

    /// <summary>Sends a signal to a process that the test started; nothing happens when it is gone.</summary>
    public static void Signal(int process, string signal) => Try("kill", $"-{signal}", process.ToString(CultureInfo.InvariantCulture));

    /// <summary>All processes below one (Linux; elsewhere none).</summary>
    public static IReadOnlyList<int> Descendants(int process)
    {
        if (!Directory.Exists("/proc/self"))
        {
            return [];
        }
        var parents = new Dictionary<int, int>();
        foreach (var folder in Directory.GetDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder), out var id) && ParentOf(folder) is { } parent)
            {
                parents[id] = parent;
            }
        }
        return [.. parents.Keys.Where(id => IsBelow(id, process, parents))];
    }

    private static int? ParentOf(string folder)
    {
        try
        {
            // pid (name, which may hold anything) state ppid ...
            var stat = File.ReadAllText(Path.Combine(folder, "stat"));
            return int.Parse(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[1], CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return null;
        }
    }

    private static bool IsBelow(int id, int ancestor, Dictionary<int, int> parents)
    {
        while (parents.TryGetValue(id, out var parent))
        {
            if (parent == ancestor)
            {
                return true;
            }
            id = parent;
        }
        return false;
    }
}
