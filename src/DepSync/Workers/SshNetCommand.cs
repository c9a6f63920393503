namespace DepSync.Workers;

/// <summary>A command on a channel of its own beside the SFTP one, on the same connection. As <see cref="IShellCommand"/>.</summary>
internal sealed class SshNetCommand(SshNetChannel channel) : IShellCommand
{
    public string ErrorText => channel.ErrorText;

    public bool HasEnded => channel.Exited.IsCompleted;

    /// <summary>In a channel that is not open yet and is owned from here on, also on failure.</summary>
    /// <exception cref="IOException">The server opens no second channel (MaxSessions), refuses the command, or the connection ended.</exception>
    public static async Task<IShellCommand> StartAsync(SshNetChannel channel, string commandLine, CancellationToken cancellationToken)
    {
        try
        {
            return await channel.OpenCommandAsync(commandLine, cancellationToken) ? new SshNetCommand(channel) : throw new IOException("the server refuses to run commands");
        }
        catch
        {
            await channel.DisposeAsync();
            throw;
        }
    }

    public async Task WriteAllAsync(ReadOnlyMemory<byte> input, CancellationToken cancellationToken)
    {
        await channel.WriteAsync(input, cancellationToken);
        channel.EndInput();
    }

    public ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken) => channel.ReadAsync(buffer, cancellationToken);

    /// <summary>Its channel is closed here when the status comes back: a server that answers anything that is asked behind that has let go of it.</summary>
    public async Task<int?> WaitForExitAsync(CancellationToken cancellationToken)
    {
        var status = await channel.Exited.WaitAsync(cancellationToken);
        try
        {
            channel.RequestClose();
        }
        catch (IOException)
        {
            // The connection ended behind the command.
        }
        return status;
    }

    public void Dispose() => channel.Dispose();
}
