using System.Runtime.InteropServices;

namespace DepSync.Cli;

/// <summary>
/// SIGINT, SIGTERM and SIGHUP: the first one cancels <see cref="Token"/>, so that a started commit finishes; a second one ends the process at once, and the next run goes on
/// from there. What was ignored when the program began (<c>nohup</c>) stays so: the runtime sees to it.
/// </summary>
internal sealed class Interruption : IDisposable
{
    private readonly CancellationTokenSource _source = new();
    private readonly List<PosixSignalRegistration> _registrations = [];
    private int _signals;

    public Interruption()
    {
        PosixSignal[] signals = [PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP];
        _registrations.AddRange(signals.Select(signal => PosixSignalRegistration.Create(signal, On)));
    }

    public CancellationToken Token => _source.Token;

    public void Dispose()
    {
        _registrations.ForEach(r => r.Dispose());
        _source.Dispose();
    }

    private void On(PosixSignalContext context)
    {
        context.Cancel = true;
        if (Interlocked.Increment(ref _signals) > 1)
        {
            Environment.Exit(ExitCodes.Interrupted);
        }
        _source.Cancel();
    }
}
