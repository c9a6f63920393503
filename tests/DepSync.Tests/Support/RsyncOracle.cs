using System.Diagnostics;

namespace DepSync.Tests.Support;

/// <summary>What <c>rsync -a --delete -n -i</c> to a remote prints, without a server: the remote shell is a script that drops the host and runs the rest.</summary>
internal sealed class RsyncOracle : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("depsync-rsync-");
    private readonly string _shell;

    public RsyncOracle()
    {
        _shell = Path.Combine(_folder.FullName, "rsh");
        File.WriteAllText(_shell, "shift\nexec \"$@\"\n");
    }

    public string Source => Path.Combine(_folder.FullName, "source");

    public string Worker => Path.Combine(_folder.FullName, "worker");

    /// <summary>The lines; names are those of a UTF-8 locale.</summary>
    public string[] Lines(params string[] options) =>
        [.. Run(["-n", "-i", .. options]).Split('\n').Where(line => line.Length > 0 && !line.StartsWith("created directory ", StringComparison.Ordinal))];

    /// <summary>Really does it.</summary>
    public void Push(params string[] options) => Run(options);

    private string Run(string[] options)
    {
        var start = new ProcessStartInfo("rsync", ["-a", "--delete", "-e", $"sh {_shell}", .. options, Source + "/", $"host:{Worker}/"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["LC_ALL"] = "C.UTF-8";
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, errors.GetAwaiter().GetResult());
        return output;
    }

    public void Dispose()
    {
        // The BCL cannot remove names that are not UTF-8.
        using var remove = Process.Start("rm", ["-rf", "--", _folder.FullName]);
        remove.WaitForExit();
    }
}
