using System.Collections.Concurrent;
using System.Globalization;
using DepSync.Config;
using DepSync.Model;
using DepSync.State;
using DepSync.Workers;

namespace DepSync.Release;

/// <summary>
/// Connects workers with <see cref="LoginPatience"/>: counts refused logins in the state by target, and leaves a worker alone whose time has not come. A worker that has refused in
/// this run is not asked again. A dry run tries always and counts nothing, as it writes nothing. Safe for concurrent use by different workers.
/// </summary>
internal sealed class LoginKeeper(RunConfig config, RunContext context, StateStore store, ConnectWorker connect)
{
    private readonly ConcurrentDictionary<string, WorkerLostException> _refused = new();

    /// <exception cref="WorkerLostException">Login: refused, or not tried because it was refused before. Whatever else connecting throws.</exception>
    /// <exception cref="DepSyncException">LocalFiles: the state cannot be read or written.</exception>
    public async Task<IWorkerFileSystem> ConnectAsync(WorkerAddress worker, CancellationToken cancellationToken)
    {
        if (worker.IsLocal || config.DryRun)
        {
            return await connect(worker, cancellationToken);
        }
        if (_refused.TryGetValue(worker.Name, out var earlier))
        {
            throw earlier;
        }
        var (key, with) = (WorkerRelease.TargetKey(worker), LoginTraits.Of(worker, config.Ssh));
        if (context.Logins == LoginTries.Patient && store.LoadTarget(key)?.RefusedLogins is { } past && LoginPatience.WaitsUntil(past, with, context.Clock.GetUtcNow()) is { } next)
        {
            throw NotTried(worker, past, next);
        }
        try
        {
            var files = await connect(worker, cancellationToken);
            Record(key, null);
            return files;
        }
        catch (WorkerLostException lost) when (lost.IsRefusedLogin)
        {
            _refused[worker.Name] = lost;
            Record(key, RefusedLogins.After(store.LoadTarget(key)?.RefusedLogins, with, context.Clock.GetUtcNow()));
            throw;
        }
    }

    private void Record(string key, RefusedLogins? refused)
    {
        var state = store.LoadTarget(key);
        if (state?.RefusedLogins != refused)
        {
            store.SaveTarget(key, (state ?? TargetState.Create(key)) with { RefusedLogins = refused });
        }
    }

    private static WorkerLostException NotTried(WorkerAddress worker, RefusedLogins past, DateTimeOffset next) => new(
        ErrorKind.Login,
        string.Create(CultureInfo.InvariantCulture, $"{worker.Host} refused the login {past.Count} times in a row, last at {Text(past.Last)}; the next try is at {Text(next)}, so that it does not ban this machine."),
        "When it is mended there, `depsync check` tries now, and so does a run with --only or on a terminal. What is changed here (key, user, ssh settings) ends the waiting by itself.");

    private static string Text(DateTimeOffset time) => time.ToLocalTime().ToString("yyyy-MM-dd HH:mm:ss zzz", CultureInfo.InvariantCulture);
}
