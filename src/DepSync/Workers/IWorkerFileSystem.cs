using DepSync.Model;

namespace DepSync.Workers;

/// <summary>
/// One worker's files, rooted at its target. Implemented over SFTP and for a directory of this machine.
/// <para>Order: calls of one thread take effect in the order in which they were made, awaited or not; so a rename may be called right behind another one.
/// A later call is carried out even when an earlier one failed.</para>
/// <para>Absent: what does not exist (or lies below something that does not, or that is no directory) is null, false or a no-op, never an exception.</para>
/// <para>Failure: <see cref="WorkerFileException"/> for one path, after which the worker can be used on; <see cref="WorkerLostException"/> when the worker is gone, for
/// every call from then on.</para>
/// <para>Links: no call follows a symlink in its last component. Whoever calls passes only paths whose parents were listed as directories; the local implementation
/// refuses a link in any component, over SFTP v3 that cannot be enforced.</para>
/// <para>Threads: safe for concurrent calls. Disposing ends pending calls with <see cref="WorkerLostException"/>, does not hang on a dead peer and may run twice.</para>
/// </summary>
internal interface IWorkerFileSystem : IAsyncDisposable
{
    WorkerCapabilities Capabilities { get; }

    /// <summary>Where the target really is. Known from the connect on.</summary>
    WorkerPlace Place { get; }

    /// <summary>The entries of a directory, without <c>.</c> and <c>..</c>, in no order; null when it is absent or no directory. An unreadable one throws, it is never "empty".</summary>
    ValueTask<IReadOnlyList<WorkerEntry>?> ListAsync(RelativePath directory, CancellationToken cancellationToken);

    /// <summary>
    /// The same for a directory that is likely to hold so many entries: over a network a large one is then asked for at once. A wrong guess costs time alone. Has no order among calls that are under way
    /// together: it comes behind what was awaited before.
    /// </summary>
    ValueTask<IReadOnlyList<WorkerEntry>?> ListAsync(RelativePath directory, int expected, CancellationToken cancellationToken) => ListAsync(directory, cancellationToken);

    /// <summary>The attributes of an entry itself (a link is not followed); for the root, of the directory that it is. Null when absent.</summary>
    ValueTask<WorkerEntry?> FindAsync(RelativePath path, CancellationToken cancellationToken);

    /// <summary>The bytes of a link's target; null when absent or no link.</summary>
    ValueTask<byte[]?> ReadLinkAsync(RelativePath path, CancellationToken cancellationToken);

    /// <summary>Opens an existing regular file for reading; null when absent.</summary>
    ValueTask<IWorkerFile?> OpenAsync(RelativePath path, CancellationToken cancellationToken);

    /// <summary>Creates a file that must not exist yet (CREAT+EXCL, so no link is followed), readable and writable for its owner alone (0600).</summary>
    ValueTask<IWorkerFile> CreateFileAsync(RelativePath path, CancellationToken cancellationToken);

    /// <summary>
    /// The same for a file in a run's <c>new/</c>, which gets about so many bytes. It, and every call of that file, has no order among calls that are under way together: it comes behind what was
    /// awaited before. Nothing is copied into it from other files.
    /// </summary>
    ValueTask<IWorkerFile> StageFileAsync(RelativePath path, long size, CancellationToken cancellationToken) => CreateFileAsync(path, cancellationToken);

    /// <summary>
    /// Says what is about to be asked for, so that what it takes can be made ready meanwhile. To be disposed when that was done or given up: nothing of it is under way any more afterwards. Changes no result.
    /// </summary>
    IAsyncDisposable Expect(WorkLoad load) => NothingExpected.Instance;

    /// <summary>Creates a directory with the given mode (the worker's umask applies); false when something of that name exists. Creates the target itself for the root.</summary>
    ValueTask<bool> CreateDirectoryAsync(RelativePath path, int mode, CancellationToken cancellationToken);

    /// <summary>Creates a symlink; the name must not exist.</summary>
    ValueTask CreateSymlinkAsync(RelativePath path, ReadOnlyMemory<byte> target, CancellationToken cancellationToken);

