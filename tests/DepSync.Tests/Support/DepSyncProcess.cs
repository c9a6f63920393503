using System.Diagnostics;
using System.Text;

namespace DepSync.Tests.Support;

/// <summary>How a process ended. <see cref="Output"/> and <see cref="Errors"/> hold one char a byte (Latin-1), so that names of any bytes can be compared.</summary>
internal sealed record ProcessOutcome(int ExitCode, string Output, string Errors)
{
    public string[] OutputLines => Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Fails, with all that was printed, when the code is another one.</summary>
    public ProcessOutcome Expect(int exitCode)
    {
        Assert.True(exitCode == ExitCode, $"exit code {ExitCode}, expected {exitCode}\nstdout: {Output}\nstderr: {Errors}");
        return this;
    }

    public ProcessOutcome ExpectSilence()
    {
        Assert.True(Output.Length + Errors.Length == 0, $"expected silence\nstdout: {Output}\nstderr: {Errors}");
        return this;
    }
}

/// <summary>
/// The real program, started as a user would: the built one, or the binary that DEPSYNC_BINARY names. Its environment holds only what is given, a PATH and a HOME.
/// A run that lasts longer than the limit is killed and fails the test. One owner; disposing kills what still runs.
/// </summary>
internal sealed class DepSyncProcess : IDisposable
{
    /// <summary>Far above what any test needs on a busy machine, far below what CI allows.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(3);

    /// <summary>
    /// What makes the child hear all signals: a job in the background, or one under nohup, ignores some, and hands that on to its children. env(1) goes over into the program.
    /// </summary>
    private static readonly Lazy<string[]> ResetSignals = new(() => !OperatingSystem.IsWindows() && Command.Try("env", "--default-signal", "true").ExitCode == 0 ? ["env", "--default-signal"] : []);

    private readonly Process _process;
    private readonly Task<string> _output;
    private readonly Task<string> _errors;

    private DepSyncProcess(Process process)
    {
        _process = process;
        process.StandardInput.Close();
        _output = process.StandardOutput.ReadToEndAsync();
        _errors = process.StandardError.ReadToEndAsync();
    }

    public int Id => _process.Id;

    public bool HasExited => _process.HasExited;

    /// <summary>The largest resident memory so far, in bytes (Linux).</summary>
    public long PeakMemory =>
        File.ReadLines($"/proc/{Id}/status").Where(l => l.StartsWith("VmHWM:", StringComparison.Ordinal)).Select(l => long.Parse(l.AsSpan(6).TrimEnd("kB \t"))).Single() * 1024;

    public static DepSyncProcess Start(string folder, IReadOnlyDictionary<string, string> environment, params string[] arguments)
    {
        string[] started = [.. ResetSignals.Value, .. CommandLine(arguments)];
        return new DepSyncProcess(Launch(new ProcessStartInfo(started[0], started[1..]), folder, environment));
    }

    /// <summary>Program and arguments, for a shell that starts it.</summary>
    public static string[] CommandLine(params string[] arguments) => Environment.GetEnvironmentVariable("DEPSYNC_BINARY") is { Length: > 0 } binary
        ? [Path.GetFullPath(binary), .. arguments]
        : [DotNet, Path.Combine(AppContext.BaseDirectory, "depsync.dll"), .. arguments];

    /// <summary>Starts any other program in the same way, for oracles.</summary>
    public static Task<ProcessOutcome> RunOtherAsync(string folder, string program, params string[] arguments) =>
        new DepSyncProcess(Launch(new ProcessStartInfo(program, arguments), folder, new Dictionary<string, string>())).WaitAsync();

    public void Signal(int signal)
    {
        if (!_process.HasExited)
        {
            Libc.Signal(Id, signal);
        }
    }

    public async Task<ProcessOutcome> WaitAsync()
    {
        using var limit = new CancellationTokenSource(Limit);
        try
        {
            await _process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            _process.Kill(entireProcessTree: true);
            Assert.Fail($"{_process.StartInfo.FileName} did not end within {Limit}\nstdout: {await _output}\nstderr: {await _errors}");
        }
        var outcome = new ProcessOutcome(_process.ExitCode, await _output, await _errors);
        _process.Dispose();
        return outcome;
    }

    public void Dispose()
    {
        try
        {
            if (!_process.HasExited)
            {
                _process.Kill(entireProcessTree: true);
            }
            _process.Dispose();
        }
        catch (InvalidOperationException)
        {
            // Waited for and disposed already.
        }
    }

    private static string DotNet =>
        Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") is { Length: > 0 } host ? host : "dotnet";

    private static Process Launch(ProcessStartInfo start, string folder, IReadOnlyDictionary<string, string> environment)
    {
        start.WorkingDirectory = folder;
        start.RedirectStandardInput = true;
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        start.StandardOutputEncoding = Encoding.Latin1;
        start.StandardErrorEncoding = Encoding.Latin1;
        var kept = new[] { "PATH", "TMPDIR", "DOTNET_ROOT", "SystemRoot" }
            .Select(name => (name, value: Environment.GetEnvironmentVariable(name)))
            .Where(v => v.value is not null)
            .ToArray();
        start.Environment.Clear();
        foreach (var (name, value) in kept)
        {
            start.Environment[name] = value;
        }
        start.Environment["HOME"] = folder;
        start.Environment["LC_ALL"] = "C.UTF-8";
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }
        return Process.Start(start)!;
    }
}
