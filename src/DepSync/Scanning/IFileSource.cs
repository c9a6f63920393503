using DepSync.Model;

namespace DepSync.Scanning;

/// <summary>
/// Where the contents of a push come from: the manager directory, or, for an adoption, a worker. What the system or the worker refuses is an <see cref="IOException"/> whose
/// message is a reason without a path; a worker that is gone is a <see cref="WorkerLostException"/>. Safe for concurrent calls.
/// </summary>
internal interface IFileSource
{
    /// <summary>Opens a regular file for reading; null when it is none any more.</summary>
    ValueTask<IFileContent?> OpenAsync(RelativePath path, CancellationToken cancellationToken);
}

/// <summary>One open file of an <see cref="IFileSource"/>. Failure and threads as there.</summary>
internal interface IFileContent : IAsyncDisposable
{
    /// <summary>Reads up to <c>buffer.Length</c> bytes; 0 only at the end of the file. May return fewer.</summary>
    ValueTask<int> ReadAtAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken);
}
