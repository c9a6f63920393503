using System.Collections.Concurrent;
using System.Globalization;
using DepSync.Config;
using DepSync.Model;
using DepSync.State;
using DepSync.Workers;

namespace DepSync.Release;

/// <summary>
/// Connects workers with <see cref="LoginPatience"/>: counts refused logins in the state, and leaves a login alone whose time has not come. Targets that share a login (user, host, port
/// and key) share its row, in which a run counts once: the first of them tries and the others wait for what becomes of it, unless it let them in before and is not refused since. None tries a
/// login that was refused in this run already. A dry run waits for no time and counts nothing, as it writes nothing. Safe for concurrent use by different workers.
/// </summary>
internal sealed class LoginKeeper(RunConfig config, RunContext context, StateStore store, ConnectWorkerAhead connect)
{
    private readonly ConcurrentDictionary<string, FirstTry> _tries = new();
    private readonly Lock _recording = new();

    /// <exception cref="WorkerLostException">Login: refused, to this or another target of the same login, or not tried because it was refused before. Whatever else connecting throws.</exception>
    /// <exception cref="DepSyncException">LocalFiles: the state cannot be read or written.</exception>
    public async Task<IWorkerFileSystem> ConnectAsync(WorkerAddress worker, PlaceGuess? guess, CancellationToken cancellationToken)
    {
        if (worker.IsLocal)
        {
            return await OpenAsync();
        }
        var key = LoginTraits.Key(worker, config.Ssh);
        var mine = new FirstTry();
        var first = _tries.GetOrAdd(key, mine);
        if (first == mine)
        {
            try
            {
                return await TryAsync(worker, key, first, OpenAsync);
            }
            finally
            {
                first.End();
            }
        }
        if (!IsExpectedToWork(worker, key))
        {
            await first.Ended.WaitAsync(cancellationToken);
        }
        return first.Refusal is { } refused ? throw refused : await TryAsync(worker, key, first, OpenAsync);

        Task<IWorkerFileSystem> OpenAsync() => connect(worker, guess, cancellationToken);
    }

    private bool IsExpectedToWork(WorkerAddress worker, string key) =>
        store.LoadTarget(WorkerRelease.TargetKey(worker)) is { Known: true } && store.LoadLogin(key)?.Refused is null;

    private async Task<IWorkerFileSystem> TryAsync(WorkerAddress worker, string key, FirstTry first, Func<Task<IWorkerFileSystem>> open)
    {
        var with = LoginTraits.Of(worker, config.Ssh);
        if (!config.DryRun && context.Logins == LoginTries.Patient && store.LoadLogin(key)?.Refused is { } past && LoginPatience.WaitsUntil(past, with, context.Clock.GetUtcNow()) is { } next)
        {
            throw NotTried(worker, past, next);
        }
        try
        {
            var files = await open();
            Record(key, _ => null);
            return files;
        }
        catch (WorkerLostException lost) when (lost.IsRefusedLogin)
        {
            if (first.Refuse(lost))
            {
                Record(key, past => RefusedLogins.After(past, with, context.Clock.GetUtcNow()));
            }
            throw;
        }
    }

    private void Record(string key, Func<RefusedLogins?, RefusedLogins?> next)
    {
        if (config.DryRun)
        {
            return;
        }
        lock (_recording)
        {
            var past = store.LoadLogin(key)?.Refused;
            if (next(past) is var refused && refused != past)
            {
                store.SaveLogin(new LoginState { Schema = LoginState.CurrentSchema, Login = key, Refused = refused });
            }
        }
    }

    private static WorkerLostException NotTried(WorkerAddress worker, RefusedLogins past, DateTimeOffset next) => new(
        ErrorKind.Login,
        string.Create(CultureInfo.InvariantCulture, $"{worker.Host} refused the login {past.Count} times in a row, last at {Text(past.Last)}; the next try is at {Text(next)}, so that it does not ban this machine."),
        "When it is mended there, `depsync check` tries now, and so does a run with --only or on a terminal. What is changed here (key, user, ssh settings) ends the waiting by itself.");

    private static string Text(DateTimeOffset time) => time.ToLocalTime().ToString("yyyy-MM-dd HH:mm:ss zzz", CultureInfo.InvariantCulture);

    /// <summary>How the first try of a login in this run ended. What was no refusal (not reached, host key) says nothing of the login, and holds up no other target any longer.</summary>
    private sealed class FirstTry
    {
        private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private WorkerLostException? _refusal;

        public Task Ended => _ended.Task;

        /// <summary>The first refusal of this run; null while there was none.</summary>
        public WorkerLostException? Refusal => Volatile.Read(ref _refusal);

        /// <summary>Whether it is the first one.</summary>
        public bool Refuse(WorkerLostException refusal) => Interlocked.CompareExchange(ref _refusal, refusal, null) is null;

        public void End() => _ended.TrySetResult();
    }
}
