namespace DepSync.Sftp;

/// <summary>The server refused one request; the session can be used on. The message is the server's, unescaped.</summary>
internal sealed class SftpException(SftpStatus status, string message) : Exception(message)
{
    public SftpStatus Status { get; } = status;
}
