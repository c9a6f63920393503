using DepSync.Model;
using DepSync.Workers;

namespace DepSync.Scanning;

/// <summary>A worker's files as a source. Safe for concurrent calls.</summary>
internal sealed class WorkerFileSource(IWorkerFileSystem files) : IFileSource
{
    public async ValueTask<IFileContent?> OpenAsync(RelativePath path, CancellationToken cancellationToken)
    {
        try
        {
            return await files.OpenAsync(path, cancellationToken) is { } file ? new Content(file) : null;
        }
        catch (WorkerFileException e)
        {
            throw new IOException(e.Message, e);
        }
    }

    private sealed class Content(IWorkerFile file) : IFileContent
    {
        public async ValueTask<int> ReadAtAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken)
        {
            try
            {
                return await file.ReadAtAsync(offset, buffer, cancellationToken);
            }
            catch (WorkerFileException e)
            {
                throw new IOException(e.Message, e);
            }
        }

        public ValueTask DisposeAsync() => file.DisposeAsync();
    }
}
