using DepSync.Config;
using DepSync.Model;

namespace DepSync.Release;

/// <summary>What becomes of entries that only the manager directory has.</summary>
internal enum Extras
{
    Keep,

    /// <summary><c>--delete</c>.</summary>
    Remove,
}

/// <summary>From which worker the manager directory is brought up to date.</summary>
internal sealed record AdoptionRequest(RunConfig Config, WorkerAddress From, Extras Extras);
