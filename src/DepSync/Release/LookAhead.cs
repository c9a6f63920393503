using DepSync.Model;
using DepSync.State;
using DepSync.Workers;

namespace DepSync.Release;

/// <summary>
/// Reads a worker below the place where its target was the last time, in the flight that asks where it is now: nearly always there still. It only reads, and what it tells counts when the answer is that place and nowhere
/// else, which is known before anything is decided; so a link that leads to another place now costs a flight. One use.
/// </summary>
internal sealed class LookAhead
{
    /// <summary>Nearby, more are worth further sessions, which are opened only once the worker is connected.</summary>
    private const int EntriesNearby = 5_000;

    /// <summary>About what a server looks at, so what the sessions that are missing could save.</summary>
    private const int EntriesPerMillisecond = 200;

    /// <summary>As many as one channel takes at once, about.</summary>
    private const int MostEntries = 15_000;

    private readonly string _place;
    private readonly TimeSpan _roundTrip;
    private readonly CancellationToken _cancellationToken;
    private readonly TaskCompletionSource<WorkerOutlook> _outlook = new();
    private Task<LookUnderWay?> _asked = Task.FromResult<LookUnderWay?>(null);

    private LookAhead(string place, TimeSpan roundTrip, CancellationToken cancellationToken) => (_place, _roundTrip, _cancellationToken) = (place, roundTrip, cancellationToken);

    /// <summary>For the connection. What was asked of one that failed ends with it, and the last one counts.</summary>
    public PlaceGuess Guess => new(_place, files => _asked = AskAsync(files)) { RoundTrip = _roundTrip };

    /// <summary>Null where no place is remembered.</summary>
    public static LookAhead? Of(TargetState? state, CancellationToken cancellationToken) => state?.CanonicalPath is not { } place
        ? null
        : new LookAhead(place, TimeSpan.FromMilliseconds(Math.Clamp(state.RoundTripMs ?? 0, 0, 60_000)), cancellationToken);

    /// <summary>The place as it may be remembered; null for one that is not told byte for byte, and for a directory of this machine, where nothing is to be saved.</summary>
    public static string? Remembered(WorkerAddress address, WorkerPlace place) => address.IsLocal || place.CanonicalPath.Contains('\uFFFD') ? null : place.CanonicalPath;

    /// <summary>From here on it is known what to ask for.</summary>
    public void Begin(WorkerOutlook outlook) => _outlook.TrySetResult(outlook);

    /// <summary>Whether the target is where it was.</summary>
    public bool IsAt(WorkerPlace place) => place.CanonicalPath == _place;

    /// <summary>Null when the worker has to be asked itself.</summary>
    /// <exception cref="DepSyncException">The state or the source cannot be read.</exception>
    public async Task<LookUnderWay?> TakeAsync(WorkerPlace place)
    {
        var asked = await _asked;
        if (asked is null || IsAt(place))
        {
            return asked;
        }
        await asked.DisposeAsync();
        return null;
    }

    private async Task<LookUnderWay?> AskAsync(IWorkerFileSystem files)
    {
        var outlook = await _outlook.Task;
        if (outlook.Known is not { } known)
        {
            return null;
        }
        var begun = await LookUnderWay.BeginAsync(files, outlook, _cancellationToken);
        if (known.Manifest.Entries.Count <= Math.Clamp(_roundTrip.TotalMilliseconds * EntriesPerMillisecond, EntriesNearby, MostEntries))
        {
            begun.BeginTree(files, outlook, _cancellationToken);
        }
        return begun;
    }
}
