namespace DepSync.Model;

/// <summary>Kinds of failure; the JSON output has them in snake_case as <c>error.kind</c>, and <c>Cli/ExitCodes.cs</c> gives each its exit code.</summary>
internal enum ErrorKind
{
    Usage,
    Config,

    /// <summary>Manager directory or workers list missing, empty or unreadable.</summary>
    Source,

    /// <summary>State, log or lock of this machine cannot be written.</summary>
    LocalFiles,
    LockHeld,
    Interrupted,
    MaxTime,

    /// <summary>Another manager owns the worker, or owned it meanwhile.</summary>
    Fenced,
    Guard,

    /// <summary>No connection.</summary>
    Unreachable,
    HostKey,
    Login,

    /// <summary>The peer broke the protocol: nothing it said is believed, nothing is deleted there.</summary>
    Protocol,

    /// <summary>The connection ended in the middle.</summary>
    ConnectionLost,

    /// <summary>A reply was owed for longer than <c>idle_timeout</c>.</summary>
    IdleTimeout,

    /// <summary>The target or its <c>.depsync</c> cannot be used.</summary>
    Target,

    /// <summary>Some entries failed, the rest is done.</summary>
    Entries,

    /// <summary>The same directory was already pushed under another name in this run.</summary>
    Duplicate,
}

/// <summary>
/// The run, or one worker's part of it, cannot go on. The message says what failed and where; the hint what to do next. Anything else that is thrown is a bug.
/// </summary>
internal class DepSyncException : Exception
{
    public DepSyncException(ErrorKind kind, string message, string? hint = null, Exception? inner = null)
        : base(message, inner)
    {
        Kind = kind;
        Hint = hint;
    }

    public ErrorKind Kind { get; }

    public string? Hint { get; }
}

/// <summary>One worker cannot be worked with any more: not reached, not let in, protocol broken, connection gone. The other workers go on.</summary>
internal sealed class WorkerLostException(ErrorKind kind, string message, string? hint = null, Exception? inner = null)
    : DepSyncException(kind, message, hint, inner)
{
    /// <summary>Whether the worker itself refused the login: such failures count there, and may get this machine banned.</summary>
    public bool IsRefusedLogin { get; init; }
}
