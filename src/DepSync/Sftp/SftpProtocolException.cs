namespace DepSync.Sftp;

/// <summary>What the server sent is no SFTP, or no answer to what was asked. It ends the session: nothing that server said is believed any more.</summary>
internal sealed class SftpProtocolException(string message) : Exception(message);
