using System.Collections.Concurrent;
using DepSync.Model;

namespace DepSync.Workers;

/// <summary>
/// Bounds the connections to one address (host and port) that are not logged in yet, whatever <c>parallel</c> is; other addresses are not held up. sshd drops connections at
/// random from the tenth on (<c>MaxStartups 10:30:100</c>). Waiting in here counts against no timeout. Safe for concurrent use.
/// </summary>
internal sealed class LoginGate(int places)
{
    /// <summary>Below the ten from which sshd drops, with room for two that are not ours.</summary>
    public const int UsualPlaces = 8;

    private readonly ConcurrentDictionary<(string Host, int Port), SemaphoreSlim> _gates = new();

    /// <summary>Waits for a place; disposing what comes back frees it, and may be done more than once.</summary>
    public async Task<IDisposable> EnterAsync(WorkerAddress worker, CancellationToken cancellationToken)
    {
        var gate = _gates.GetOrAdd((worker.Host!.ToUpperInvariant(), worker.Port), _ => new SemaphoreSlim(places));
        await gate.WaitAsync(cancellationToken);
        return new Place(gate);
    }

    /// <summary>As the other one, with a place that is free again after <paramref name="longest"/> even if nobody frees it: where nothing tells when a login has ended.</summary>
    public async Task<IDisposable> EnterAsync(WorkerAddress worker, TimeSpan longest, TimeProvider clock, CancellationToken cancellationToken)
    {
        var place = await EnterAsync(worker, cancellationToken);
        return new TimedPlace(place, clock.CreateTimer(static place => ((IDisposable)place!).Dispose(), place, longest, Timeout.InfiniteTimeSpan));
    }

    private sealed class Place(SemaphoreSlim gate) : IDisposable
    {
        private int _left;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _left, 1) == 0)
            {
                gate.Release();
            }
        }
    }

    private sealed class TimedPlace(IDisposable place, ITimer timer) : IDisposable
    {
        public void Dispose()
        {
            timer.Dispose();
            place.Dispose();
        }
    }
}
