using DepSync.Model;

namespace DepSync.Config;

internal enum HostKeyMode
{
    /// <summary>Ask on a terminal, else as <see cref="Strict"/>.</summary>
    Ask,
    Strict,
    AcceptNew,
    Insecure,
}

internal enum SshClientKind
{
    Builtin,
    OpenSsh,
}

internal enum KeyExchangeOrder
{
    /// <summary>OpenSSH's: post-quantum hybrids first.</summary>
    Default,

    /// <summary>curve25519 first: 26 ms a connection, not 92, to servers before OpenSSH 9.9.</summary>
    Fast,
}

/// <summary>How workers are reached. Paths are absolute.</summary>
internal sealed record SshSettings
{
    public string? Identity { get; init; }

    /// <summary>A file whose first line is the passphrase of encrypted keys.</summary>
    public string? PassphraseFile { get; init; }

    /// <summary>Null: <c>~/.ssh/known_hosts</c>.</summary>
    public string? KnownHosts { get; init; }

    public HostKeyMode HostKey { get; init; } = HostKeyMode.Ask;

    public SshClientKind Client { get; init; } = SshClientKind.Builtin;

    /// <summary>Whether helper commands may be run where the worker allows it (<c>ssh.exec: auto</c>); false for <c>never</c>.</summary>
    public bool Exec { get; init; } = true;

    public KeyExchangeOrder Kex { get; init; }

    /// <summary>Off: archives do not get smaller, and compressing takes more processor time than a LAN takes for the bytes.</summary>
    public bool Compress { get; init; }

    /// <summary>Long enough for a WAN, short enough that a dead worker does not fill a minute run.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Counts while a reply is owed.</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromSeconds(30);
}

internal sealed record LogSettings
{
    /// <summary>Null: the system's place.</summary>
    public string? Directory { get; init; }

    public int KeepFiles { get; init; } = 14;

    public long MaxSizeBytes { get; init; } = 10_000_000;
}

/// <summary>All settings of a run, resolved: flags over environment over file over default. Immutable. Defaults are those of the design, each with its reason here.</summary>
internal sealed record RunConfig
{
    /// <summary>Absolute, as the user wrote it apart from that.</summary>
    public required string ManagerDir { get; init; }

    /// <summary>The workers of this run, after <c>--only</c>, in the order of the list.</summary>
    public required IReadOnlyList<WorkerAddress> Workers { get; init; }

    /// <summary>Whether <c>--only</c> chose them.</summary>
    public bool NamesWorkers { get; init; }

    public SshSettings Ssh { get; init; } = new();

    /// <summary>Beside the built-in ones, in order; .gitignore syntax.</summary>
    public IReadOnlyList<string> Exclude { get; init; } = [];

    public IReadOnlyList<string> Protect { get; init; } = [];

    /// <summary>False: <c>exploded_webapps: mirror</c>.</summary>
    public bool IgnoreExplodedWebapps { get; init; } = true;

    /// <summary>A copy that is still running touches its file more often than this.</summary>
    public TimeSpan Settle { get; init; } = TimeSpan.FromSeconds(3);

    public DeleteLimit MaxDelete { get; init; } = DeleteLimit.Default;

    /// <summary>Keys of the guards: <c>--allow-empty</c> paths, relative to the manager directory (root: <c>.</c>).</summary>
    public IReadOnlyList<RelativePath> AllowEmpty { get; init; } = [];

    /// <summary>Names of workers that may be contacted as if for the first time.</summary>
    public IReadOnlyList<string> FirstContact { get; init; } = [];

    /// <summary>Workers at once: 8 connections serve 50 workers as fast as 50 do, and stay below sshd's MaxStartups.</summary>
    public int Parallel { get; init; } = 8;

    /// <summary>What all SSH workers together get, and what they send, at most; 0 is no limit (<c>--bwlimit</c>).</summary>
    public long BytesPerSecond { get; init; }

    /// <summary>Null: off.</summary>
    public TimeSpan? MaxTime { get; init; }

    public TimeSpan LockWait { get; init; } = TimeSpan.Zero;

    public int KeepGenerations { get; init; } = 3;

    /// <summary>False: <c>fsync: never</c>.</summary>
    public bool Durable { get; init; } = true;

    /// <summary>True: what a worker has of a file already is sent all the same.</summary>
    public bool WholeFile { get; init; }

    public bool DryRun { get; init; }

    public bool Checksum { get; init; }

    /// <summary>Own the workers from now on, whoever owned them.</summary>
    public bool Takeover { get; init; }

    public LogSettings Log { get; init; } = new();

    /// <summary>Null: the system's place.</summary>
    public string? StateDir { get; init; }

    public bool DetailedExitCode { get; init; }
}
