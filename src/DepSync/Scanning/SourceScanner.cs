using System.Collections.Concurrent;
using DepSync.Model;
using DepSync.State;

namespace DepSync.Scanning;

/// <summary>
/// Scans and hashes the manager directory: the one snapshot that all workers of a run are compared with. Entries that cannot be read are problems in it, files that may
/// still be written are deferred in it.
/// <para>Failure: <see cref="DepSyncException"/> of kind <see cref="ErrorKind.Source"/> when the directory itself cannot be read. Threads: one scan at a time.</para>
/// </summary>
internal sealed class SourceScanner(SourceTree tree, HashCache cache, ScanRules rules, TimeProvider clock)
{
    /// <summary>Timers count whole milliseconds, by a clock that is not the one of the ctimes.</summary>
    internal static readonly TimeSpan TimerSlack = TimeSpan.FromMilliseconds(20);

    private readonly UploadGate _gate = new(rules.Settle, clock);

    /// <summary>Sees what has to be read.</summary>
    public IContentObserver? Observer { private get; init; }

    public async Task<Snapshot> ScanAsync(CancellationToken cancellationToken)
    {
        var reader = new SourceReader(tree, cache, _gate) { Observer = Observer };
        var (unsettled, unknown, readings) = (new List<FoundFile>(), new List<FoundFile>(), new List<FileReading>());
        var walk = new SourceWalk(tree, rules, file =>
        {
            if (_gate.IsUnsettled(file.Path, file.Seen.Stamp))
            {
                unsettled.Add(file);
            }
            else if (reader.FromCache(file) is { } reading)
            {
                readings.Add(reading);
            }
            else
            {
                unknown.Add(file);
            }
        });
        walk.Run(cancellationToken);
        readings.AddRange(await ReadAllAsync(reader, unknown, cancellationToken));
        if (unsettled.Count > 0)
        {
            await WaitAsync(unsettled, cancellationToken);
            var (still, ready) = LookAgain(unsettled);
            readings.AddRange(still);
            readings.AddRange(await ReadAllAsync(reader, ready, cancellationToken));
        }
        tree.Forget();
        return new Snapshot(walk.Root, walk.Entries.Concat(readings.Select(reading => reading.Entry)))
        {
            Problems = [.. walk.Problems, .. readings.Select(reading => reading.Problem).OfType<Problem>()],
            Warnings = [.. readings.Select(reading => reading.Warning).OfType<Problem>()],
            SpecialFiles = walk.SpecialFiles,
            MountPoints = walk.MountPoints,
            HasMarker = walk.HasMarker,
            ExplodedWebapps = walk.ExplodedWebapps,
        };
    }

    private static async Task<IReadOnlyCollection<FileReading>> ReadAllAsync(SourceReader reader, List<FoundFile> files, CancellationToken cancellationToken)
    {
        var readings = new ConcurrentBag<FileReading>();
        var lanes = new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(files, lanes, async (file, token) => readings.Add(await reader.ReadAsync(file, token)));
        return readings;
    }

    /// <summary>Once, until the youngest may have settled, and never for longer than <c>settle</c> and a tick.</summary>
    private Task WaitAsync(List<FoundFile> unsettled, CancellationToken cancellationToken)
    {
        var wait = unsettled.Max(file => _gate.TimeToSettle(file.Seen.Stamp));
        return wait > TimeSpan.Zero ? Task.Delay(wait + TimerSlack, clock, cancellationToken) : Task.CompletedTask;
    }

    private (List<FileReading> Still, List<FoundFile> Ready) LookAgain(List<FoundFile> unsettled)
    {
        // Meanwhile another folder may have come in the place of one that was read in.
        tree.Forget();
        var (still, ready) = (new List<FileReading>(), new List<FoundFile>());
        foreach (var file in unsettled)
        {
            var now = Find(file);
            if (now is not { Kind: EntryKind.File })
            {
                still.Add(new FileReading(file.ToEntry(null, Deferral.Vanished)));
                continue;
            }
            var again = file with { Seen = now.Value };
            var restsInTheFuture = now.Value.Stamp == file.Seen.Stamp && _gate.IsOfTheFuture(now.Value.Stamp);
            if (_gate.IsUnsettled(again.Path, again.Seen.Stamp) && !restsInTheFuture)
            {
                still.Add(new FileReading(again.ToEntry(null, Deferral.Unsettled)));
            }
            else
            {
                ready.Add(again);
            }
        }
        return (still, ready);
    }

    /// <summary>What cannot be looked at is left to the read, which says why.</summary>
    private SourceEntry? Find(FoundFile file)
    {
        try
        {
            return tree.Find(file.Path);
        }
        catch (IOException)
        {
            return file.Seen;
        }
    }
}
