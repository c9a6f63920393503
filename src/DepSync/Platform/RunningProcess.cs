using System.ComponentModel;
using System.Diagnostics;
using System.Text;

namespace DepSync.Platform;

/// <summary>
/// A process that runs, with the near ends of its pipes. Its error stream is drained all the time, and the first 64 KiB of it are kept. Disposing kills it (this process
/// alone, by its own handle) and waits for nothing. Safe for concurrent use; each pipe has one user at a time.
/// </summary>
internal sealed class RunningProcess : IDisposable
{
    private const int ErrorTextLimit = 64 << 10;

    private readonly Process _process;

    /// <summary>Guarded by itself.</summary>
    private readonly StringBuilder _errorText = new();
    private readonly Task _draining;

    public RunningProcess(Process process)
    {
        _process = process;
        Input = process.StandardInput.BaseStream;
        Output = process.StandardOutput.BaseStream;
        _draining = DrainAsync(process.StandardError);
    }

    /// <summary>Where to write what the process reads.</summary>
    public Stream Input { get; }

    /// <summary>Where to read what the process writes.</summary>
    public Stream Output { get; }

    public int Id => _process.Id;

    public string ErrorText
    {
        get
        {
            lock (_errorText)
            {
                return _errorText.ToString();
            }
        }
    }

    /// <summary>The exit code, once the process has ended and its error stream too; null when that takes longer than the given time (a child may hold the stream open).</summary>
    public async Task<int?> WaitForExitAsync(TimeSpan patience)
    {
        using var limit = new CancellationTokenSource(patience);
        try
        {
            await _process.WaitForExitAsync(limit.Token);
            await _draining.WaitAsync(limit.Token);
            return _process.ExitCode;
        }
        catch (OperationCanceledException)
        {
            return _process.HasExited ? _process.ExitCode : null;
        }
    }

    /// <summary>Ends the process at once; nothing happens when it has ended.</summary>
    public void Kill()
    {
        try
        {
            _process.Kill();
        }
        catch (Exception e) when (e is InvalidOperationException or Win32Exception)
        {
            // It ended by itself.
        }
    }

    public void Dispose() => Kill();

    private async Task DrainAsync(StreamReader error)
    {
        var buffer = new char[4096];
        try
        {
            int count;
            while ((count = await error.ReadAsync(buffer)) > 0)
            {
                lock (_errorText)
                {
                    _errorText.Append(buffer, 0, Math.Min(count, ErrorTextLimit - _errorText.Length));
                }
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // The pipe is gone with the process.
        }
    }
}
