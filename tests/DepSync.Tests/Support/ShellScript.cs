namespace DepSync.Tests.Support;

/// <summary>What can happen to one command that a worker is asked to run.</summary>
internal enum ShellFault
{
    None,

    /// <summary>It is not started, and neither is the next one: what cannot be begun ahead is tried again.</summary>
    Refused,

    /// <summary>Its channel ends in the middle of what it says.</summary>
    Lost,

    /// <summary>It is killed in the middle of what it says: there is no exit status.</summary>
    Killed,

    /// <summary>It says nothing and does not end.</summary>
    Hangs,

    /// <summary>It does nothing and ends well.</summary>
    Mute,

    /// <summary>It does nothing, says so, and ends with 1.</summary>
    Fails,

    /// <summary>It does everything and ends with 1.</summary>
    FailsAtEnd,

    /// <summary>A greeting stands before what it says.</summary>
    Greets,

    /// <summary>What it says of each file is the hash of another content.</summary>
    WrongHash,

    /// <summary>What it says of each file is the hash of the one asked before it, where there is one.</summary>
    OtherHash,
}

/// <summary>The one thing that goes wrong with a worker's commands, and what they were. Counted from 1. Safe for concurrent use.</summary>
internal sealed class ShellScript(ShellFault fault, int at)
{
    private readonly Lock _lock = new();
    private readonly List<string> _commands = [];

    public ShellFault Fault { get; } = fault;

    /// <summary>Whether it came to that.</summary>
    public bool HasHit { get; private set; }

    /// <summary>Runs just before it happens.</summary>
    public Action? Before { get; init; }

    /// <summary>The command lines that were asked for, in order.</summary>
    public IReadOnlyList<string> Commands
    {
        get
        {
            lock (_lock)
            {
                return [.. _commands];
            }
        }
    }

    /// <summary>The fault of this command.</summary>
    public ShellFault Next(string commandLine)
    {
        lock (_lock)
        {
            _commands.Add(commandLine);
            var last = Fault == ShellFault.Refused ? at + 1 : at;
            if (Fault == ShellFault.None || _commands.Count < at || _commands.Count > last)
            {
                return ShellFault.None;
            }
            HasHit = true;
        }
        Before?.Invoke();
        return Fault;
    }
}