    /// <summary>
    /// Renames. With <see cref="WorkerCapabilities.AtomicReplace"/> an existing file or link at <paramref name="to"/> is replaced atomically; without it the call fails when
    /// <paramref name="to"/> exists. False when <paramref name="from"/>, or the folder of <paramref name="to"/>, is absent.
    /// </summary>
    ValueTask<bool> RenameAsync(RelativePath from, RelativePath to, CancellationToken cancellationToken);

    /// <summary>Makes a second name for a file or link; false when <paramref name="existing"/> is absent. Only with <see cref="WorkerCapabilities.HardLinks"/>.</summary>
    ValueTask<bool> LinkAsync(RelativePath existing, RelativePath added, CancellationToken cancellationToken);

    /// <summary>Removes a file or link; false when absent.</summary>
    ValueTask<bool> RemoveFileAsync(RelativePath path, CancellationToken cancellationToken);

    /// <summary>Removes an empty directory; false when absent.</summary>
    ValueTask<bool> RemoveDirectoryAsync(RelativePath path, CancellationToken cancellationToken);

    /// <summary>Sets attributes of an entry; of a link only its owner and times, and only with <see cref="WorkerCapabilities.LinkTimes"/>. The kind says which it is. False when absent.</summary>
    ValueTask<bool> SetAttributesAsync(RelativePath path, EntryKind kind, AttributeChange change, CancellationToken cancellationToken);

    /// <summary>Brings a directory's entries to disk. A no-op without <see cref="WorkerCapabilities.DurableFlush"/>.</summary>
    ValueTask FlushDirectoryAsync(RelativePath directory, CancellationToken cancellationToken);

    /// <summary>
    /// Opens a directory that is to be brought to disk later, which then takes no flight of its own more than what is asked for together with it. Null where that is of no use, or not possible by now:
    /// <see cref="FlushDirectoryAsync"/> does all that is needed then.
    /// </summary>
    ValueTask<IOpenDirectory?> OpenDirectoryAsync(RelativePath directory, CancellationToken cancellationToken) => ValueTask.FromResult<IOpenDirectory?>(null);

    /// <summary>
    /// The SHA-256 of regular files, computed where they lie: one element for each file asked, in the same order; null for one that is absent or that could not be read there.
    /// Null as a whole when this worker does not do that, for a local one (reading is as good), without <c>ssh.exec</c>, or where its answers cannot be trusted: the caller then
    /// reads the contents back. It writes nothing and never throws but for cancellation and <see cref="WorkerLostException"/>.
    /// </summary>
    ValueTask<IReadOnlyList<Digest?>?> HashFilesAsync(IReadOnlyList<SizedPath> files, CancellationToken cancellationToken);

    /// <summary>
    /// Brings everything that was written to the target's filesystem, by anybody, to disk in one go: files, directories and renames whose calls were awaited. False when this worker does
    /// not do that, or it failed or took too long: then each file and directory is to be flushed by itself. Only after <see cref="HashFilesAsync"/> gave an answer, which shows
    /// that its programs see the same files. <paramref name="bytes"/>: what was written, by which the patience grows.
    /// </summary>
    ValueTask<bool> FlushAllAsync(long bytes, CancellationToken cancellationToken);

    /// <summary>
    /// Says that the next thing that this worker's programs are asked for is <see cref="FlushAllAsync"/>, so that the command can be started meanwhile and wait for its input. Changes no result; what was started in
    /// vain ends with the worker.
    /// </summary>
    void ExpectFlush()
    {
    }

    /// <summary>Why this worker's own programs are not used; null while they are, before they were asked for, and for a local worker, which has no need of them.</summary>
    string? ShellRefusal { get; }

    /// <summary>Free space of the filesystem that holds <paramref name="path"/>; null when the worker cannot tell.</summary>
    ValueTask<FreeSpace?> FreeSpaceAsync(RelativePath path, CancellationToken cancellationToken);
}

/// <summary>A directory that is open on a worker. Failure and order as <see cref="IWorkerFileSystem"/>; disposing closes it without telling a failure.</summary>
internal interface IOpenDirectory : IAsyncDisposable
{
    /// <summary>As <see cref="IWorkerFileSystem.FlushDirectoryAsync"/>.</summary>
    ValueTask FlushAsync(CancellationToken cancellationToken);
}
