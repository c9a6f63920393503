using DepSync.Model;

namespace DepSync.Reporting;

/// <summary>Which results are fine and which runs have nothing to say. Pure.</summary>
internal static class Outcome
{
    /// <summary>In order, or waiting for somebody to finish writing a file, or the same directory as another worker that was pushed.</summary>
    public static bool IsFine(WorkerResult result) =>
        result is { Status: not (WorkerStatus.Failed or WorkerStatus.Refused), Problems.Count: 0, Error: null or { Kind: ErrorKind.Duplicate } };

    /// <summary>Went through, and every worker is fine.</summary>
    public static bool IsFine(RunReport report) => report is { Ended: null, SourceProblems.Count: 0 } && report.Workers.All(IsFine);

    /// <summary>Changed nothing, failed nowhere, waits for nothing.</summary>
    public static bool IsUneventful(RunReport report) =>
        IsFine(report) && report.Workers.All(static result => !result.HasDifferences && result.Status != WorkerStatus.Synced);

    /// <summary>A run that cron starts every minute says nothing until there is something to say.</summary>
    public static bool IsSilent(RunReport report, OutputOptions options, bool dryRun) =>
        options.Format == OutputFormat.Human && !dryRun && !options.Out.IsTerminal && IsUneventful(report);
}
