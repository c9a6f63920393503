using DepSync.Model;
using DepSync.Workers;

namespace DepSync.Scanning;

/// <summary>
/// Lists a worker's tree, breadth first, with many directories in flight and those that are expected ahead of the others. The result has everything that is neither excluded nor the server's own work; a missing target
/// gives an empty snapshot. A directory that cannot be listed is a problem of that directory, never empty.
/// <para>Failure: <see cref="WorkerLostException"/>, also when the worker tells more than any tree holds. Threads: one scan at a time.</para>
/// </summary>
internal sealed class WorkerScanner(IWorkerFileSystem files, FilterSet filters)
{
    /// <summary>Directories that are waited for at once; the listings that wait are a few megabytes at most.</summary>
    private const int CallsInFlight = WorkerCapabilities.UsualListingsInFlight;

    /// <summary>A tree of the manager that holds more would not fit its memory; a worker that tells more than that is broken or hostile.</summary>
    private const int MaxEntries = 5_000_000;

    /// <summary>Deeper than any path of 4,096 bytes can be.</summary>
    private const int MaxDepth = 2_048;

    public async Task<Snapshot> ScanAsync(WorkerScanRequest request, CancellationToken cancellationToken)
    {
        await using var listing = request.Begun ?? TreeListing.Begin(files, Expected(request), cancellationToken);
        var root = await listing.Root;
        if (root is null)
        {
            return new Snapshot(null, []);
        }
        if (root.Value.Kind != EntryKind.Directory)
        {
            throw new WorkerLostException(ErrorKind.Target, $"The target {files.Place.CanonicalPath} is not a directory.", "Name a directory in the workers list, or move what stands there away.");
        }
        var walk = new Walk(listing, filters, request);
        await walk.ListAllAsync(cancellationToken);
        await walk.ReadLinksAsync(cancellationToken);
        return walk.ToSnapshot(root.Value);
    }

    private ExpectedTree Expected(WorkerScanRequest request) => request.Expected ?? (request.Manifest is { } manifest ? ExpectedTree.Of(manifest, filters) : ExpectedTree.None);

    /// <summary>One scan under way. The replies are awaited in the order of the calls, on one thread at a time, so nothing here needs a lock.</summary>
    private sealed class Walk(TreeListing tree, FilterSet filters, WorkerScanRequest request)
    {
        private readonly List<FileEntry> _entries = new(request.Manifest?.Entries.Count ?? 0);
        private readonly List<FileEntry> _links = [];
        private readonly List<Problem> _problems = [];
        private readonly List<RelativePath> _specialFiles = [];
        private readonly HashSet<RelativePath> _keepers = [];
        private readonly HashSet<RelativePath> _leftOut = [];
        private readonly HashSet<RelativePath> _unpacked = [];
        private readonly Queue<Folder> _toList = new([new Folder(RelativePath.Root, FilterVerdict.Include, 0)]);

