namespace DepSync.Workers;

/// <summary>A command on a channel of its own beside the SFTP one, on the same connection. As <see cref="IShellCommand"/>.</summary>
internal sealed class SshNetCommand(SshNetChannel channel) : IShellCommand
{
    public string ErrorText => channel.ErrorText;

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

    public Task<int?> WaitForExitAsync(CancellationToken cancellationToken) => channel.Exited.WaitAsync(cancellationToken);

    public void Dispose() => channel.Dispose();
}
