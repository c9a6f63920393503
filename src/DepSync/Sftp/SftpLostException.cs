namespace DepSync.Sftp;

/// <summary>Why a session is over.</summary>
internal enum SftpLoss
{
    /// <summary>The stream ended or broke.</summary>
    Closed,

    /// <summary>A reply was owed for too long.</summary>
    Idle,

    /// <summary>The server broke the protocol.</summary>
    Protocol,

    /// <summary>This side disposed the session.</summary>
    Disposed,
}

/// <summary>The session is over; every pending call and each later one fails with this.</summary>
internal sealed class SftpLostException(SftpLoss loss, string message, Exception? inner = null) : Exception(message, inner)
{
    public SftpLoss Loss { get; } = loss;

    /// <summary>A waiter's own: one exception object must not be thrown by many at once.</summary>
    public SftpLostException Copy() => new(Loss, Message, InnerException);
}