        public async Task ListAllAsync(CancellationToken cancellationToken)
        {
            var inFlight = new Queue<Task<Listing>>();
            try
            {
                while (_toList.Count + inFlight.Count > 0)
                {
                    while (inFlight.Count < CallsInFlight && _toList.TryDequeue(out var next))
                    {
                        inFlight.Enqueue(ListAsync(next, cancellationToken));
                    }
                    TakeAll(await inFlight.Dequeue());
                }
            }
            finally
            {
                await Task.WhenAll(inFlight.Cast<Task>()).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }

        public async Task ReadLinksAsync(CancellationToken cancellationToken)
        {
            foreach (var batch in _links.Chunk(CallsInFlight))
            {
                foreach (var (entry, problem) in await Task.WhenAll(batch.Select(link => ReadLinkAsync(link, cancellationToken))))
                {
                    AddIfAny(_entries, entry);
                    AddIfAny(_problems, problem);
                }
            }
        }

        public Snapshot ToSnapshot(WorkerEntry root)
        {
            var own = ToEntry(root, RelativePath.Root, FilterVerdict.Include);
            try
            {
                return new Snapshot(own, _entries)
                {
                    Problems = _problems,
                    Keepers = _keepers,
                    LeftOut = _leftOut,
                    SpecialFiles = _specialFiles,
                };
            }
            catch (ArgumentException twice)
            {
                throw new WorkerLostException(ErrorKind.Protocol, "The worker listed the same name twice in one directory.", "Check the file system and the SFTP server of the worker.", twice);
            }
        }

        private async Task<Listing> ListAsync(Folder folder, CancellationToken cancellationToken)
        {
            try
            {
                var entries = await tree.ListAsync(folder.Path, cancellationToken);
                return new Listing(folder, entries, entries is null ? new Problem(folder.Path, "The directory went away while it was to be listed.") : null);
            }
            catch (WorkerFileException e)
            {
                return new Listing(folder, null, new Problem(folder.Path, $"The directory cannot be listed: {e.Message}"));
            }
        }

        private async Task<(FileEntry? Link, Problem? Problem)> ReadLinkAsync(FileEntry link, CancellationToken cancellationToken)
        {
            try
            {
                return (await tree.ReadLinkAsync(link.Path, cancellationToken) is { } target ? link with { LinkTarget = target } : null, null);
            }
            catch (WorkerFileException e)
            {
                return (link, new Problem(link.Path, $"The link cannot be read: {e.Message}"));
            }
        }

        private void TakeAll(Listing listing)
        {
            AddIfAny(_problems, listing.Problem);
            if (listing.Folder.Path == ExplodedWebapp.Webapps)
            {
                FindUnpacked(listing);
            }
            var entries = listing.Entries ?? [];
            for (var i = 0; i < entries.Count; i++)
            {
                Take(listing.Folder, entries[i]);
            }
        }

        private void FindUnpacked(Listing listing)
        {
            foreach (var entry in listing.Entries ?? [])
            {
                if (ExplodedWebapp.Of(entry.Name, entry.Kind) is { } unpacked && request.IsUnpackedBeside(unpacked)
                    && filters.DecideBelow(listing.Folder.Verdict, listing.Folder.Path.Child(entry.Name), entry.Kind) == FilterVerdict.Excluded)
                {
                    _unpacked.Add(unpacked);
                }
            }
        }

        private static void AddIfAny<T>(List<T> list, T? item)
        {
            if (item is not null)
            {
                list.Add(item);
            }
        }

        private void Take(Folder folder, WorkerEntry listed)
        {
            var path = folder.Path.Child(listed.Name);
            var verdict = filters.DecideBelow(folder.Verdict, path, listed.Kind);
            if (verdict == FilterVerdict.Excluded)
            {
                // The own folder changes its parent's mtime only when it is created, and a commit sets that mtime last.
                if (!FilterSet.IsOwnFolder(path))
                {
                    LeaveOut(folder, path, listed.Kind);
                }
                return;
            }
            if (listed.Kind == EntryKind.Special)
            {
                _keepers.Add(folder.Path);
                _specialFiles.Add(path);
                return;
            }
            if (listed.Kind == EntryKind.Directory && (request.ExplodedWebapps.Contains(path) || _unpacked.Contains(path)))
            {
                LeaveOut(folder, path, listed.Kind);
                return;
            }
            if (verdict == FilterVerdict.Protected)
            {
                _keepers.Add(folder.Path);
            }
            Keep(ToEntry(listed, path, verdict), new Folder(path, verdict, folder.Depth + 1));
        }

        private void LeaveOut(Folder folder, RelativePath path, EntryKind kind)
        {
            _keepers.Add(folder.Path);
            if (kind == EntryKind.Directory)
            {
                _leftOut.Add(path);
            }
        }

        private void Keep(FileEntry entry, Folder folder)
        {
            (entry.Kind == EntryKind.Symlink ? _links : _entries).Add(entry);
            if (_entries.Count + _links.Count > MaxEntries)
            {
                throw new WorkerLostException(ErrorKind.Protocol, $"The worker listed more than {MaxEntries} entries.", "Check that the target is the folder that it should be.");
            }
            if (entry.Kind != EntryKind.Directory)
            {
                return;
            }
            if (folder.Depth < MaxDepth)
            {
                _toList.Enqueue(folder);
            }
            else
            {
                _problems.Add(new Problem(entry.Path, $"The directory lies more than {MaxDepth} levels deep and was not listed."));
            }
        }

        private FileEntry ToEntry(WorkerEntry listed, RelativePath path, FilterVerdict verdict) => new()
        {
            Path = path,
            Kind = listed.Kind,
            Size = listed.Kind == EntryKind.File ? listed.Size : 0,
            ModifiedNs = listed.Seconds * 1_000_000_000,
            Mode = listed.Mode,
            Uid = listed.Uid,
            Gid = listed.Gid,
            Digest = listed.Kind == EntryKind.File ? request.Proven(path, listed.Size, FileEntry.Carried(listed.Seconds)) : null,
            Protected = verdict == FilterVerdict.Protected,
        };
    }

    private readonly record struct Folder(RelativePath Path, FilterVerdict Verdict, int Depth);

    private sealed record Listing(Folder Folder, IReadOnlyList<WorkerEntry>? Entries, Problem? Problem);
}
