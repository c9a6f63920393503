namespace DepSync.Workers;

/// <summary>
/// <c>--bwlimit</c> in one direction, shared by all workers of a run: says when bytes may go, in the order in which they are asked for. By any moment no more has been
/// allowed than the rate times the time since this was made; a pause is made up for by at most <see cref="Slack"/>. Who gives up a wait leaves its place empty. Decides
/// only, never waits. Safe for concurrent use.
/// </summary>
internal sealed class BandwidthLimit
{
    /// <summary>Timers are late by a millisecond or more: what they lose is sent after, else a high rate would never be reached.</summary>
    private static readonly TimeSpan Slack = TimeSpan.FromMilliseconds(100);

    /// <summary>As without a limit on a LAN.</summary>
    public const int LongestWindow = 1 << 20;

    private readonly long _bytesPerSecond;
    private readonly TimeProvider _clock;
    private readonly Lock _lock = new();

    /// <summary>Up to this timestamp the rate is given away. The lock's.</summary>
    private long _taken;

    public BandwidthLimit(long bytesPerSecond, TimeProvider clock)
    {
        (_bytesPerSecond, _clock) = (bytesPerSecond, clock);
        _taken = clock.GetTimestamp();
        // 50 ms: so long a small request of one worker waits for each other worker that sends a large file.
        Piece = (int)Math.Clamp(bytesPerSecond / 20, 128, 64 << 10);
        Window = (int)Math.Clamp(bytesPerSecond / 2, 64 << 10, LongestWindow);
    }

    /// <summary>What may be asked for at once, in bytes.</summary>
    public int Piece { get; }

    /// <summary>What one worker may have in flight, in bytes: half a second's worth, so that a worker that is silent is found out soon although its requests take time to go out.</summary>
    public int Window { get; }

    /// <summary>Takes the next place for <paramref name="count"/> bytes; gives the clock's timestamp at which they may go.</summary>
    public long Reserve(int count)
    {
        var now = _clock.GetTimestamp();
        var frequency = _clock.TimestampFrequency;
        lock (_lock)
        {
            // Rounded up, so that many small pieces are not faster than a large one.
            var cost = (long)(((Int128)count * frequency + _bytesPerSecond - 1) / _bytesPerSecond);
            _taken = Math.Max(_taken, now - (long)(Slack.TotalSeconds * frequency)) + cost;
            return _taken;
        }
    }
}
