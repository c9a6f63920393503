using DepSync.Model;
using DepSync.Workers;

namespace DepSync.Release;

/// <summary>
/// Sees to it that a staged file has the mtime and the mode that it was given. The requests for them are in one flight with the last write, so a server that does not carry them out in
/// their order leaves the mtime of that write: what differs is set again when nothing else of the file is under way. Costs nothing while all is well. Safe for concurrent calls.
/// </summary>
internal sealed class StagedAttributes(IWorkerFileSystem files, StageRequest request)
{
    private const int PermissionBits = 0b111_111_111;

    /// <summary>No file of a run folder is created with it.</summary>
    private const int TriedMode = 0b110_100_000;

    /// <summary>The coarsest clock that a filesystem in use has for mtimes (FAT).</summary>
    private const long CoarsestClock = 2;

    /// <summary>Each opens a file again, and more may be here than may be open.</summary>
    private const int FlushesAtOnce = 16;

    private readonly ByteBudget _flushes = new(FlushesAtOnce);

    private readonly Lazy<Task<bool>> _keepsModes = new(() => KeepsModesAsync(files, request.RunFolder));

    /// <param name="found">What the worker says of the file behind all that was sent.</param>
    /// <exception cref="WorkerFileException">The worker refused a call, or left other attributes the second time, too; the message says which.</exception>
    public async Task EnsureAsync(RelativePath staged, AttributeChange wanted, WorkerEntry found, CancellationToken cancellationToken)
    {
        var isMode = HasMode(wanted, found);
        if (found.Seconds == wanted.Seconds && (isMode || !await _keepsModes.Value))
        {
            return;
        }
        await files.SetAttributesAsync(staged, EntryKind.File, wanted, cancellationToken);
        var left = await files.FindAsync(staged, cancellationToken) ?? throw Refusal(staged, "It was staged without an error, and is not there.");
        if (Math.Abs(left.Seconds - wanted.Seconds!.Value) >= CoarsestClock)
        {
            throw Refusal(staged, $"Its mtime was set to {Time(wanted.Seconds.Value)} twice without an error, and the server left {Time(left.Seconds)}.");
        }
        if (!HasMode(wanted, left) && await _keepsModes.Value)
        {
            throw Refusal(staged, $"Its mode was set to {Octal(wanted.Mode!.Value)} twice without an error, and the server left {Octal(left.Mode)}.");
        }
        if (request.Flush == FlushMode.Durable)
        {
            await _flushes.AcquireAsync(1, cancellationToken);
            try
            {
                await StagingFlush.FlushAsync(files, staged, cancellationToken);
            }
            finally
            {
                _flushes.Release(1);
            }
        }
    }

    private static bool HasMode(AttributeChange wanted, WorkerEntry found) => wanted.Mode is not { } mode || ((mode ^ found.Mode) & PermissionBits) == 0;

    /// <summary>
    /// Filesystems without modes, and servers that make them up, say OK to any and show their own: that is tried with the one file that every run folder has. A mode that is not kept is left to
    /// the next comparison, as ever.
    /// </summary>
    private static async Task<bool> KeepsModesAsync(IWorkerFileSystem files, RelativePath runFolder)
    {
        try
        {
            var tried = WorkerLayout.RunOwner(runFolder);
            await files.SetAttributesAsync(tried, EntryKind.File, new AttributeChange(TriedMode), CancellationToken.None);
            return await files.FindAsync(tried, CancellationToken.None) is { } owner && (owner.Mode & PermissionBits) == TriedMode;
        }
        catch (WorkerFileException)
        {
            return false;
        }
    }

    /// <summary>Not a failure that may come of a lack of space.</summary>
    private static WorkerFileException Refusal(RelativePath staged, string reason) => new(WorkerFileError.Unsupported, staged, reason);

    /// <summary>What a worker says may be no date.</summary>
    private static string Time(long seconds) =>
        $"{DateTimeOffset.FromUnixTimeSeconds(Math.Clamp(seconds, DateTimeOffset.MinValue.ToUnixTimeSeconds(), DateTimeOffset.MaxValue.ToUnixTimeSeconds())):u}";

    private static string Octal(int mode) => Convert.ToString(mode & PermissionBits, 8);
}
