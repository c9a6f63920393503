using DepSync.Model;

namespace DepSync.Release;

/// <summary>Counts what one worker's staging has sent and raises it as progress a few times a second. Safe for concurrent use.</summary>
internal sealed class StagingMeter(IRunObserver observer, string worker, TimeProvider clock) : IProgress<int>
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);

    private long _bytes;
    private long _copied;
    private long _bytesTotal;
    private int _files;
    private int _filesTotal;
    private long _reported = clock.GetTimestamp();

    /// <summary>File content put on the wire so far.</summary>
    public long BytesSent => Volatile.Read(ref _bytes);

    public void Begin(long bytes, int files) => (_bytesTotal, _filesTotal) = (_bytesTotal + bytes, _filesTotal + files);

    public void Report(int value)
    {
        Interlocked.Add(ref _bytes, value);
        Raise();
    }

    /// <summary>Content that the worker had.</summary>
    public void Copied(long bytes)
    {
        Interlocked.Add(ref _copied, bytes);
        Raise();
    }

    public void FileDone()
    {
        Interlocked.Increment(ref _files);
        Raise();
    }

    private void Raise()
    {
        var last = Volatile.Read(ref _reported);
        if (clock.GetElapsedTime(last) >= Interval && Interlocked.CompareExchange(ref _reported, clock.GetTimestamp(), last) == last)
        {
            observer.On(new StagingProgress(BytesSent + Volatile.Read(ref _copied), _bytesTotal, Volatile.Read(ref _files), _filesTotal) { Worker = worker });
        }
    }
}
