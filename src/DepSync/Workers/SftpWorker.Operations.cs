using DepSync.Model;
using DepSync.Sftp;

namespace DepSync.Workers;

/// <content>Operations that take more than one request. They throw what the client throws.</content>
internal sealed partial class SftpWorker
{
    private async ValueTask<IReadOnlyList<WorkerEntry>?> ListCoreAsync(SftpClient client, RelativePath directory, int expected, CancellationToken cancellationToken)
    {
        var look = LookAsync(client, directory, cancellationToken);
        var opening = client.OpenDirectoryAsync(Wire(directory), cancellationToken).AsTask();
        // In the same flight where the directory may well be empty.
        var inside = expected == 0 ? LookInsideAsync(client, directory, cancellationToken) : null;
        try
        {
            if (await KindAsync(client, look, opening) is not EntryKind.Directory)
            {
                await CloseOpenedAsync(client, opening);
                return null;
            }
            if (await opening is not { } handle)
            {
                return null;
            }
            var listed = await client.ListAsync(handle, expected, cancellationToken);
            return listed.Count == 0 && await (inside ?? LookInsideAsync(client, directory, cancellationToken)) is null ? null : Entries(listed);
        }
        finally
        {
            if (inside is not null)
            {
                // Asked before it was known whether it counts.
                await ((Task)inside).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    /// <summary>Through the directory's own <c>.</c>: refused where it may be read and not searched.</summary>
    private Task<SftpAttributes?> LookInsideAsync(SftpClient client, RelativePath directory, CancellationToken cancellationToken) =>
        client.LstatAsync(new SftpPath(Bytes(Wire(directory)), "."u8), cancellationToken).AsTask();

    private static WorkerEntry[] Entries(List<SftpName> listed)
    {
        var entries = new WorkerEntry[listed.Count];
        for (var i = 0; i < entries.Length; i++)
        {
            entries[i] = SftpEntries.Entry(listed[i].Name, listed[i].Attributes);
        }
        return entries;
    }

    private async ValueTask<IWorkerFile?> OpenCoreAsync(RelativePath path, CancellationToken cancellationToken)
    {
        var look = _client.LstatAsync(Wire(path), cancellationToken);
        var opening = _client.OpenAsync(Wire(path), SftpOpenFlags.Read, default, cancellationToken).AsTask();
        switch (await KindAsync(_client, look, opening))
        {
            case EntryKind.File:
                return await opening is { } handle ? new SftpWorkerFile(_client, _failures, path, handle) : null;
            case null:
                await CloseOpenedAsync(_client, opening);
                return null;
            default:
                await CloseOpenedAsync(_client, opening);
                throw new WorkerFileException(WorkerFileError.Failure, path, "This is no regular file.");
        }
    }

    /// <summary>The kind of what is about to be opened; when the look fails, what was opened is closed first.</summary>
    private static async ValueTask<EntryKind?> KindAsync(SftpClient client, ValueTask<SftpAttributes?> look, Task<byte[]?> opening)
    {
        try
        {
            return await look is { } attributes ? SftpEntries.Kind(attributes) : null;
        }
        catch
        {
            await CloseOpenedAsync(client, opening);
            throw;
        }
    }

    private static async ValueTask CloseOpenedAsync(SftpClient client, Task<byte[]?> opening)
    {
        try
        {
            if (await opening is { } handle)
            {
                client.CloseUnwatched(handle);
            }
        }
        catch (Exception exception) when (exception is SftpException or SftpLostException or OperationCanceledException)
        {
            // Nothing is open.
        }
    }

    /// <summary>Servers answer READLINK of what is no link with "bad message" or "failure", so only a second look tells.</summary>
    private async ValueTask<byte[]?> ReadLinkCoreAsync(RelativePath path, CancellationToken cancellationToken)
    {
        try
        {
            return await _client.ReadLinkAsync(Wire(path), cancellationToken);
        }
        catch (SftpException refusal) when (refusal.Status is SftpStatus.BadMessage or SftpStatus.Failure)
        {
            if (await _client.LstatAsync(Wire(path), cancellationToken) is { } attributes && SftpEntries.Kind(attributes) == EntryKind.Symlink)
            {
                throw;
            }
            return null;
        }
    }

    /// <summary>"Exists" is only "failure" in version 3, so a refusal is followed by a look.</summary>
    private async ValueTask<bool> CreateDirectoryCoreAsync(RelativePath path, SftpAttributes created, CancellationToken cancellationToken)
    {
        try
        {
            return await _client.MakeDirectoryAsync(Wire(path), created, cancellationToken) ? true : throw NoFolder(path);
        }
        catch (SftpException)
        {
            if (await CanBeSeenAsync(path, cancellationToken))
            {
                return false;
            }
            throw;
        }
    }

    private async ValueTask<bool> CanBeSeenAsync(RelativePath path, CancellationToken cancellationToken)
    {
        try
        {
            return await _client.LstatAsync(Wire(path), cancellationToken) is not null;
        }
        catch (SftpException)
        {
            return false;
        }
    }

    private async ValueTask<bool> SetLinkAttributesCoreAsync(RelativePath path, AttributeChange change, CancellationToken cancellationToken)
    {
        var owner = SftpEntries.Owner(change) is { } first ? _client.LsetstatAsync(Wire(path), first, cancellationToken) : ValueTask.FromResult(true);
        var times = SftpEntries.Times(change) is { } second ? _client.LsetstatAsync(Wire(path), new SftpAttributes(Times: second), cancellationToken) : ValueTask.FromResult(true);
        return await BothAsync(owner, times);
    }

    private async ValueTask<bool> SetAttributesCoreAsync(RelativePath path, AttributeChange change, CancellationToken cancellationToken)
    {
        var owner = SftpEntries.Owner(change) is { } first ? _client.SetstatAsync(Wire(path), first, cancellationToken) : ValueTask.FromResult(true);
        var rest = SftpEntries.ModeAndTimes(change) is { } second ? _client.SetstatAsync(Wire(path), second, cancellationToken) : ValueTask.FromResult(true);
        return await BothAsync(owner, rest);
    }

    private static async ValueTask<bool> BothAsync(ValueTask<bool> owner, ValueTask<bool> rest)
    {
        try
        {
            await owner;
        }
        catch (SftpException)
        {
            await rest;
            throw;
        }
        return await rest;
    }

    private async ValueTask FlushDirectoryCoreAsync(RelativePath directory, CancellationToken cancellationToken)
    {
        if (await _client.OpenAsync(Wire(directory), SftpOpenFlags.Read, default, cancellationToken) is not { } handle)
        {
            return;
        }
        var flush = _client.FsyncAsync(handle, 0, cancellationToken);
        _client.CloseUnwatched(handle);
        await flush;
    }
}
