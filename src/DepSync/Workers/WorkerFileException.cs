using DepSync.Model;

namespace DepSync.Workers;

/// <summary>Why one call on one path failed. SFTP v3 tells little more; what a local worker knows better (no space, busy) is <see cref="Failure"/> with a message.</summary>
internal enum WorkerFileError
{
    /// <summary>The server said no more than that it failed: no space, quota, read-only, another filesystem, not empty, exists, busy.</summary>
    Failure,
    PermissionDenied,
    Unsupported,

    /// <summary>The name or path is one that the server cannot take (too long, forbidden).</summary>
    BadName,
}

/// <summary>One call on one path of a worker failed; the worker itself can be used on. The message is a sentence without the path.</summary>
internal sealed class WorkerFileException(WorkerFileError error, RelativePath path, string message, Exception? inner = null) : Exception(message, inner)
{
    public WorkerFileError Error { get; } = error;

    public RelativePath Path { get; } = path;

    /// <summary>Waits for a call whose refusal is no failure of what it belongs to.</summary>
    public static async Task IgnoreAsync(Task call)
    {
        try
        {
            await call;
        }
        catch (WorkerFileException)
        {
        }
    }
}
