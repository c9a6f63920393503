using DepSync.Model;
using DepSync.Workers;

namespace DepSync.Release;

/// <summary>
/// Has a large file hashed on the worker while its last bytes are still copied there. It is begun when what is left should take less time than a quick program takes for the whole.
/// <para>
/// Why that is safe: a staged file is written in ascending order and no byte of it twice, and a server carries out what is asked of one file in the order in which it was asked (SFTP v3, section 6.1). So a
/// program that read the bytes of the plan read all of them, and none changes any more; every status and the size are looked at as ever. One that overtook the writing has read less: its hash is another one, counts for nothing, and the file is hashed once more. It has ended before the last byte was
/// written, so the next one is begun early too.
/// </para>
/// <para>Threads: safe for concurrent calls of <see cref="Wrote"/>; all else behind them.</para>
/// </summary>
internal sealed class EarlyHash(StagedHashes hashes, SizedPath file, Digest expected, TimeProvider clock)
{
    /// <summary>Below it, a command's start and end take longer than what is saved.</summary>
    private const long SmallestFile = 32 << 20;

    /// <summary>Bytes a second. SHA-256 in one thread takes 1.7 GB/s here (EPYC with SHA instructions); one that is quicker than this may overtake the copying and read the file twice.</summary>
    private const double QuickestHash = 2e9;

    /// <summary>One that is overtaken has cost the worker at most the reading of the file; copying that is slower each time is left alone then.</summary>
    private const int MostTries = 2;

    private readonly long _begun = clock.GetTimestamp();
    private long _written;
    private int _tries;
    private volatile bool _wasOvertaken;
    private volatile Task<bool>? _answer;

    /// <summary>What was copied so far.</summary>
    public long Written => Volatile.Read(ref _written);

    /// <summary>So many bytes more of the file are there.</summary>
    public void Wrote(long bytes, CancellationToken cancellationToken)
    {
        var written = Interlocked.Add(ref _written, bytes);
        var tries = Volatile.Read(ref _tries);
        var isDue = tries == 0 || (tries < MostTries && _wasOvertaken);
        if (isDue && ShouldBegin(file.Size, written, clock.GetElapsedTime(_begun)) && Interlocked.CompareExchange(ref _tries, tries + 1, tries) == tries)
        {
            _answer = TryAsync(cancellationToken);
        }
    }

    /// <summary>Whether what is left, at the pace so far, takes less time than a quick program takes to read the whole.</summary>
    public static bool ShouldBegin(long size, long written, TimeSpan taken) =>
        size >= SmallestFile && written > 0 && (size - written) * (taken.TotalSeconds / written) < size / QuickestHash;

    /// <summary>The hash of the file, which is whole by now; null where the worker cannot tell.</summary>
    /// <exception cref="WorkerLostException">The worker is gone.</exception>
    public async Task<Digest?> HashAsync(CancellationToken cancellationToken) =>
        _answer is { } early && await early ? expected : await hashes.HashAsync(file, cancellationToken);

    private async Task<bool> TryAsync(CancellationToken cancellationToken)
    {
        var isWhole = await hashes.HashAsync(file, cancellationToken) == expected;
        _wasOvertaken = !isWhole;
        return isWhole;
    }

    /// <summary>Nobody reads the file any more.</summary>
    public async Task SettleAsync()
    {
        if (_answer is { } early)
        {
            await ((Task)early).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
