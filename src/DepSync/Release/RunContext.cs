using DepSync.Model;
using DepSync.Workers;

namespace DepSync.Release;

/// <summary>What a run needs beside its configuration. <paramref name="StateDir"/> need not exist in a dry run. Safe to share between workers.</summary>
internal sealed record RunContext(string Run, string StateDir, IRunObserver Observer, TimeProvider Clock, HostKeyPrompt? AskHostKey)
{
    /// <summary>Opens a worker's files; null: by its address, through <see cref="WorkerConnector"/>.</summary>
    public ConnectWorker? Connect { get; init; }
}
