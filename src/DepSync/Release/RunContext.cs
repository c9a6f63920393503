using DepSync.Model;
using DepSync.Workers;

namespace DepSync.Release;

/// <summary>What a run needs beside its configuration. <paramref name="StateDir"/> need not exist in a dry run. Safe to share between workers.</summary>
internal sealed record RunContext(string Run, string StateDir, IRunObserver Observer, TimeProvider Clock, HostKeyPrompt? AskHostKey)
{
    /// <summary>Opens a worker's files; null: by its address, through <see cref="WorkerConnector"/>.</summary>
    public ConnectWorkerAhead? Connect { get; init; }

    public LoginTries Logins { get; init; }
}

/// <summary>Whether workers that have refused logins are tried.</summary>
internal enum LoginTries
{
    /// <summary>When their time has come: the run comes again by itself.</summary>
    Patient,

    /// <summary>Now: somebody is there who wants to know, or has named them.</summary>
    AtOnce,
}
