using DepSync.Config;
using DepSync.Model;
using DepSync.Platform;
using DepSync.Release;
using DepSync.Reporting;

namespace DepSync.Cli;

/// <summary>The work of a run over workers.</summary>
internal delegate Task<RunReport> RunWork(RunConfig config, RunContext context, CancellationToken stop);

/// <summary>
/// One run over the fleet with all that belongs to it on this machine: lock, log, what is shown, and the exit code. A dry run takes no lock and writes neither state nor
/// log. Everything that this machine has to provide is there before the first worker is contacted.
/// </summary>
internal sealed class SyncRun(CommandSession session)
{
    /// <summary>What is done between lock and result.</summary>
    public RunWork Work { get; init; } = static (config, context, stop) => new FleetRelease(config, context).RunAsync(stop);

    private readonly string _run = RunId.Create(session.Clock);

    /// <summary>Runs to the end and tells it; what keeps the run from going on is told too, and is the exit code.</summary>
    public async Task<int> RunAsync(RunConfig config)
    {
        using var output = new RunOutput(session.Output with { Run = _run }, session.Clock, ExitCodes.ForWorker);
        using var stopping = session.Stop.Register(() => TellStopping(output.Screen));
        session.Confirmation.Pause = output.Screen.Pause;
        try
        {
            return config.DryRun ? await ReleaseAsync(config, Paths(config).State, output) : await RunLockedAsync(config, output);
        }
        catch (Exception e) when (Failure(e) is { } failure)
        {
            output.On(failure);
            return failure.ExitCode;
        }
    }

    private async Task<int> RunLockedAsync(RunConfig config, RunOutput output)
    {
        var paths = Paths(config);
        var state = PrivateFolder.Prepare(paths.State);
        var request = new RunLockRequest { StateDir = state, ManagerDir = LockedPath(config.ManagerDir), Run = _run, Wait = config.LockWait };
        using var held = await RunLock.AcquireAsync(request, session.Clock, session.Stop);
        using var log = new RunLog(
            new RunLogSettings(PrivateFolder.Prepare(paths.Logs), config.Log.KeepFiles, config.Log.MaxSizeBytes),
            new RunOrigin(Environment.UserName, Environment.GetEnvironmentVariable("SUDO_USER"), session.Output.Error.IsTerminal, RootCommandFactory.Version),
            session.Clock,
            message => output.Screen.PrintError(TroubleText.Error(output.Screen.ErrorInk, null, message, null)));
        // The log first: it is to hold what a reader of the screen saw, even if the process ends between the two.
        var both = new RunObservers(log, output);
        try
        {
            return await ReleaseAsync(config, state, both, log);
        }
        catch (Exception e) when (Failure(e) is { } failure)
        {
            log.On(failure);
            throw;
        }
    }

    private async Task<int> ReleaseAsync(RunConfig config, string stateDir, IRunObserver observer, RunLog? log = null)
    {
        var context = new RunContext(_run, stateDir, observer, session.Clock, session.HostKeyPrompt)
        {
            Logins = config.NamesWorkers || session.Output.Error.IsTerminal ? LoginTries.AtOnce : LoginTries.Patient,
        };
        var report = await Work(config, context, session.Stop);
        var code = ExitCodes.ForRun(report, config);
        code = log is { Failures: > 0 } ? ExitCodes.Worst([code, ExitCodes.LocalFiles]) : code;
        observer.On(new RunDone(report, code));
        return code;
    }

    private static SystemPaths Paths(RunConfig config) => SystemPaths.Choose(config.StateDir, config.Log.Directory, SystemFacts.Current);

    /// <summary>What kept the run from going on; null for a bug.</summary>
    private RunFailed? Failure(Exception exception) => exception switch
    {
        DepSyncException e => new RunFailed(e.Kind, e.Message, e.Hint, ExitCodes.ForError(e.Kind)),
        OperationCanceledException when session.Stop.IsCancellationRequested => new RunFailed(ErrorKind.Interrupted, "interrupted", null, ExitCodes.Interrupted),
        _ => null,
    };

    private void TellStopping(Screen screen)
    {
        if (session.Output.Error.IsTerminal)
        {
            screen.PrintError("stopping: commits that have begun finish first (once more to end at once)");
        }
    }

    /// <summary>Two names of one directory are one lock. One that is missing has only its name; that it is missing is told by the run.</summary>
    private static string LockedPath(string managerDir)
    {
        try
        {
            return RealPath.Of(managerDir) ?? managerDir;
        }
        catch (IOException)
        {
            return managerDir;
        }
    }
}
