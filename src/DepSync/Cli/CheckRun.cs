using DepSync.Model;
using DepSync.Platform;
using DepSync.Release;
using DepSync.Reporting;
using DepSync.State;
using DepSync.Workers;

namespace DepSync.Cli;

/// <summary>
/// Looks at every worker, several at a time, and prints what was found in the order of the list. The probes stay until all workers were asked whether they see each other's,
/// and are gone before anything is printed. The result is 0, 23 or 45.
/// </summary>
internal sealed class CheckRun(CommandSession session, CheckProbe probe) : IRunObserver
{
    private readonly CheckReporter _reporter = new(session.Screen, session.Output, session.Clock, RunId.Create(session.Clock));

    /// <exception cref="DepSyncException">Source: there is no manager directory.</exception>
    public async Task<int> RunAsync()
    {
        var config = session.Config;
        if (!Directory.Exists(config.ManagerDir))
        {
            throw new DepSyncException(ErrorKind.Source, $"the manager directory {config.ManagerDir} is missing or no directory", "give --manager-dir, or mount it");
        }
        var connector = new WorkerConnector(config, this, session.HostKeyPrompt, session.Clock);
        var allowed = config.DryRun ? CheckProbe.Forbidden : probe;
        var checks = new List<WorkerCheck>();
        try
        {
            foreach (var some in config.Workers.Chunk(config.Parallel))
            {
                checks.AddRange(await Task.WhenAll(some.Select(worker => WorkerCheck.LookAsync(connector, worker, session.Stop))));
            }
            var manager = RealPath.Of(config.ManagerDir) ?? config.ManagerDir;
            await Task.WhenAll(checks.Select(check => AskGuardAsync(check, manager)));
            var state = StateStore.Open(SystemPaths.Choose(config.StateDir, config.Log.Directory, SystemFacts.Current).State, manager).LoadManager();
            await Task.WhenAll(checks.Select(check => check.AskAsync(files => OwnerFinding.OfAsync(state, manager, files, session.Stop))));
            foreach (var some in checks.Chunk(config.Parallel))
            {
                await Task.WhenAll(some.Select(check => check.ProbeAsync(allowed, session.Stop)));
            }
            await Task.WhenAll(Enumerable.Range(0, checks.Count).Select(i => CompareAsync(checks[i], checks[..i])));
        }
        finally
        {
            await Task.WhenAll(checks.Select(check => check.DisposeAsync().AsTask()));
        }
        foreach (var check in checks)
        {
            _reporter.Print(check.Worker.Name, [.. check.Results.Select(Finding)]);
        }
        _reporter.PrintEnd(checks.Count(check => !check.HasFailed), checks.Count);
        return ExitCodes.ForWorkers(checks.Select(Code));
    }

    public void On(RunEvent runEvent)
    {
        if (runEvent is Note { Level: NoteLevel.Warning } warning)
        {
            session.Screen.PrintError(TroubleText.Said(session.Screen.ErrorInk, Shade.Caution, "warning:", DisplayText.Escape(warning.Message)));
        }
    }

    /// <summary>A target that every sync would refuse for where it is; nothing is probed there.</summary>
    private async Task AskGuardAsync(WorkerCheck check, string manager)
    {
        if (check.Place is { } place && check.Lost is null && await TargetPlace.CheckAsync(manager, check.Worker, place, session.Stop) is { } refusal)
        {
            check.Refuse(refusal.Message, refusal.Hint);
        }
    }

    /// <summary>One name too many for one directory is told once, at the later worker.</summary>
    private async Task CompareAsync(WorkerCheck check, List<WorkerCheck> earlier)
    {
        foreach (var other in earlier)
        {
            if (await check.CompareAsync(other, session.Stop))
            {
                return;
            }
        }
    }

    private static int Code(WorkerCheck check) => check switch
    {
        { Lost: { } lost } => ExitCodes.ForError(lost.Kind),
        { HasFailed: true } => ExitCodes.Partial,
        _ => ExitCodes.Success,
    };

    private static CheckFinding Finding(CheckResult result) => new(
        result.Name,
        result.Outcome switch { CheckOutcome.Ok => CheckState.Ok, CheckOutcome.Warning => CheckState.Warning, _ => CheckState.Failed },
        result.Message,
        result.Mend);
}
